// Clients that get into each other's way: writers, readers, renamers and deleters over one tree. Each does one thing at a
// time and notes it in the ledger; every read is compared with what was written. Who does what when is a matter of the
// seed, of nothing else.
import type { SeededRandom } from '../src/base/random.ts';
import type { Hdfs, HdfsFileHandle } from '../src/client/index.ts';
import type { Clock } from '../src/host/host.ts';
import type { SimNode } from '../src/host/sim/index.ts';
import type { SimCluster } from './cluster.ts';
import { contentOf, firstWrongByte, keyOf } from './content.ts';
import { codeOf, type GhostFile, type Ledger } from './ledger.ts';

export type Role = 'writer' | 'reader' | 'renamer' | 'deleter' | 'admin';

export interface WorkloadOptions {
  /** Things that each actor does, */
  readonly steps?: number | undefined;
  /** or when it stops. */
  readonly over?: (() => boolean) | undefined;
  readonly minReplication: number;
  readonly maxPauseMs: number;
  /** Something fails on purpose: answers may be late or missing. */
  readonly faults: boolean;
}

export const DEFAULT_ROLES: readonly Role[] = ['writer', 'writer', 'writer', 'reader', 'reader', 'renamer', 'deleter'];

const BASE = '/shared';
const USERS = ['hdfs', 'alice', 'bob'];
const MAX_REPLICATION = 3;
/** Of files: whoever may read and write one may go on doing so. */
const MODES = [0o666, 0o667, 0o676, 0o677, 0o766, 0o767, 0o776, 0o777];
const BLOCK_SIZES = [4_096, 8_192, 16_384];
const MAX_FILE_BYTES = 60_000;

