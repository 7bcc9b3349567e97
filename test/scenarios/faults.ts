// What can go wrong around real daemons, as things that begin and are healed. A nemesis draws some of them from a seed, no two
// of which have to do with the same daemon or link.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SeededRandom } from '../../src/base/random.ts';
import type { Daemon } from './processes.ts';
import { sleep } from './processes.ts';
import type { CuttingProxy, Direction } from './proxy.ts';
import type { RealCluster } from './real-cluster.ts';
import { type Flip, rotBlocks, rotNames } from './rot.ts';

/** After so long in silence a DataNode counts as dead, with the keys of RealCluster. */
const DEAD_MS = 13_000;
/** A start on a busy machine, with a disk that is waited for and then left behind. */
const START_MS = 30_000;
/** How much of the name of a damaged file has to stand in the NameNode's last words. */
const NAMES_FILE = /edits_|fsimage_/;

export interface Fault {
  readonly name: string;
  /** Daemons and links that it is about. */
  readonly about: readonly string[];
  /** How long it lasts at least. */
  readonly lastsMs: number;
  begin(): Promise<void>;
  /** Daemons that it ended are started again by who heals. */
  heal(): Promise<void>;
}

/** What was damaged for good, to be found and replaced. */
export interface Rotten {
  readonly flip: Flip;
  /** The bytes of the block. */
  readonly block: Buffer;
}

export interface FaultContext {
  readonly cluster: RealCluster;
  readonly random: SeededRandom;
  readonly rotten: Rotten[];
  /** Something that is no fault but wrong. */
  violation(text: string): void;
  /** Faults that last until a DataNode counts as dead may be drawn. */
  readonly long: boolean;
}

