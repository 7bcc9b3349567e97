// BK8: somebody talks to DataNodes who lies about generation stamps and lengths, or is of another time. Nothing of it is taken
// on trust, and what lies on the disks stays as it was.
import { RpcClient, rpcProxy } from '../../src/rpc/client.ts';
import { ClientDatanodeProtocolService } from '../../src/wire/messages/client-datanode.ts';
import { InterDatanodeProtocolService } from '../../src/wire/messages/inter-datanode.ts';
import { replicasOn } from '../replicas.ts';
import type { Drill, Stage } from './stage.ts';

const IPC_PORT = 9867;
const PROTOCOLS = 'org.apache.hadoop.hdfs';

function peersOf(stage: Stage, dataNode: string) {
  const { host } = stage.simulation.node('client1');
  const clientFor = (protocol: string): RpcClient =>
    new RpcClient(host, { address: { host: dataNode, port: IPC_PORT }, protocol: `${PROTOCOLS}.${protocol}`, user: 'hdfs' });
  const clients = [clientFor('protocol.ClientDatanodeProtocol'), clientFor('server.protocol.InterDatanodeProtocol')] as const;
  return {
    asClient: rpcProxy(clients[0], ClientDatanodeProtocolService),
    asPeer: rpcProxy(clients[1], InterDatanodeProtocolService),
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

export const TRUST_DRILLS = {
  'lying-peers': {
    says: 'DataNodes are told of stamps and lengths that nobody has given out',
    async play(stage) {
      const { cluster } = stage;
      const fs = await stage.client();
      await stage.write(fs, '/shared/f', { bytes: 3_000 });
      const poolId = stage.nameSystem.blockPoolId;
      const entry = stage.witness.model().entries.get('/shared/f');
      const [block] = entry?.kind === 'file' ? entry.blocks : [];
      if (block === undefined) throw new Error('the file has no block');
      const { id: blockId, numBytes, genStamp } = block;
      const described = (stamp: number, bytes = numBytes) => ({ poolId, blockId, generationStamp: stamp, numBytes: bytes });
      for (const name of stage.dataNodes) {
        const lookAtDisk = (): string =>
          replicasOn(name, stage.dataNode(name).machine.disk, blockId)
            .map(({ path, meta, bytes }) => `${path}_${meta?.genStamp}, ${bytes.length} bytes`)
            .join('; ');
        const before = lookAtDisk();
        const { asClient, asPeer, close } = peersOf(stage, name);
        const refused = async (what: string, work: Promise<unknown>): Promise<void> => {
          const outcome = await stage.run(stage.begin(work));
          cluster.violations.check(outcome !== 'ok', 'BK8', () => `${name} takes ${what} on trust`);
          const after = lookAtDisk();
          cluster.violations.check(after === before, 'BK8', () => `after ${what} ${name} has ${after}, and had ${before}`);
        };
        const recovery = (recoveryId: number) => ({
          block: {
            block: {
              b: described(genStamp),
              offset: 0,
              locs: [],
              corrupt: false,
              blockToken: { identifier: Buffer.alloc(0), password: Buffer.alloc(0), kind: '', service: '' },
            },
            newGenStamp: recoveryId,
          },
        });
        const update = (recoveryId: number, newLength: number, bytes = numBytes) =>
          asPeer.updateReplicaUnderRecovery({ block: described(genStamp, bytes), recoveryId, newLength });
        await refused('a later stamp', asClient.getReplicaVisibleLength({ block: described(genStamp + 7) }));
        await refused('the end of a recovery that never began', update(genStamp + 5, 100));
        await refused('an old recovery', asPeer.initReplicaRecovery(recovery(genStamp)));
        await stage.run(asPeer.initReplicaRecovery(recovery(genStamp + 1)));
        await refused('the end of another recovery', update(genStamp + 2, 100));
        await refused('more bytes than it has', update(genStamp + 1, numBytes + 1_000));
        await refused('a length that it never had', update(genStamp + 1, 100, numBytes + 1_000));
        close();
        // It forgets the recovery that nobody wanted.
        stage.crash(name, 'process');
        stage.restart(name);
        await stage.until('it is back', () => cluster.ready);
      }
    },
  },
} as const satisfies Readonly<Record<string, Drill>>;
