// Directories, page by page as the NameNode gives them: a listing of any size never stands in memory at once unless the
// caller collects it.
import { utf8 } from '../base/bytes.ts';
import { HdfsError } from '../base/errors.ts';
import type { ClientContext } from './context.ts';
import { Dirent, HdfsStats } from './stats.ts';

/** The entries of a directory in the NameNode's order: names by their bytes, taken as signed ones. Throws ENOENT, ENOTDIR. */
export async function* listDirectory(
  context: ClientContext,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<Dirent, void, undefined> {
  let startAfter: Uint8Array = new Uint8Array(0);
  for (;;) {
    const { dirList } = await context.namenode.call('getListing', { src: path, startAfter, needLocation: false }, signal);
    if (dirList === undefined) throw new HdfsError('ENOENT', `File ${path} does not exist.`, { path });
    for (const entry of dirList.partialListing) {
      // A file lists as itself, under an empty name.
      if (entry.path.length === 0) throw new HdfsError('ENOTDIR', `${path} is not a directory`, { path });
      yield new Dirent(utf8(entry.path), path, new HdfsStats(entry));
    }
    const last = dirList.partialListing.at(-1);
    if (dirList.remainingEntries === 0 || last === undefined) return;
    startAfter = last.path;
  }
}

/** All entries below a directory, each directory before what it holds. */
export async function* walk(
  context: ClientContext,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<Dirent, void, undefined> {
  const pending = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const below: string[] = [];
    for await (const entry of listDirectory(context, next, signal)) {
      yield entry;
      if (entry.isDirectory()) below.push(entry.path);
    }
    for (let i = below.length - 1; i >= 0; i--) pending.push(below[i] as string);
  }
}
