// Writers that do to a cluster what programs do, and note in the ledger what was acknowledged: files of no byte up to several
// blocks, flushes and syncs, files left open, renames of files and directories, replacing, deletes, directories. Every choice
// comes from the seed. Runs over any Host: real processes and the simulator get the same load.

import type { SeededRandom } from '../../src/base/random.ts';
import type { Hdfs } from '../../src/client/index.ts';
import type { Clock } from '../../src/host/host.ts';
import { contentOf, type Entry, moveEntries, removeEntries, type Tree, WriterLedger } from './ledger.ts';

export interface WorkloadOptions {
  readonly writers: number;
  readonly blockSize: number;
  readonly maxFileBytes: number;
  /** Files that a writer keeps before it rather deletes. */
  readonly maxFiles: number;
  /** Longest pause between two things that a writer does. */
  readonly maxPauseMs: number;
}

/** Thrown by a writer for an answer that no failure explains. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';
}

/**
 * What a call may end with while servers die: no answer, or that nothing can be done just now. A call that was made again
 * after a lost answer may fail this way and yet have happened before.
 */
const EXPECTED_FAILURES: ReadonlySet<string> = new Set([
  'ECONN',
  'ETIMEDOUT',
  'ESAFEMODE',
  'ENOTREPLICATED',
  'ERETRY',
  'EIO',
  'EABORT',
  'EPIPELINE',
]);

export class Workload {
  readonly writers: readonly WriterLedger[];
  private readonly options: WorkloadOptions;
  private readonly random: SeededRandom;
  private lastTag = 0;
  private lastName = 0;
  /** What ended writers of the present run, for messages. */
  readonly ended: string[] = [];

  constructor(random: SeededRandom, options: WorkloadOptions) {
    this.random = random;
    this.options = options;
    this.writers = Array.from({ length: options.writers }, (_, i) => new WriterLedger(`w${i}`));
  }

  get acknowledged(): number {
    return this.writers.reduce((sum, writer) => sum + writer.acknowledged, 0);
  }

  /** Runs all writers until `stopping` says so, or each has met a failure. Throws WrongAnswer. */
  async run(fs: Hdfs, clock: Clock, stopping: () => boolean): Promise<void> {
    this.ended.length = 0;
    await Promise.all(
      this.writers.map(async (writer) => {
        try {
          while (!stopping()) {
            await this.step(writer, fs);
            const pause = this.random.below(this.options.maxPauseMs + 1);
            if (pause > 0) await clock.sleep(pause);
          }
        } catch (error) {
          if (!isExpected(error)) {
            throw new WrongAnswer(`${writer.name}: ${writer.pending?.what ?? 'writing'} was answered by ${describe(error)}`, {
              cause: error,
            });
          }
          this.ended.push(`${writer.name}: ${writer.pending?.what ?? 'writing'}: ${describe(error)}`);
        }
      }),
    );
  }

