// Block recovery, as the primary DataNode runs it on a NameNode's command: asks every holder what it has, chooses a length,
// has all of them cut to it under the new generation stamp, and tells the NameNode. A finalized replica fixes the length;
// otherwise the longest of the best state wins, and shorter ones leave, since an update may not make a replica longer.
// Apache: BlockRecoveryWorker (which takes the shortest).
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { blockId, type GenStamp, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { RpcClient, rpcProxy } from '../../rpc/client.ts';
import type { DatanodeIDProto } from '../../wire/messages/hdfs.ts';
import type { RecoveringBlockProto } from '../../wire/messages/hdfs-server.ts';
import { InterDatanodeProtocolService } from '../../wire/messages/inter-datanode.ts';
import { INTER_DATANODE_PROTOCOL } from './inter-datanode.ts';
import type { NameNodeActor } from './namenode-actor.ts';
import { type BlockName, describeBlock } from './replica.ts';
import { blockOf, protoOf } from './requests.ts';
import type { Services } from './services.ts';

interface Participant {
  readonly node: DatanodeIDProto;
  readonly state: ReplicaState;
  readonly genStamp: GenStamp;
  readonly numBytes: number;
  update(newBytes: number): Promise<string>;
}

export async function recoverBlock(services: Services, actor: NameNodeActor, recovering: RecoveringBlockProto): Promise<void> {
  const block = blockOf(recovering.block?.b);
  const recoveryId = genStamp(recovering.newGenStamp ?? 0);
  if (recovering.ecPolicy !== undefined) throw new HdfsError('EIO', 'recovery of erasure-coded blocks is not supported');
  const truncateTo = recovering.truncateBlock;
  if (truncateTo !== undefined && blockId(truncateTo.blockId ?? block.id) !== block.id) {
    throw new HdfsError('EIO', 'truncating by copying a block is not supported');
  }
  const nodes = (recovering.block?.locs ?? []).flatMap((info) => (info.id === undefined ? [] : [info.id]));
  const asked = await Promise.all(nodes.map((node) => ask(services, node, block, recoveryId, recovering)));
  const answered = asked.filter((result) => result !== undefined);
  const found = answered.flatMap((result) => (result.participant === undefined ? [] : [result.participant]));
  const usable = found.filter(({ genStamp: stamp, numBytes }) => stamp >= block.genStamp && numBytes > 0);
  if (usable.length === 0) {
    if (answered.length < nodes.length || nodes.length === 0) {
      throw new HdfsError('EIO', `All datanodes failed: block=${describeBlock(block)}, datanodeids=${nodes.length}`);
    }
    // Every holder says that there is nothing: the block goes.
    await commit(actor, block, recoveryId, 0, true, [], []);
    return;
  }
  const { length, members } = choose(usable, truncateTo?.numBytes);
  const updated: { node: DatanodeIDProto; storageId: string }[] = [];
  await Promise.all(
    members.map(async (member) => {
      try {
        updated.push({ node: member.node, storageId: await member.update(length) });
      } catch (error) {
        services.host.log.log(
          'warn',
          'datanode',
          `updating ${describeBlock(block)} on ${member.node.ipAddr}: ${messageOf(error)}`,
        );
      }
    }),
  );
  if (updated.length === 0) throw new HdfsError('EIO', `Cannot recover ${describeBlock(block)}, no replica could be updated`);
  await commit(
    actor,
    block,
    recoveryId,
    length,
    false,
    updated.map(({ node }) => node),
    updated.map(({ storageId }) => storageId),
  );
}

/** The length that the block will have, and who keeps it. */
export function choose<T extends { readonly state: ReplicaState; readonly numBytes: number }>(
  replicas: readonly T[],
  truncateTo: number | undefined,
): { readonly length: number; readonly members: readonly T[] } {
  const finalized = replicas.filter(({ state }) => state === ReplicaState.FINALIZED);
  const written = replicas.filter(({ state }) => state === ReplicaState.RBW);
  const longest = (list: readonly T[]): number => list.reduce((most, { numBytes }) => Math.max(most, numBytes), 0);
  const base = finalized.length > 0 ? longest(finalized) : longest(written.length > 0 ? written : replicas);
  const length = truncateTo === undefined ? base : Math.min(truncateTo, base);
  const members = replicas.filter(({ state, numBytes }) => {
    if (state === ReplicaState.FINALIZED) return numBytes >= length;
    // Next to a finalized replica, others count only when they have exactly its bytes (or more than a truncation keeps).
    return finalized.length > 0 && truncateTo === undefined ? numBytes === length : numBytes >= length;
  });
  return { length, members };
}

async function ask(
  services: Services,
  node: DatanodeIDProto,
  block: BlockName,
  recoveryId: GenStamp,
  recovering: RecoveringBlockProto,
): Promise<{ readonly participant: Participant | undefined } | undefined> {
  try {
    const own = services.identity(block.pool);
    return own !== undefined && own.datanodeUuid === node.datanodeUuid
      ? await askHere(services, node, block, recoveryId)
      : await askThere(services, node, block, recoveryId, recovering);
  } catch (error) {
    services.host.log.log('warn', 'datanode', `recovering ${describeBlock(block)}: ${node.ipAddr} failed: ${messageOf(error)}`);
    return undefined;
  }
}

async function askHere(services: Services, node: DatanodeIDProto, block: BlockName, recoveryId: GenStamp) {
  const { changes, settings } = services;
  const info = await changes.startRecovery(block, recoveryId);
  if (info === undefined) return { participant: undefined };
  const update = (newBytes: number): Promise<string> =>
    changes.finishRecovery({ ...block, numBytes: info.numBytes }, recoveryId, newBytes, settings.syncOnClose);
  return { participant: { node, ...info, update } };
}

async function askThere(
  services: Services,
  node: DatanodeIDProto,
  block: BlockName,
  recoveryId: GenStamp,
  recovering: RecoveringBlockProto,
) {
  const { host, settings } = services;
  const address = {
    host: (settings.useDatanodeHostname ? node.hostName : node.ipAddr) ?? '',
    port: node.ipcPort ?? 0,
  };
  const client = new RpcClient(host, {
    address,
    protocol: INTER_DATANODE_PROTOCOL,
    user: host.machine.userName,
    localAddress: services.localAddress,
    timeoutMs: settings.socketTimeoutMs,
  });
  const peer = rpcProxy(client, InterDatanodeProtocolService);
  const answer = await peer.initReplicaRecovery({ block: recovering });
  if (answer.replicaFound !== true) return { participant: undefined };
  if (answer.block === undefined || answer.state === undefined) throw new ProtocolError('a replica without a block');
  const numBytes = answer.block.numBytes ?? 0;
  const update = async (newBytes: number): Promise<string> => {
    const result = await peer.updateReplicaUnderRecovery({
      block: protoOf({ ...block, numBytes }),
      recoveryId,
      newLength: newBytes,
      newBlockId: block.id,
    });
    client.close();
    return result.storageUuid ?? '';
  };
  const participant = {
    node,
    state: answer.state as ReplicaState,
    genStamp: genStamp(answer.block.genStamp ?? 0),
    numBytes,
    update,
  };
  return { participant };
}

async function commit(
  actor: NameNodeActor,
  block: BlockName,
  recoveryId: GenStamp,
  newLength: number,
  deleteBlock: boolean,
  newTaragets: readonly DatanodeIDProto[],
  newTargetStorages: readonly string[],
): Promise<void> {
  await actor.commitBlockSynchronization({
    block: protoOf(block),
    newGenStamp: recoveryId,
    newLength,
    closeFile: true,
    deleteBlock,
    newTaragets,
    newTargetStorages,
  });
}
