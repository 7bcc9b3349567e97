// Clients that get into each other's way: writers, rewriters, readers, renamers and deleters over one tree. Each does one
// thing at a time and notes it in the ledger; what is done to the bytes of files is in file-work.ts. Who does what when is a
// matter of the seed, of nothing else.
import type { SeededRandom } from '../src/base/random.ts';
import type { Hdfs } from '../src/client/index.ts';
import type { Clock } from '../src/host/host.ts';
import type { SimNode } from '../src/host/sim/index.ts';
import type { SimCluster } from './cluster.ts';
import { FileWork, MAX_REPLICATION } from './file-work.ts';
import { codeOf, type Ledger } from './ledger.ts';

/** A rewriter appends to files that are there, cuts them, and puts them together. */
export type Role = 'writer' | 'rewriter' | 'reader' | 'renamer' | 'deleter' | 'admin';

export interface WorkloadOptions {
  /** Things that each actor does, */
  readonly steps?: number | undefined;
  /** or when it stops. */
  readonly over?: (() => boolean) | undefined;
  readonly minReplication: number;
  readonly maxPauseMs: number;
  /** Writers sync in every way that there is. */
  readonly allSyncs?: boolean | undefined;
  /** Something fails on purpose: answers may be late or missing. */
  readonly faults: boolean;
}

export const DEFAULT_ROLES: readonly Role[] = [
  'writer',
  'writer',
  'writer',
  'reader',
  'reader',
  'renamer',
  'deleter',
  'rewriter',
];

const BASE = '/shared';
const USERS = ['hdfs', 'alice', 'bob'];

/** Of files: whoever may read and write one may go on doing so. */
const MODES = [0o666, 0o667, 0o676, 0o677, 0o766, 0o767, 0o776, 0o777];

/** Somebody else was quicker: the path, its parent or the lease is gone. */
const LOST_A_RACE: ReadonlySet<string> = new Set(['ENOENT', 'ELEASE', 'ENOTDIR', 'EPATHNOTDIR', 'EEXIST', 'EISDIR']);
/** Whoever rewrites files also finds some open, shorter than a moment ago, or not closed for long enough. */
const REWRITERS_ARE_TOLD: ReadonlySet<string> = new Set(['EBUSY', 'EINVAL', 'ERECOVERY', 'ERETRY']);
/** Also possible while machines die or packets vanish. */
const FAULTS_SHOW_AS: ReadonlySet<string> = new Set([
  'ECONN',
  'ETIMEDOUT',
  'EABORT',
  'ERETRY',
  'ESAFEMODE',
  'EIO',
  'EBLOCKMISSING',
  'ECHECKSUM',
  'ENOTREPLICATED',
  'ENOREPLICA',
  'ERECOVERY',
]);

/** Makes the directories that everybody works in. */
export async function prepare(cluster: SimCluster, ledger: Ledger, machine: SimNode): Promise<void> {
  const fs = await cluster.connect(machine);
  for (const path of ['/user', BASE, `${BASE}/a`, `${BASE}/b`, `${BASE}/c`]) {
    await ledger.call('setup', 'mkdir', path, undefined, () => fs.mkdir(path, { recursive: true }));
    // Homes are for the trash alone.
    if (path !== '/user') ledger.believed.set(path, 'directory');
  }
  await fs.close();
}

export class Actor {
  readonly name: string;
  readonly machine: SimNode;
  /** It has done all it had to, or died with its machine. */
  done = false;
  private readonly user: string;
  private readonly role: Role;
  private readonly cluster: SimCluster;
  private readonly ledger: Ledger;
  private readonly options: WorkloadOptions;
  private readonly random: SeededRandom;
  private readonly clock: Clock;
  private readonly files: FileWork;

  constructor(cluster: SimCluster, ledger: Ledger, options: WorkloadOptions, name: string, role: Role, machine: SimNode) {
    this.cluster = cluster;
    this.ledger = ledger;
    this.options = options;
    this.name = name;
    this.role = role;
    this.machine = machine;
    this.random = cluster.simulation.random(`actor/${name}`);
    this.clock = machine.host.clock;
    this.user = USERS[this.random.below(USERS.length)] as string;
    this.files = new FileWork(cluster, ledger, name, this.random, this.clock, options);
  }

  /** What it is at, for messages. */
  get doing(): string {
    const calls = this.ledger.calls.filter(({ actor, ended }) => actor === this.name && ended === undefined);
    return (
      calls.map(({ kind, path, target }) => `${kind} ${path} ${target ?? ''}`.trim()).join(', ') || 'no call of the ledger'
    );
  }

  async run(): Promise<void> {
    const fs = await this.cluster.connect(this.machine, this.user);
    const { steps = Number.POSITIVE_INFINITY, over = () => false } = this.options;
    for (let step = 0; step < steps && !over(); step++) {
      await this.clock.sleep(this.random.below(this.options.maxPauseMs + 1));
      try {
        await this.step(fs);
      } catch (error) {
        this.judge(error);
        // A NameNode that has just started: what is asked of it meanwhile tells nothing.
        if (codeOf(error) === 'ESAFEMODE') await this.clock.sleep(1_000);
      }
    }
    await fs.close();
    this.done = true;
  }

