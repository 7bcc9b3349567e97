// Crash states of the NameNode's disk: the edit log with group commits and turned segments, the publishing of images and the
// purge behind them, and formatting.
import type { Hdfs } from '../../src/client/index.ts';
import { InodeType } from '../../src/core/namespace/inodes.ts';
import type { Namespace } from '../../src/core/namespace/namespace.ts';
import { pathOfInode } from '../../src/core/namespace/permissions.ts';
import { formatNameNode } from '../../src/server/namenode/format.ts';
import { type Keys, SimCluster } from '../cluster.ts';
import type { Found, Workload } from './explore.ts';
import { type DiskState, fillDisk } from './states.ts';

const START_LIMIT_MS = 120_000;

/** One client with a directory of its own, which does one thing after the other. */
interface Track {
  readonly home: string;
  /** What its directory holds after none, one, two ... of its calls. */
  readonly trees: string[][];
  begun: number;
  acknowledged: number;
}

/** For each client: how many of its calls were acknowledged, and how many begun. */
type Promised = readonly { readonly acknowledged: number; readonly begun: number }[];

export function pathsBelow(ns: Namespace, home: string): string[] {
  const found: string[] = [];
  const { inodes } = ns;
  const walk = (directory: number): void => {
    inodes.forEachChild(directory, undefined, (child) => {
      const path = pathOfInode(inodes, child);
      if (path === home || path.startsWith(`${home}/`)) found.push(path);
      if (inodes.type(child) === InodeType.DIRECTORY) walk(child);
      return true;
    });
  };
  walk(inodes.root);
  return found.sort();
}

type Step = { readonly tree: readonly string[]; readonly run: (fs: Hdfs) => Promise<unknown> };

/** Makes, moves and deletes directories; every third step undoes something. */
function stepsOf(home: string, count: number): Step[] {
  const steps: Step[] = [{ tree: [home], run: (fs) => fs.mkdir(home) }];
  let tree = [home];
  for (let i = 1; i < count; i++) {
    const newest = tree.at(-1) ?? home;
    if (i % 4 === 3 && newest !== home) {
      const moved = `${home}/m${i}`;
      tree = [...tree.filter((path) => path !== newest), moved].sort();
      steps.push({ tree, run: (fs) => fs.rename(newest, moved) });
    } else if (i % 7 === 6 && newest !== home) {
      tree = tree.filter((path) => path !== newest);
      steps.push({ tree, run: (fs) => fs.rm(newest, { recursive: true, skipTrash: true }) });
    } else {
      const made = `${home}/d${i}`;
      tree = [...tree, made].sort();
      steps.push({ tree, run: (fs) => fs.mkdir(made) });
    }
  }
  return steps;
}

async function judgeNameNode(keys: Keys, tracks: readonly Track[], state: DiskState, promised: Promised): Promise<Found[]> {
  const cluster = new SimCluster({ seed: 1, dataNodes: 0, clients: 0, keys });
  fillDisk(cluster.nameNode.machine.disk, state);
  try {
    await cluster.simulation.run(cluster.nameNode.start(), START_LIMIT_MS);
  } catch (error) {
    return [{ invariant: 'X1', detail: `the start does not end: ${error}` }];
  }
  const system = cluster.nameNode.running?.system;
  const found: Found[] = cluster.violations.found.map(({ invariant, detail }) => ({ invariant, detail }));
  if (system === undefined) return found;
  for (const [index, { home, trees }] of tracks.entries()) {
    const { acknowledged, begun } = promised[index] ?? { acknowledged: 0, begun: 0 };
    const shown = pathsBelow(system.namespace, home).join(' ');
    const possible = trees.slice(acknowledged, begun + 1).map((tree) => tree.join(' '));
    if (possible.includes(shown)) continue;
    const detail = `${home} shows [${shown}] after ${acknowledged} acknowledged of ${begun} calls, not [${possible[0]}]`;
    found.push({ invariant: 'NS1', detail });
  }
  return found;
}