/** Somebody else was quicker: the path, its parent or the lease is gone. */
const LOST_A_RACE: ReadonlySet<string> = new Set(['ENOENT', 'ELEASE', 'ENOTDIR', 'EPATHNOTDIR', 'EEXIST', 'EISDIR']);
/** Also possible while machines die or packets vanish. */
const FAULTS_SHOW_AS: ReadonlySet<string> = new Set([
  'ECONN',
  'ETIMEDOUT',
  'EABORT',
  'ERETRY',
  'ESAFEMODE',
  'EIO',
  'EBLOCKMISSING',
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
  /** What it is at, for messages. */
  doing = 'connecting';
  private readonly user: string;
  private readonly role: Role;
  private readonly cluster: SimCluster;
  private readonly ledger: Ledger;
  private readonly options: WorkloadOptions;
  private readonly random: SeededRandom;
  private readonly clock: Clock;

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
    if (LOST_A_RACE.has(code) || (this.options.faults && FAULTS_SHOW_AS.has(code))) return;
    const stack = error instanceof Error ? error.stack : String(error);
    this.cluster.violations.add('NS1', `${this.name} (${this.role}) was answered ${code} without reason: ${stack}`);
  }

  private step(fs: Hdfs): Promise<void> {
    const chance = this.random.below(100);
    switch (this.role) {
      case 'writer':
        if (chance < 12) return this.mkdir(fs);
        return this.write(fs);
      case 'reader':
        return this.read(fs);
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
    await ledger.call(this.name, 'trash', path, undefined, () => fs.rm(path));
    ledger.forget(path);
  }

  // ------------------------------------------------------------------------------------------------------------ bytes

  private async write(fs: Hdfs): Promise<void> {
    const { ledger, random } = this;
    const path = `${this.directory()}/${ledger.freshName('f')}`;
    const blockSize = this.pick(BLOCK_SIZES) ?? 4_096;
    const file: GhostFile = {
      key: ledger.freshKey(random),
      createPath: path,
      blockSize,
      created: 'unknown',
      written: 0,
      flushed: 0,
      flushedAtLosses: 0,
      synced: 0,
      closed: 'no',
      seen: 0,
      seenAtLosses: 0,
    };
    ledger.files.set(file.key, file);
    const { minReplication } = this.options;
    const replication = minReplication + random.below(MAX_REPLICATION - minReplication + 1);
    const options = { blockSize, replication, createParent: false };
    const handle = await ledger.call(this.name, 'create', path, undefined, () => fs.open(path, 'wx', options));
    file.created = 'ok';
    ledger.believed.set(path, 'file');
    ledger.keys.set(path, file.key);
    const length = this.length(blockSize);
    const flushEvery = random.below(4);
    while (file.written < length) {
      const take = Math.min(length - file.written, 1 + random.below(6_000));
      const bytes = contentOf(file.key, file.written, take);
      file.written += take;
      ledger.bytesWritten += take;
      await handle.write(bytes);
      if (flushEvery > 0 && random.below(flushEvery + 1) === 0) await this.flush(handle, file);
      if (random.below(8) === 0) await this.clock.sleep(random.below(400));
    }
    // Some writers walk away: their leases run out.
    if (random.below(12) === 0) return;
    file.closed = 'asked';
    await ledger.call(this.name, 'close', path, undefined, () => handle.close());
    file.closed = 'acked';
  }

  /** None, a border of a block, or anything. */
  private length(blockSize: number): number {
    const chance = this.random.below(10);
    if (chance === 0) return 0;
    if (chance === 1) return blockSize * (1 + this.random.below(3));
    if (chance < 6) return 1 + this.random.below(5_000);
    return 1 + this.random.below(MAX_FILE_BYTES);
  }

  private async flush(handle: HdfsFileHandle, file: GhostFile): Promise<void> {
    const end = file.written;
    const losses = this.cluster.dataPowerLosses;
    const sync = this.random.below(2) === 0;
    const look = this.cluster.beforeFlush?.(file, end, sync ? 'sync' : 'flush');
    if (sync) await handle.hsync();
    else await handle.hflush();
    look?.();
    file.flushed = end;
    file.flushedAtLosses = losses;
    if (sync) file.synced = end;
  }

  /** BK6: what a reader gets is what was written. BK4, BK5: what was flushed or seen before is there. */
  private async read(fs: Hdfs): Promise<void> {
    const { ledger, cluster, random } = this;
    const path = this.pick(ledger.paths('file'));
    if (path === undefined) return;
    const believed = ledger.files.get(ledger.keys.get(path) ?? -1);
    const losses = cluster.dataPowerLosses;
    const promised =
      believed === undefined
        ? 0
        : Math.max(
            believed.synced,
            believed.flushedAtLosses === losses ? believed.flushed : 0,
            believed.seenAtLosses === losses ? believed.seen : 0,
            believed.closed === 'acked' ? believed.written : 0,
          );
    const offset = random.below(2) === 0 ? 0 : random.below(Math.max(1, promised));
    const length = random.below(2) === 0 ? MAX_FILE_BYTES * 2 : 1 + random.below(20_000);
    let bytes: Buffer;
    try {
      bytes = await fs.readFile(path, { offset, length });
    } catch (error) {
      ledger.failed('read', codeOf(error));
      throw error;
    }
    ledger.reads++;
    ledger.bytesRead += bytes.length;
    // Too few bytes to bear a name: the file that is meant, or any that they fit.
    const fits = (each: GhostFile | undefined) => each !== undefined && firstWrongByte(each.key, offset, bytes) < 0;
    const key = keyOf(bytes, offset);
    let file = key === undefined ? undefined : ledger.files.get(key);
    if (bytes.length < 16) file ??= fits(believed) ? believed : [...ledger.files.values()].find(fits);
    if (file === undefined) {
      cluster.violations.add('BK6', `${this.name} read ${bytes.length} bytes at ${offset} of ${path} that no file ever held`);
      return;
    }
    const wrong = firstWrongByte(file.key, offset, bytes);
    if (wrong >= 0) cluster.violations.add('BK6', `${path} (written as ${file.createPath}) has a wrong byte at ${wrong}`);
    const end = offset + bytes.length;
    if (end > file.written) cluster.violations.add('BK5', `${path} has ${end} bytes, ${file.written} were written`);
    // Another power loss on the way may have taken what was only flushed.
    const owed = Math.min(promised, offset + length);
    if (file === believed && end < owed && cluster.dataPowerLosses === losses) {
      cluster.violations.add('BK5', `${path} (written as ${file.createPath}) shows ${end} bytes, ${owed} were promised`);
    }
    if (end > file.seen) {
      file.seen = end;
      file.seenAtLosses = losses;
    }
  }
}
