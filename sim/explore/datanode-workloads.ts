// Crash states of a DataNode's disk: blocks that are written, flushed, synced, closed, and recovered. Its only replica is all
// there is, so what was synced or closed has to come back from this disk alone. Flushed bytes are owed by no power cut.
import { messageOf } from '../../src/base/errors.ts';
import type { SimNode } from '../../src/host/sim/index.ts';
import { RpcClient } from '../../src/rpc/client.ts';
import { ClientNamenodeProtocol } from '../../src/wire/messages/client-namenode.ts';
import { type Keys, SimCluster } from '../cluster.ts';
import { contentOf, firstWrongByte } from '../content.ts';
import { metaFault, replicasOn } from '../replicas.ts';
import type { Found, Workload } from './explore.ts';
import { Contents, type DiskState, digestOfState, fillDisk } from './states.ts';

export const KEY = 0xd15c;
export const PATH = '/f';
export const KEYS: Keys = {
  'dfs.replication': 1,
  'dfs.datanode.data.dir': '/data/1,/data/2',
  'dfs.namenode.heartbeat.recheck-interval': 1_000,
};

export interface Promised {
  /** The NameNode's disk, which loses its power at the same time. */
  readonly nameNode: DiskState;
  readonly written: number;
  readonly synced: number;
  readonly closed: boolean;
}

/** Asks for the file's lease until it is closed, or often enough. */
async function recoverLease({ host }: SimNode, tries: number): Promise<void> {
  const client = new RpcClient(host, {
    address: { host: 'nn', port: 8020 },
    protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
    user: 'hdfs',
  });
  for (let i = 0; i < tries; i++) {
    const { result } = await client.call(ClientNamenodeProtocol, 'recoverLease', { src: PATH, clientName: 'heir' });
    if (result) break;
    await host.clock.sleep(1_000);
  }
  client.close();
}

/** `start`: how the DataNode is begun; by default as on any day. `owed`: as many bytes have to come back. */
export async function judgeFile(
  state: DiskState,
  promised: Promised,
  start: (cluster: SimCluster) => Promise<unknown> = ({ dataNodes: [daemon] }) => daemon?.start() ?? Promise.resolve(),
  owed = promised.closed ? promised.written : promised.synced,
): Promise<Found[]> {
  const cluster = new SimCluster({ seed: 1, dataNodes: 1, clients: 1, keys: KEYS });
  const { simulation, nameNode, violations } = cluster;
  const [dataNode] = cluster.dataNodes;
  const [machine] = cluster.clients;
  if (dataNode === undefined || machine === undefined) throw new Error('the cluster lacks a machine');
  fillDisk(nameNode.machine.disk, promised.nameNode);
  fillDisk(dataNode.machine.disk, state);
  const found: Found[] = [];
  try {
    await simulation.run(Promise.all([nameNode.start(), start(cluster)]), 60_000);
    const read = async (): Promise<Buffer | undefined> => {
      const fs = await cluster.connect(machine);
      if (!(await fs.exists(PATH))) return undefined;
      // What nobody closed is closed as its heirs would do it; a block that nobody has is given up in the end.
      await recoverLease(machine, 60);
      return fs.readFile(PATH);
    };
    await cluster.until(() => cluster.ready, 60_000);
    const bytes = await simulation.run(read(), 240_000);
    const length = bytes?.length ?? 0;
    const invariant = promised.closed ? 'BK3' : 'LR4';
    if (length < owed) found.push({ invariant, detail: `${length} bytes came back, ${owed} were promised` });
    if (length > promised.written) found.push({ invariant: 'BK5', detail: `${length} bytes of ${promised.written} written` });
    const wrong = bytes === undefined ? -1 : firstWrongByte(KEY, 0, bytes);
    if (wrong >= 0) found.push({ invariant: 'BK6', detail: `a wrong byte at ${wrong} of ${length}` });
  } catch (error) {
    found.push({ invariant: 'BK10', detail: `nothing can be read: ${messageOf(error)}` });
  }
  for (const replica of replicasOn('dn0', dataNode.machine.disk)) {
    const fault = replica.state === 'finalized' ? metaFault(replica) : undefined;
    if (fault !== undefined) found.push({ invariant: 'BK2', detail: `${replica.path}: ${fault}` });
  }
  return [...found, ...violations.found.map(({ invariant, detail }) => ({ invariant, detail }))];
}

