// Copies files and trees between two file systems for put, get and cp. A file appears under its name only when it is
// whole: it is written as NAME._COPYING_ first.
import { HdfsError } from '../base/errors.ts';
import type { VerbContext } from './context.ts';
import { joinPath } from './paths.ts';
import { Progress } from './progress.ts';
import type { ShellFileSystem, ShellStat } from './shell/file-system.ts';
import type { Item } from './shell/item.ts';

export interface CopyOptions {
  readonly recursive: boolean;
  readonly force: boolean;
  readonly replication?: number | undefined;
  /** Of a tree: what is done about a part that cannot be copied, before the others are. It may throw. */
  readonly failed?: (error: unknown) => void;
}

const COPYING = '._COPYING_';

export interface CopyTarget {
  readonly fs: ShellFileSystem;
  readonly path: string;
  readonly stat: ShellStat | undefined;
}

/** Copies one source to `target`; into it when it is a directory. Answers where it went. */
export async function copyInto(context: VerbContext, source: Item, target: CopyTarget, options: CopyOptions): Promise<string> {
  const { fs } = target;
  const path = target.stat?.isDirectory === true ? joinPath(target.path, source.name) : target.path;
  if (source.found.isDirectory && !options.recursive) {
    throw new HdfsError('EISDIR', `${source.text} is a directory; add -r to copy it with all it holds`);
  }
  if (source.fs === fs && (path === source.path || path.startsWith(`${source.path}/`))) {
    throw new HdfsError('EINVAL', `${source.text} cannot be copied into itself`);
  }
  await copyTree(context, { fs: source.fs, path: source.path, stat: source.found }, { fs, path }, options);
  return path;
}

export interface From {
  readonly fs: ShellFileSystem;
  readonly path: string;
  readonly stat: ShellStat;
}

async function copyTree(
  context: VerbContext,
  from: From,
  to: { readonly fs: ShellFileSystem; readonly path: string },
  options: CopyOptions,
): Promise<void> {
  const pending: { readonly from: From; readonly path: string }[] = [{ from, path: to.path }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    context.terminal.interrupted.throwIfAborted();
    const { from: source, path } = next;
    try {
      if (!source.stat.isDirectory) {
        if (source !== from) requireRegular(source);
        await copyFile(context, source, to.fs, path, options);
        continue;
      }
      const there = await to.fs.stat(path);
      if (there !== undefined && !there.isDirectory)
        throw new HdfsError('EEXIST', `${path} exists and is no directory`, { path });
      if (there === undefined) await to.fs.mkdirs(path);
      for await (const { name, stat } of source.fs.list(source.path)) {
        pending.push({ from: { fs: source.fs, path: joinPath(source.path, name), stat }, path: joinPath(path, name) });
      }
    } catch (error) {
      if (source === from || options.failed === undefined) throw error;
      options.failed(error);
    }
  }
}

/** What a tree holds besides may wait for ever: a pipe that nobody writes to. One that is named itself is read. */
export function requireRegular({ stat, path }: From): void {
  if (!stat.isFile) throw new HdfsError('EINVAL', `${path} is no regular file`, { path });
}

export async function copyFile(
  context: VerbContext,
  source: From,
  fs: ShellFileSystem,
  path: string,
  options: CopyOptions,
): Promise<void> {
  const progress = new Progress(context.host, context.terminal, path, source.stat.size, context.options.quiet);
  try {
    await writeWhole(context, progress.watch(source.fs.read(source.path)), fs, path, options);
  } finally {
    progress.finish();
  }
}

/** Writes a whole file from a stream; replaces one only with `force`, and until then that one stays. */
export async function writeWhole(
  context: VerbContext,
  bytes: AsyncIterable<Uint8Array>,
  fs: ShellFileSystem,
  path: string,
  options: CopyOptions,
): Promise<void> {
  const there = await fs.stat(path);
  if (there?.isDirectory === true) throw new HdfsError('EISDIR', `${path} is a directory`, { path });
  if (there !== undefined && !options.force) {
    throw new HdfsError('EEXIST', `${path} exists; add -f to replace it`, { path });
  }
  const aside = `${path}${COPYING}`;
  try {
    await fs.write(aside, bytes, {
      overwrite: true,
      replication: options.replication,
      // Hidden files beside those that are asked for would surprise.
      checksums: false,
      signal: context.terminal.interrupted,
    });
    await fs.rename(aside, path, options.force);
  } catch (error) {
    // What was begun is taken away; that this fails too says less than why the copy failed.
    await fs.delete(aside, false).catch(() => false);
    if (!(error instanceof HdfsError && error.message.includes(aside))) throw error;
    // Nobody has asked for a file of that name.
    const { code, message, cause, remoteClass } = error;
    throw new HdfsError(code, message.replaceAll(aside, path), { path, cause, remoteClass });
  }
}
