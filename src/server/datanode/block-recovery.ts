// Block recovery, as the primary DataNode runs it on a NameNode's command: asks every holder what it has, decides
// (core/replica/sync-block.ts), has the replicas that stay cut and finalized under the new generation stamp, and tells the
// NameNode. Apache: BlockRecoveryWorker.

import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { type BlockId, blockId, type GenStamp, genStamp } from '../../base/ids.ts';
import { sometimes } from '../../base/sometimes.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { type FoundReplica, syncBlock } from '../../core/replica/sync-block.ts';
import { RpcClient, rpcProxy } from '../../rpc/client.ts';
import type { DatanodeIDProto } from '../../wire/messages/hdfs.ts';
import type { RecoveringBlockProto } from '../../wire/messages/hdfs-server.ts';
import { InterDatanodeProtocolService } from '../../wire/messages/inter-datanode.ts';
import { timed } from './counters.ts';
import { INTER_DATANODE_PROTOCOL } from './inter-datanode.ts';
import type { NameNodeActor } from './namenode-actor.ts';
import { type BlockName, describeBlock } from './replica.ts';
import { blockOf, protoOf } from './requests.ts';
import type { Services } from './services.ts';

/** What is to become of the block. */
interface Recovery {
  readonly block: BlockName;
  readonly recoveryId: GenStamp;
  /** Another than the block's own where a shorter copy is made. */
  readonly newId: BlockId;
  readonly truncateTo: number | undefined;
  readonly message: RecoveringBlockProto;
}

/** A node that was asked, and how it is told what becomes of its replica. */
interface Holder {
  readonly node: DatanodeIDProto;
  /** Undefined: it has no such replica. */
  readonly found: FoundReplica | undefined;
  /** Answers the storage's id. */
  update(newBytes: number): Promise<string>;
}

type Asked = { readonly holder: Holder } | { readonly error: unknown };

export async function recoverBlock(services: Services, actor: NameNodeActor, message: RecoveringBlockProto): Promise<void> {
  if (message.ecPolicy !== undefined) throw new HdfsError('EIO', 'recovery of erasure-coded blocks is not supported');
  const block = blockOf(message.block?.b);
  const recovery: Recovery = {
    block,
    recoveryId: genStamp(message.newGenStamp ?? 0),
    newId: blockId(message.truncateBlock?.blockId ?? block.id),
    truncateTo: message.truncateBlock?.numBytes,
    message,
  };
  const clients: RpcClient[] = [];
  const { counters } = services;
  counters.recoveries++;
  try {
    await run(services, actor, recovery, clients);
  } finally {
    counters.recoveries--;
    for (const client of clients) client.close();
  }
}

async function run(services: Services, actor: NameNodeActor, recovery: Recovery, clients: RpcClient[]): Promise<void> {
  const { block, recoveryId, truncateTo } = recovery;
  const nodes = (recovery.message.block?.locs ?? []).flatMap((info) => (info.id === undefined ? [] : [info.id]));
  const asked = await Promise.all(nodes.map((node) => ask(services, node, recovery, clients)));
  if (asked.some((each) => 'error' in each && isOvertaken(each.error))) {
    sometimes('recovery overtaken by a newer one');
    warn(services, `recovery ${recoveryId} of ${describeBlock(block)} is given up: a newer one is in progress`);
    return;
  }
  const holders = asked.flatMap((each) => ('holder' in each ? [each.holder] : []));
  if (holders.length === 0) {
    throw new HdfsError('EIO', `All datanodes failed: block=${describeBlock(block)}, datanodeids=${names(nodes)}`);
  }
  const replicas = holders.flatMap((holder) => (holder.found === undefined ? [] : [{ holder, ...holder.found }]));
  const decision = syncBlock(block.genStamp, replicas, truncateTo);
  switch (decision.kind) {
    case 'refuse':
      throw new HdfsError('EIO', `${decision.reason}: block=${describeBlock(block)}, datanodeids=${names(nodes)}`);
    case 'delete':
      // A node that could not be asked may have what the others lack.
      if (holders.length < nodes.length) {
        throw new HdfsError('EIO', `Not all datanodes of ${describeBlock(block)} could be asked, and the others have nothing`);
      }
      sometimes('block given up because nobody has it');
      return commit(actor, recovery, 0, true, []);
    case 'keep': {
      const allCrashed = replicas.every(({ state }) => state === ReplicaState.RWR);
      if (allCrashed && truncateTo === undefined && asked.some((each) => 'error' in each && isUnreachable(each.error))) {
        // These may have lost with their power what one has that comes back: the NameNode asks again while it takes it for alive.
        sometimes('recovery put off, as its replicas had crashed and another one was out of reach');
        throw new HdfsError('EIO', `Not all datanodes of ${describeBlock(block)} could be asked, and the others have crashed`);
      }
      const members = decision.members.map(({ holder }) => holder);
      if (members.length > 1) sometimes('block recovered from several replicas');
      if (allCrashed) sometimes('block recovered from crashed replicas only');
      const updated = await update(services, recovery, members, decision.length);
      return commit(actor, recovery, decision.length, false, updated);
    }
  }
}