function namespaceWorkload(name: string, keys: Keys, clients: number, steps: number, pauseMs = 400): Workload<Promised> {
  const tracks: Track[] = Array.from({ length: clients }, (_, i) => ({
    home: `/w${i}`,
    trees: [[], ...stepsOf(`/w${i}`, steps).map(({ tree }) => [...tree])],
    begun: 0,
    acknowledged: 0,
  }));
  return {
    name,
    async play(record) {
      const cluster = new SimCluster({ seed: 7, dataNodes: 0, clients, keys });
      const { simulation, nameNode } = cluster;
      await simulation.run(formatNameNode(nameNode.machine.host, cluster.configuration, {}));
      await simulation.run(nameNode.start());
      await cluster.until(() => nameNode.running?.system.blockManager.safeMode.isOn === false, 60_000);
      record(cluster, 'nn', () => tracks.map(({ acknowledged, begun }) => ({ acknowledged, begun })));
      const write = async (track: Track, index: number): Promise<void> => {
        const machine = cluster.clients[index];
        if (machine === undefined) throw new Error('a client without a machine');
        const fs = await cluster.connect(machine);
        for (const { run } of stepsOf(track.home, steps)) {
          track.begun++;
          await run(fs);
          track.acknowledged++;
          await machine.host.clock.sleep(pauseMs);
        }
        await fs.close();
      };
      await simulation.run(Promise.all(tracks.map(write)), 600_000);
      await simulation.advance(5_000);
    },
    withUnderWay: (_then, later) => later,
    judge: (state, promised) => judgeNameNode(keys, tracks, state, promised),
  };
}

const ONE_DIRECTORY: Keys = { 'dfs.namenode.checkpoint.check.period': 1 };

/** Three clients whose changes share syncs, over some turned segments. */
export const editsWorkload = (): Workload<Promised> =>
  namespaceWorkload('edits', { ...ONE_DIRECTORY, 'dfs.namenode.checkpoint.txns': 25 }, 3, 48, 60);

/** Images follow close upon another, so that old ones and their edits are purged. */
export const imageWorkload = (): Workload<Promised> =>
  namespaceWorkload(
    'image',
    {
      ...ONE_DIRECTORY,
      'dfs.namenode.checkpoint.txns': 6,
      'dfs.namenode.num.checkpoints.retained': 1,
      'dfs.namenode.num.extra.edits.retained': 0,
    },
    2,
    14,
  );

/** The newest image has a wrong name in it, which only its digest tells: the one before it and the edits serve. */
export function rottenImageWorkload(): Workload<Promised> {
  const sound = namespaceWorkload(
    'rotten-image',
    { ...ONE_DIRECTORY, 'dfs.namenode.checkpoint.txns': 12, 'dfs.namenode.num.extra.edits.retained': 0 },
    2,
    14,
  );
  return {
    ...sound,
    judge: (state, promised) => sound.judge(rotNewestImage(state), promised),
  };
}

function rotNewestImage(state: DiskState): DiskState {
  const images = [...state.keys()].filter((path) => /\/fsimage_\d+$/.test(path)).sort();
  const newest = images.at(-1);
  const bytes = newest === undefined || images.length < 2 ? undefined : state.get(newest);
  const at = bytes?.indexOf('w0') ?? -1;
  if (newest === undefined || bytes === undefined || at < 0) return state;
  const rotten = Buffer.from(bytes);
  rotten[at] = 'v'.charCodeAt(0);
  return new Map(state).set(newest, rotten);
}

/** The same in two name directories, of which one start has to make one truth. */
export const twoDirectoriesWorkload = (): Workload<Promised> =>
  namespaceWorkload(
    'two-directories',
    { ...ONE_DIRECTORY, 'dfs.namenode.name.dir': '/name,/other', 'dfs.namenode.checkpoint.txns': 20 },
    2,
    10,
  );

/** Formatting: until it is acknowledged the directory may be anything that another format can mend; then it starts. */
export function formatWorkload(): Workload<boolean> {
  let formatted = false;
  return {
    name: 'format',
    async play(record) {
      const cluster = new SimCluster({ seed: 7, dataNodes: 0, clients: 0 });
      record(cluster, 'nn', () => formatted);
      await cluster.simulation.run(formatNameNode(cluster.nameNode.machine.host, cluster.configuration, {}));
      formatted = true;
      await cluster.simulation.run(cluster.nameNode.start());
    },
    async judge(state, promised) {
      const cluster = new SimCluster({ seed: 1, dataNodes: 0, clients: 0 });
      const { simulation, nameNode, violations } = cluster;
      fillDisk(nameNode.machine.disk, state);
      if (!promised) await simulation.run(formatNameNode(nameNode.machine.host, cluster.configuration, { force: true }));
      await simulation.run(nameNode.start(), START_LIMIT_MS);
      return violations.found.map(({ invariant, detail }) => ({ invariant, detail }));
    },
  };
}