export const FAULT_KINDS = [
  'kill',
  'kill all',
  'stop',
  'stop until dead',
  'reset',
  'hole',
  'delay',
  'cut',
  'full data',
  'full names',
  'read-only',
  'frozen',
  'frozen start',
  'rot blocks',
  'rot names',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

const nothing = (): Promise<void> => Promise.resolve();

function pick<T>(random: SeededRandom, from: readonly T[]): T {
  return from[random.below(from.length)] as T;
}

/** A fault of the kind; undefined: it is not to be had here. */
export function draw(kind: FaultKind, context: FaultContext): Fault | undefined {
  const { cluster, random } = context;
  const lastsMs = 500 + random.below(3500);
  switch (kind) {
    case 'kill': {
      const victim = pick(random, cluster.daemons);
      return {
        name: `kill ${victim.role}`,
        about: [victim.role],
        lastsMs: lastsMs >> 2,
        begin: () => victim.kill(),
        heal: nothing,
      };
    }
    case 'kill all': {
      const begin = async (): Promise<void> => void (await Promise.all(cluster.daemons.map((daemon) => daemon.kill())));
      return { name: 'kill all', about: cluster.daemons.map(({ role }) => role), lastsMs: 100, begin, heal: nothing };
    }
    case 'stop':
      return stop(pick(random, cluster.daemons), lastsMs);
    case 'stop until dead':
      return context.long ? stop(pick(random, cluster.dataNodes), DEAD_MS) : undefined;
    case 'reset':
    case 'hole':
    case 'delay':
    case 'cut':
      return network(kind, pick(random, cluster.proxies), random, lastsMs);
    case 'full data':
    case 'full names':
      return full(kind, cluster, random, lastsMs);
    case 'read-only':
      return readOnly(cluster, lastsMs);
    case 'frozen':
      return frozen(cluster, lastsMs);
    case 'frozen start':
      return context.long ? frozenStart(context) : undefined;
    case 'rot blocks':
      return rot(context);
    case 'rot names':
      return rotOfNames(context);
  }
}

function stop(victim: Daemon, lastsMs: number): Fault {
  return {
    name: `stop ${victim.role} ${lastsMs}ms`,
    about: [victim.role],
    lastsMs,
    begin: () => Promise.resolve(victim.stop()),
    heal: () => Promise.resolve(victim.continue()),
  };
}

function network(kind: 'reset' | 'hole' | 'delay' | 'cut', proxy: CuttingProxy, random: SeededRandom, lastsMs: number): Fault {
  const directions = pick<readonly Direction[]>(random, [['up'], ['down'], ['up', 'down']]);
  const delayMs = 20 + random.below(300);
  const bytes = 1 + random.below(64 * 1024);
  const words = { reset: '', hole: ` ${directions.join('+')} ${lastsMs}ms`, delay: ` ${delayMs}ms`, cut: ` after ${bytes}B` };
  const begin = (): void => {
    if (kind === 'reset') proxy.reset();
    else if (kind === 'hole') proxy.hold(directions);
    else if (kind === 'delay') proxy.delayMs = delayMs;
    else proxy.cutIn(bytes);
  };
  return {
    name: `${kind} ${proxy.name}${words[kind]}`,
    about: [proxy.name],
    lastsMs,
    begin: () => Promise.resolve(begin()),
    heal: () => Promise.resolve(proxy.heal()),
  };
}

function full(
  kind: 'full data' | 'full names',
  cluster: RealCluster,
  random: SeededRandom,
  lastsMs: number,
): Fault | undefined {
  const index = cluster.dataDisks.findIndex((disk) => disk.kind === 'tmpfs');
  const names = cluster.nameDisks.filter((disk) => disk.kind === 'tmpfs');
  const disks =
    kind === 'full data' ? (index < 0 ? [] : [cluster.dataDisks[index]]) : random.below(2) === 0 ? names : names.slice(0, 1);
  if (disks.length === 0) return undefined;
  const where = kind === 'full data' ? `dn${index + 1}` : 'nn';
  return {
    name: `full ${where} (${disks.length})`,
    about: [where],
    lastsMs,
    begin: () => {
      for (const disk of disks) disk?.fill();
      return Promise.resolve();
    },
    heal: () => {
      for (const disk of disks) disk?.empty();
      return Promise.resolve();
    },
  };
}

/** A machine that comes back with one of its disks read-only. */
function readOnly(cluster: RealCluster, lastsMs: number): Fault | undefined {
  const index = cluster.dataDisks.findIndex((disk) => disk.kind === 'tmpfs');
  const disk = cluster.dataDisks[index];
  const node = cluster.dataNodes[index];
  if (disk === undefined || node === undefined) return undefined;
  const turn = async (how: 'ro' | 'rw'): Promise<void> => {
    await node.kill();
    disk.remount(how);
    node.start();
  };
  return {
    name: `read-only ${node.role}`,
    about: [node.role],
    lastsMs: lastsMs + 1000,
    begin: () => turn('ro'),
    heal: () => turn('rw'),
  };
}

function frozen(cluster: RealCluster, lastsMs: number): Fault | undefined {
  const index = cluster.dataDisks.findIndex((disk) => disk.kind === 'ext4');
  const disk = cluster.dataDisks[index];
  if (disk === undefined) return undefined;
  return {
    name: `frozen dn${index + 1} ${lastsMs}ms`,
    about: [`dn${index + 1}`],
    lastsMs,
    begin: () => Promise.resolve(disk.freeze()),
    heal: () => Promise.resolve(disk.thaw()),
  };
}

/** A DataNode starts while one of its disks hangs, and has to serve the other one meanwhile. */
function frozenStart({ cluster, violation }: FaultContext): Fault | undefined {
  const index = cluster.dataDisks.findIndex((disk) => disk.kind === 'ext4');
  const disk = cluster.dataDisks[index];
  const node = cluster.dataNodes[index];
  if (disk === undefined || node === undefined) return undefined;
  return {
    name: `frozen start of ${node.role}`,
    about: [node.role],
    lastsMs: START_MS,
    begin: async () => {
      await node.kill();
      disk.freeze();
      node.start();
    },
    heal: () => {
      if (!node.registered.test(node.log)) violation(`${node.role} does not serve while one of its disks hangs: ${node.log}`);
      disk.thaw();
      return Promise.resolve();
    },
  };
}

function rot(context: FaultContext): Fault {
  const { cluster, random, rotten } = context;
  const index = random.below(cluster.dataNodes.length);
  const others = cluster.dataNodes.flatMap((_, i) => (i === index ? [] : [...cluster.volumes(i)]));
  return {
    name: `rot blocks of dn${index + 1}`,
    // Of all: whoever is ended meanwhile might be the one with the good copy, and stay away.
    about: cluster.dataNodes.map(({ role }) => role),
    lastsMs: 500,
    begin: () => {
      const { flips, blocks } = rotBlocks(random, cluster.volumes(index), others, 1 + random.below(3));
      flips.forEach((flip, i) => {
        rotten.push({ flip, block: blocks[i] as Buffer });
      });
      return Promise.resolve();
    },
    heal: nothing,
  };
}

/** The NameNode is killed, a bit of what it left flips, and it is started again. */
function rotOfNames(context: FaultContext): Fault {
  const { cluster, random, violation } = context;
  const { nameNode } = cluster;
  const what = random.below(2) === 0 ? 'edits' : 'fsimage';
  let flips: readonly Flip[] = [];
  const begin = async (): Promise<void> => {
    await nameNode.kill();
    const directories = cluster.nameDisks.map(({ path }) => join(path, 'd')).filter((path) => existsSync(path));
    flips = rotNames(random, directories, what);
    nameNode.start();
  };
  const heal = async (): Promise<void> => {
    try {
      await nameNode.serving();
      return;
    } catch (error) {
      if (!NAMES_FILE.test(nameNode.log))
        violation(`a damaged ${what} file stopped the NameNode without being named: ${error}`);
    }
    for (const flip of flips) flip.undo();
    await sleep(0);
  };
  return { name: `rot ${what}`, about: [nameNode.role], lastsMs: 100, begin, heal };
}