  /** An error has to have a reason that the run knows of. */
  private judge(error: unknown): void {
    const code = codeOf(error);
    // The file was deleted under its writer, and the block with it.
    if (code === 'EIO' && /blk_\d+_\d+ does not exist/.test((error as Error).message)) return;
    // Only a file's owner changes its mode, and a directory of the trash is its owner's.
    if (code === 'EACCES' && this.user !== 'hdfs' && this.role === 'admin') return;
    if (this.role === 'rewriter') {
      if (REWRITERS_ARE_TOLD.has(code)) return;
      if (code === 'EIO' && /is not sufficiently replicated yet|invalid or empty/.test((error as Error).message)) return;
    }
    if (LOST_A_RACE.has(code) || (this.options.faults && FAULTS_SHOW_AS.has(code))) return;
    const stack = error instanceof Error ? error.stack : String(error);
    this.cluster.violations.add('NS1', `${this.name} (${this.role}) was answered ${code} without reason: ${stack}`);
  }

  private step(fs: Hdfs): Promise<void> {
    const chance = this.random.below(100);
    switch (this.role) {
      case 'writer':
        if (chance < 12) return this.mkdir(fs);
        return this.files.write(fs, this.directory());
      case 'rewriter':
        return this.rewrite(fs, chance);
      case 'reader':
        return this.files.read(fs);
      case 'renamer':
        if (chance < 20) return this.replace(fs);
        return this.rename(fs, chance < 80 ? 'file' : 'directory');
      case 'deleter':
        return this.remove(fs, chance < 80 ? 'file' : 'directory');
      case 'admin':
        if (chance < 30) return this.setReplication(fs);
        if (chance < 60) return this.chmod(fs);
        if (chance < 75) return this.list(fs);
        return this.trash(fs);
    }
  }

  private rewrite(fs: Hdfs, chance: number): Promise<void> {
    if (chance >= 85) return this.files.concat(fs);
    const path = this.pick(this.ledger.paths('file'));
    if (path === undefined) return Promise.resolve();
    return chance < 55 ? this.files.append(fs, path) : this.files.truncate(fs, path);
  }

  private pick<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[this.random.below(from.length)];
  }

  private directory(): string {
    return this.pick(this.ledger.paths('directory')) ?? BASE;
  }

  /** A believed path that may be moved or deleted: not one of the first directories. */
  private movable(kind: 'file' | 'directory'): string | undefined {
    return this.pick(this.ledger.paths(kind).filter((path) => path.split('/').length > 3));
  }

  // ------------------------------------------------------------------------------------------------------- namespace

  private async mkdir(fs: Hdfs): Promise<void> {
    const { ledger } = this;
    const path = `${this.directory()}/${ledger.freshName('d')}`;
    await ledger.call(this.name, 'mkdir', path, undefined, () => fs.mkdir(path));
    ledger.believed.set(path, 'directory');
  }

  private async rename(fs: Hdfs, kind: 'file' | 'directory'): Promise<void> {
    const { ledger } = this;
    const from = this.movable(kind);
    if (from === undefined) return;
    const parent = this.directory();
    if (parent === from || parent.startsWith(`${from}/`)) return;
    const to = `${parent}/${ledger.freshName('r')}`;
    await ledger.call(this.name, 'rename', from, to, () => fs.rename(from, to));
    ledger.moved(from, to);
  }

  /** Renames a file over another one. */
  private async replace(fs: Hdfs): Promise<void> {
    const { ledger } = this;
    const [from, to] = [this.movable('file'), this.movable('file')];
    if (from === undefined || to === undefined || from === to) return;
    await ledger.call(this.name, 'rename', from, to, () => fs.rename(from, to, { overwrite: true }));
    ledger.moved(from, to);
  }

  private async remove(fs: Hdfs, kind: 'file' | 'directory'): Promise<void> {
    const { ledger } = this;
    const path = this.movable(kind);
    // Mostly let it be: a tree with nothing in it breaks nothing.
    if (path === undefined || (kind === 'directory' && this.random.below(3) > 0)) return;
    await ledger.call(this.name, 'delete', path, undefined, () => fs.rm(path, { recursive: true, skipTrash: true }));
    ledger.forget(path);
  }

  private async setReplication(fs: Hdfs): Promise<void> {
    const path = this.movable('file');
    if (path === undefined) return;
    const { minReplication } = this.options;
    const replication = minReplication + this.random.below(MAX_REPLICATION - minReplication + 1);
    await this.ledger.call(this.name, 'setrep', path, String(replication), () => fs.setReplication(path, replication));
  }

  private async chmod(fs: Hdfs): Promise<void> {
    const path = this.movable('file');
    const mode = this.pick(MODES);
    if (path === undefined || mode === undefined) return;
    await this.ledger.call(this.name, 'chmod', path, mode.toString(8), () => fs.chmod(path, mode));
  }

  /** Shows each name once, whatever happens meanwhile. */
  private async list(fs: Hdfs): Promise<void> {
    const path = this.directory();
    const names = await fs.readdir(path);
    if (new Set(names).size < names.length)
      this.cluster.violations.add('NS2', `${path} lists a name twice: ${names.join(' ')}`);
  }

  private async trash(fs: Hdfs): Promise<void> {
    const { ledger } = this;
    const path = this.movable('file');
    if (path === undefined) return;
    const { trashPath } = await ledger.call(this.name, 'trash', path, undefined, () => fs.rm(path));
    if (trashPath !== undefined) ledger.checkTrashed(path, this.cluster.violations);
    ledger.forget(path);
  }
}