const isOvertaken = (error: unknown): boolean => error instanceof HdfsError && error.code === 'ERECOVERY';
const isUnreachable = (error: unknown): boolean =>
  error instanceof HdfsError && (error.code === 'ECONN' || error.code === 'ETIMEDOUT');
const names = (nodes: readonly DatanodeIDProto[]): string => nodes.map((node) => `${node.ipAddr}:${node.xferPort}`).join();

function warn(services: Services, message: string): void {
  services.host.log.log('warn', 'datanode', message);
}

async function ask(services: Services, node: DatanodeIDProto, recovery: Recovery, clients: RpcClient[]): Promise<Asked> {
  const { block } = recovery;
  try {
    const own = services.identity(block.pool);
    const isHere = own !== undefined && own.datanodeUuid === node.datanodeUuid;
    return { holder: isHere ? await askHere(services, node, recovery) : await askThere(services, node, recovery, clients) };
  } catch (error) {
    warn(services, `recovering ${describeBlock(block)}: ${node.ipAddr} failed: ${messageOf(error)}`);
    return { error };
  }
}

async function askHere(services: Services, node: DatanodeIDProto, recovery: Recovery): Promise<Holder> {
  const { host, changes, settings, counters } = services;
  const { block, recoveryId, newId } = recovery;
  const found = await changes.recovery.start(block, recoveryId);
  const update = (newBytes: number): Promise<string> =>
    timed(host.clock, counters.finishRecovery, () =>
      changes.recovery.finish(
        { ...block, numBytes: found?.numBytes ?? 0 },
        { recoveryId, newId, newBytes, sync: settings.syncOnClose },
      ),
    );
  return { node, found, update };
}

async function askThere(services: Services, node: DatanodeIDProto, recovery: Recovery, clients: RpcClient[]): Promise<Holder> {
  const { host, settings } = services;
  const { block, recoveryId, newId, message } = recovery;
  const client = new RpcClient(host, {
    address: { host: (settings.useDatanodeHostname ? node.hostName : node.ipAddr) ?? '', port: node.ipcPort ?? 0 },
    protocol: INTER_DATANODE_PROTOCOL,
    user: host.machine.userName,
    localAddress: services.localAddress,
    timeoutMs: settings.socketTimeoutMs,
  });
  clients.push(client);
  const peer = rpcProxy(client, InterDatanodeProtocolService);
  const answer = await peer.initReplicaRecovery({ block: message });
  const { block: replica, state } = answer;
  if (answer.replicaFound !== true) {
    return { node, found: undefined, update: () => Promise.reject(new HdfsError('EIO', 'there is no replica to update')) };
  }
  if (replica === undefined || state === undefined) throw new ProtocolError('a replica without a block');
  const numBytes = replica.numBytes ?? 0;
  const update = async (newBytes: number): Promise<string> => {
    // The replica as the node described it, its own generation stamp included.
    const described = { ...block, genStamp: genStamp(replica.genStamp ?? 0), numBytes };
    const result = await peer.updateReplicaUnderRecovery({
      block: protoOf(described),
      recoveryId,
      newLength: newBytes,
      newBlockId: newId,
    });
    return result.storageUuid ?? '';
  };
  return { node, found: { state, genStamp: genStamp(replica.genStamp ?? 0), numBytes }, update };
}

interface Updated {
  readonly node: DatanodeIDProto;
  readonly storageId: string;
}

async function update(
  services: Services,
  { block }: Recovery,
  members: readonly Holder[],
  length: number,
): Promise<readonly Updated[]> {
  const failed: DatanodeIDProto[] = [];
  const results = await Promise.all(
    members.map(async (member): Promise<Updated | undefined> => {
      try {
        return { node: member.node, storageId: await member.update(length) };
      } catch (error) {
        warn(services, `updating ${describeBlock(block)} on ${member.node.ipAddr}: ${messageOf(error)}`);
        failed.push(member.node);
        return undefined;
      }
    }),
  );
  const updated = results.filter((each) => each !== undefined);
  if (updated.length > 0) return updated;
  throw new HdfsError('EIO', `Cannot recover ${describeBlock(block)}, the following datanodes failed: ${names(failed)}`);
}

async function commit(
  actor: NameNodeActor,
  { block, recoveryId }: Recovery,
  newLength: number,
  deleteBlock: boolean,
  updated: readonly Updated[],
): Promise<void> {
  await actor.commitBlockSynchronization({
    block: protoOf(block),
    newGenStamp: recoveryId,
    newLength,
    closeFile: true,
    deleteBlock,
    newTaragets: updated.map(({ node }) => node),
    newTargetStorages: updated.map(({ storageId }) => storageId),
  });
}