/** What the NameNode's disk keeps without luck. */
export function durableState(cluster: SimCluster): DiskState {
  const state = new Map<string, Buffer | undefined>();
  for (const path of ['/name', '/name/current']) state.set(path, undefined);
  for (const [name, node] of cluster.nameNode.machine.disk.durableFiles('/name/current'))
    state.set(`/name/current/${name}`, node.durableBytes());
  return state;
}

/** Answers durableState; mostly it is the same as a moment ago, and one copy serves. */
function lastingState(cluster: SimCluster): () => DiskState {
  let last: { readonly digest: string; readonly state: DiskState } | undefined;
  return () => {
    const state = durableState(cluster);
    const digest = digestOfState(state, new Contents());
    if (last?.digest !== digest) last = { digest, state };
    return last.state;
  };
}

function fileWorkload(name: string, end: 'close' | 'recover'): Workload<Promised> {
  return {
    name,
    judge: (state, promised) => judgeFile(state, promised),
    async play(record) {
      const cluster = new SimCluster({ seed: 7, dataNodes: 1, clients: 2, keys: KEYS });
      const { simulation } = cluster;
      const [writing, other] = cluster.clients;
      if (writing === undefined || other === undefined) throw new Error('the cluster has two clients');
      await cluster.start();
      const at = { written: 0, synced: 0, closed: false };
      const stateNow = lastingState(cluster);
      record(cluster, 'dn0', () => ({ ...at, nameNode: stateNow() }));
      const write = async (): Promise<void> => {
        const fs = await cluster.connect(writing);
        const file = await fs.open(PATH, 'wx', { blockSize: 4_096, replication: 1 });
        // Ends within a chunk, at its border, in the next block; synced, flushed, or neither.
        for (const [bytes, mark] of [
          [700, 'sync'],
          [300, 'flush'],
          [1_072, 'sync'],
          [900, undefined],
          [2_000, 'sync'],
          [10, 'flush'],
          [130, 'sync'],
        ] as const) {
          const from = at.written;
          at.written += bytes;
          await file.write(contentOf(KEY, from, bytes));
          if (mark === 'sync') {
            await file.hsync();
            at.synced = at.written;
          } else if (mark === 'flush') await file.hflush();
        }
        if (end === 'recover') return;
        await file.close();
        at.closed = true;
      };
      await simulation.run(write(), 120_000);
      if (end === 'recover') {
        writing.crash('process');
        const recover = async (): Promise<void> => {
          const fs = await cluster.connect(other);
          await recoverLease(other, 100);
          at.written = (await fs.stat(PATH)).size;
          at.closed = true;
        };
        await simulation.run(recover(), 120_000);
      }
      await simulation.advance(3_000);
    },
  };
}

export const closeWorkload = (): Workload<Promised> => fileWorkload('finalize', 'close');
export const recoveryWorkload = (): Workload<Promised> => fileWorkload('recovery', 'recover');

/** A closed file is cut within a chunk, twice: each time it has its old length or its new one, and in the end the new one. */
export const cutWorkload = (): Workload<Promised & { readonly least: number }> => ({
  name: 'cut',
  judge: (state, promised) => judgeFile(state, promised, undefined, promised.least),
  async play(record) {
    const cluster = new SimCluster({ seed: 7, dataNodes: 1, clients: 1, keys: KEYS });
    const { simulation } = cluster;
    const [machine] = cluster.clients;
    if (machine === undefined) throw new Error('the cluster has a client');
    await cluster.start();
    const at = { written: 6_000, least: 6_000 };
    const write = async (): Promise<void> => {
      const fs = await cluster.connect(machine);
      const file = await fs.open(PATH, 'wx', { blockSize: 8_192, replication: 1 });
      await file.write(contentOf(KEY, 0, at.written));
      await file.close();
    };
    await simulation.run(write(), 120_000);
    const stateNow = lastingState(cluster);
    record(cluster, 'dn0', () => ({ ...at, synced: at.least, closed: true, nameNode: stateNow() }));
    const cut = async (): Promise<void> => {
      const fs = await cluster.connect(machine);
      for (const length of [5_000, 700]) {
        at.least = length;
        if (!(await fs.truncate(PATH, length))) await recoverLease(machine, 100);
        at.written = length;
      }
    };
    await simulation.run(cut(), 240_000);
    await simulation.advance(3_000);
  },
});
