// Crash states of the NameNode's two directories while it is upgraded, finalizes that, or is rolled back. What was there before
// is there in every one of them; what came after, as far as it was promised; and the two directories tell of one state.
import { messageOf } from '../../src/base/errors.ts';
import { HdfsAdmin } from '../../src/client/admin.ts';
import { formatNameNode } from '../../src/server/namenode/format.ts';
import { NameNode } from '../../src/server/namenode/namenode.ts';
import { rollBackNameNode } from '../../src/server/namenode/upgrade.ts';
import { type Keys, SimCluster } from '../cluster.ts';
import type { Found, Workload } from './explore.ts';
import { pathsBelow } from './namenode-workloads.ts';
import { type DiskState, fillDisk } from './states.ts';

const KEYS: Keys = { 'dfs.namenode.name.dir': '/name,/other' };
const LIMIT_MS = 120_000;

interface UpgradePromise {
  /** This was there before, and is there always. */
  readonly before: boolean;
  /** Acknowledged after the upgrade. */
  readonly after: boolean;
  /** The rollback was acknowledged. */
  readonly rolledBack: boolean;
}

const withOne = (seed: number): SimCluster => new SimCluster({ seed, dataNodes: 0, clients: 1, keys: KEYS });

async function start(cluster: SimCluster, startup: 'regular' | 'upgrade'): Promise<NameNode> {
  const { simulation, nameNode, configuration } = cluster;
  const { machine } = nameNode;
  machine.restart();
  const server = new NameNode(machine.host, configuration, { startup });
  await simulation.run(server.start(), LIMIT_MS);
  return server;
}

const stop = ({ simulation }: SimCluster, server: NameNode): Promise<void> => simulation.run(server.stop(), LIMIT_MS);

async function mkdir(cluster: SimCluster, path: string): Promise<void> {
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has a client');
  const work = async (): Promise<void> => {
    const fs = await cluster.connect(machine);
    await fs.mkdir(path);
    await fs.close();
  };
  await cluster.simulation.run(work(), LIMIT_MS);
}

/** A file system with /before in it, stopped. */
async function prepared(): Promise<SimCluster> {
  const cluster = withOne(7);
  await cluster.simulation.run(formatNameNode(cluster.nameNode.machine.host, cluster.configuration, {}));
  const server = await start(cluster, 'regular');
  await mkdir(cluster, '/before');
  await stop(cluster, server);
  return cluster;
}

async function cTimes(cluster: SimCluster): Promise<string[]> {
  const { host } = cluster.nameNode.machine;
  const found: string[] = [];
  for (const root of ['/name', '/other']) {
    const text = (await cluster.simulation.run(host.disk.readFile(`${root}/current/VERSION`))).toString();
    found.push(/cTime=(\d+)/.exec(text)?.[1] ?? '');
  }
  return found;
}

/** What a start on this disk shows, after `mend` where a start alone is not meant to serve. */
async function judge(
  state: DiskState,
  promised: UpgradePromise,
  mend: (cluster: SimCluster) => Promise<void> = () => Promise.resolve(),
): Promise<Found[]> {
  const cluster = withOne(1);
  fillDisk(cluster.nameNode.machine.disk, state);
  const found: Found[] = [];
  try {
    await mend(cluster);
    const server = await start(cluster, 'regular');
    const shown = pathsBelow(server.system.namespace, '/before').concat(pathsBelow(server.system.namespace, '/after'));
    const detail = `it shows [${shown.join(' ')}], promised was ${JSON.stringify(promised)}`;
    if (promised.before && !shown.includes('/before')) found.push({ invariant: 'EL9', detail });
    if (promised.after && !promised.rolledBack && !shown.includes('/after')) found.push({ invariant: 'NS1', detail });
    if (promised.rolledBack && shown.includes('/after')) found.push({ invariant: 'EL9', detail });
    const times = new Set(await cTimes(cluster));
    if (times.size !== 1) found.push({ invariant: 'X1', detail: `the directories have the CTimes ${[...times].join(' ')}` });
    // It goes on from there, over another start.
    await mkdir(cluster, '/more');
    await stop(cluster, server);
    await start(cluster, 'regular');
  } catch (error) {
    found.push({ invariant: 'X1', detail: `it does not start: ${messageOf(error)}` });
  }
  return found;
}

export function upgradeWorkload(): Workload<UpgradePromise> {
  const promised = { before: true, after: false, rolledBack: false };
  return {
    name: 'upgrade',
    async play(record) {
      const cluster = await prepared();
      record(cluster, 'nn', () => ({ ...promised }));
      await start(cluster, 'upgrade');
      await mkdir(cluster, '/after');
      promised.after = true;
      await mkdir(cluster, '/later');
    },
    judge: (state, then) => judge(state, then),
  };
}

/** Upgraded, with /after in it, and running. */
async function upgraded(): Promise<{ readonly cluster: SimCluster; readonly server: NameNode }> {
  const cluster = await prepared();
  const server = await start(cluster, 'upgrade');
  await mkdir(cluster, '/after');
  return { cluster, server };
}

export function finalizeWorkload(): Workload<UpgradePromise> {
  const promised = { before: true, after: true, rolledBack: false };
  return {
    name: 'upgrade-finalize',
    async play(record) {
      const { cluster } = await upgraded();
      const { simulation, configuration } = cluster;
      record(cluster, 'nn', () => promised);
      const admin = new HdfsAdmin(simulation.node('client0').host, configuration, 'hdfs');
      await simulation.run(admin.finalizeUpgrade(), LIMIT_MS);
      await mkdir(cluster, '/later');
    },
    judge: (state, then) => judge(state, then),
  };
}

/** It is asked for again until it is done: in between the two directories may tell of two states. */
export function rollbackWorkload(): Workload<UpgradePromise> {
  const promised = { before: true, after: true, rolledBack: false };
  return {
    name: 'upgrade-rollback',
    async play(record) {
      const { cluster, server } = await upgraded();
      await stop(cluster, server);
      const { simulation, nameNode, configuration } = cluster;
      nameNode.machine.restart();
      record(cluster, 'nn', () => ({ ...promised }));
      await simulation.run(rollBackNameNode(nameNode.machine.host, configuration), LIMIT_MS);
      promised.rolledBack = true;
      const { disk } = nameNode.machine.host;
      await simulation.run(disk.mkdir('/name/beside'));
    },
    judge: (state, then) =>
      judge(state, { ...then, rolledBack: true }, async ({ simulation, nameNode, configuration }) => {
        if (then.rolledBack) return;
        const again = rollBackNameNode(nameNode.machine.host, configuration).catch((error: unknown) => {
          if (!/^Cannot rollback. None/.test(messageOf(error))) throw error;
        });
        await simulation.run(again, LIMIT_MS);
      }),
  };
}