  private async step(writer: WriterLedger, fs: Hdfs): Promise<void> {
    const home = `/${writer.name}`;
    const { random } = this;
    if (!writer.tree.has(home)) return this.mkdir(writer, fs, home);
    const files = pathsOf(writer.tree, 'file');
    if (files.length >= this.options.maxFiles) return this.remove(writer, fs, this.pick(files));
    const choice = random.below(100);
    if (choice < 45 || files.length < 3) return this.write(writer, fs, this.freshPath(writer), 'whole');
    if (choice < 60) return this.write(writer, fs, this.freshPath(writer), 'flushing');
    if (choice < 64) return this.write(writer, fs, this.freshPath(writer), 'left open');
    if (choice < 69) return this.write(writer, fs, this.pick(files), 'whole');
    if (choice < 79) return this.rename(writer, fs, this.pick(files), this.freshPath(writer), false);
    if (choice < 82) {
      const target = this.pick(files);
      const from = this.pick(files);
      return from === target ? undefined : this.rename(writer, fs, from, target, true);
    }
    if (choice < 85) {
      const directory = this.directory(writer);
      if (directory === home) return this.mkdir(writer, fs, this.freshPath(writer, 'd'));
      return this.rename(writer, fs, directory, `${home}/${this.freshName('r')}`, false);
    }
    if (choice < 92) return this.mkdir(writer, fs, this.freshPath(writer, 'd'));
    if (choice < 94) {
      const directory = this.directory(writer);
      if (directory !== home) return this.remove(writer, fs, directory);
    }
    return this.remove(writer, fs, this.pick(files));
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.random.below(from.length)] as T;
  }

  private directory(writer: WriterLedger): string {
    return this.pick(pathsOf(writer.tree, 'directory'));
  }

  private freshName(prefix: string): string {
    return `${prefix}${++this.lastName}`;
  }

  private freshPath(writer: WriterLedger, prefix = 'f'): string {
    return `${this.directory(writer)}/${this.freshName(prefix)}`;
  }

  // ---------------------------------------------------------------------------------------------------------- changes

  private async mkdir(writer: WriterLedger, fs: Hdfs, path: string): Promise<void> {
    const apply = (tree: Tree): void => void tree.set(path, { kind: 'directory' });
    await writer.attempt({ what: `mkdir ${path}`, apply }, () => fs.mkdir(path, { recursive: true }));
  }

  private async remove(writer: WriterLedger, fs: Hdfs, path: string): Promise<void> {
    const apply = (tree: Tree): void => removeEntries(tree, path);
    await writer.attempt({ what: `delete ${path}`, apply }, () => fs.rm(path, { recursive: true, skipTrash: true }));
  }

  private async rename(writer: WriterLedger, fs: Hdfs, from: string, to: string, overwrite: boolean): Promise<void> {
    const apply = (tree: Tree): void => moveEntries(tree, from, to);
    await writer.attempt({ what: `rename ${from} to ${to}`, apply }, () => fs.rename(from, to, { overwrite }));
  }

  private async write(writer: WriterLedger, fs: Hdfs, path: string, how: 'whole' | 'flushing' | 'left open'): Promise<void> {
    const tag = ++this.lastTag;
    const progress = { written: 0, flushed: 0, synced: 0 };
    const open: Entry = { kind: 'open', tag, progress };
    const content = contentOf(tag, this.length());
    const handle = await writer.attempt({ what: `create ${path}`, apply: (tree) => void tree.set(path, open) }, () =>
      fs.open(path, 'w', { blockSize: this.options.blockSize }),
    );
    while (progress.written < content.length) {
      const left = content.length - progress.written;
      const take = how === 'whole' ? left : Math.min(left, 1 + this.random.below(this.options.blockSize));
      const from = progress.written;
      progress.written += take;
      await handle.write(content.subarray(from, from + take));
      if (how !== 'whole') await this.flush(handle, progress);
    }
    if (how === 'left open') return;
    const closed: Entry = { kind: 'file', tag, length: content.length };
    await writer.attempt({ what: `close ${path}`, apply: (tree) => void tree.set(path, closed) }, () => handle.close());
  }

  private async flush(
    handle: { hflush(): Promise<void>; hsync(): Promise<void> },
    progress: { written: number; flushed: number; synced: number },
  ): Promise<void> {
    const choice = this.random.below(3);
    if (choice === 0) return;
    const { written } = progress;
    if (choice === 1) await handle.hflush();
    else {
      await handle.hsync();
      progress.synced = written;
    }
    progress.flushed = written;
  }

  /** Many small files, some of several blocks, some that end at a block's border, some empty. */
  private length(): number {
    const { blockSize, maxFileBytes } = this.options;
    const choice = this.random.below(10);
    if (choice === 0) return 0;
    if (choice === 1) return blockSize * (1 + this.random.below(Math.max(1, Math.floor(maxFileBytes / blockSize))));
    if (choice < 6) return 1 + this.random.below(Math.min(4096, maxFileBytes));
    return 1 + this.random.below(maxFileBytes);
  }
}

function pathsOf(tree: Tree, kind: Entry['kind']): string[] {
  return [...tree].filter(([, entry]) => entry.kind === kind).map(([path]) => path);
}

function isExpected(error: unknown): boolean {
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  return name === 'AbortError' || (typeof code === 'string' && EXPECTED_FAILURES.has(code));
}

export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${(error as { readonly code?: string }).code ?? error.name}: ${error.message}`;
}
