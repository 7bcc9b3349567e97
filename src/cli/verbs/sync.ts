// tuskfs sync <source> <target>: makes a directory as another one is, copying only what differs.
import { HdfsError } from '../../base/errors.ts';
import { isWithin } from '../../client/paths.ts';
import { confirmed } from '../confirm.ts';
import type { VerbContext } from '../context.ts';
import { copyFile, requireRegular } from '../copy.ts';
import { counted, humanSize, sizeInWords } from '../human.ts';
import { absolutePath, joinPath } from '../paths.ts';
import type { ShellFileSystem, ShellStat } from '../shell/file-system.ts';
import { Item } from '../shell/item.ts';
import type { Verb, VerbOptions } from './verb.ts';

/** File systems keep times to the second at least; what was copied bears the time of its source. */
const SAME_TIME_MS = 1000;
const ON_LOCAL_DISK = /^(?:file:|\.{1,2}(?:\/|$))/;

interface Place {
  readonly fs: ShellFileSystem;
  readonly path: string;
  readonly stat: ShellStat | undefined;
}

interface Totals {
  copied: number;
  bytes: number;
  removed: number;
  same: number;
}

export const sync: Verb = {
  name: 'sync',
  summary: 'make a directory as another one is, copying only what differs',
  declare(command) {
    command
      .argument('<source>', 'a directory; one of the local disk begins with ./, ../ or file:')
      .argument('<target>', 'the same; one of the two at least is in the cluster')
      .option('--delete', 'remove from the target what the source does not have (to the trash where there is one)')
      .option('-n, --dry-run', 'only say what would be done')
      .option('-y, --yes', 'with --delete: without asking');
  },
  async run(context, [from, to], options) {
    const source = await placeOf(context, String(from));
    const target = await placeOf(context, String(to));
    if (source.fs.local && target.fs.local) throw new HdfsError('EINVAL', 'one of source and target must be in the cluster');
    if (source.stat?.isDirectory !== true) {
      const code = source.stat === undefined ? 'ENOENT' : 'ENOTDIR';
      throw new HdfsError(code, `${String(from)} is no directory that can be copied`, { path: source.path });
    }
    if (target.stat?.isDirectory === false) throw new HdfsError('ENOTDIR', `${String(to)} is no directory`);
    if (source.fs === target.fs && (isWithin(source.path, target.path) || isWithin(target.path, source.path))) {
      throw new HdfsError('EINVAL', 'neither of the two directories may lie in the other');
    }
    const dryRun = options.dryRun === true;
    if (options.delete === true && !dryRun && target.stat !== undefined) {
      const question = `Remove from ${String(to)} whatever ${String(from)} does not have?`;
      if (!(await confirmed(context, question, options, true))) return;
    }
    const totals: Totals = { copied: 0, bytes: 0, removed: 0, same: 0 };
    await syncDirectory(context, source, target, options, totals);
    const { copied, bytes, removed, same } = totals;
    await context.answer({ copied, bytes, removed, same, dryRun: dryRun || undefined }, () => {
      const would = dryRun ? 'would be ' : '';
      const parts = [`${counted(copied, 'file')} ${would}copied (${sizeInWords(bytes)})`];
      if (options.delete === true) parts.push(`${removed} ${would}removed`);
      return [...parts, `${same} the same`].join(', ');
    });
  },
};

async function placeOf(context: VerbContext, text: string): Promise<Place> {
  const local = ON_LOCAL_DISK.test(text);
  const fs = local ? context.local : await context.fs();
  const path = local
    ? absolutePath(text.replace(/^file:(?:\/\/(?=\/))?/, ''), context.terminal.cwd)
    : new Item(fs, text, undefined).path;
  return { fs, path, stat: await fs.stat(path) };
}

async function entriesOf({ fs, path, stat }: Place): Promise<ReadonlyMap<string, ShellStat>> {
  const entries = new Map<string, ShellStat>();
  if (stat?.isDirectory === true) for await (const entry of fs.list(path)) entries.set(entry.name, entry.stat);
  return entries;
}

/** One directory after the other, each with both its lists in memory. */
async function syncDirectory(
  context: VerbContext,
  source: Place,
  target: Place,
  options: VerbOptions,
  totals: Totals,
): Promise<void> {
  const dryRun = options.dryRun === true;
  const pending: (readonly [Place, Place])[] = [[source, target]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    context.terminal.interrupted.throwIfAborted();
    const [from, to] = next;
    const wanted = await entriesOf(from);
    const there = await entriesOf(to);
    if (to.stat === undefined && !dryRun) await to.fs.mkdirs(to.path);
    for (const [name, stat] of there) {
      const other = wanted.get(name);
      const inTheWay = other !== undefined && other.isDirectory !== stat.isDirectory;
      const path = joinPath(to.path, name);
      if (inTheWay && options.delete !== true) {
        throw new HdfsError('EEXIST', `${path} is ${stat.isDirectory ? 'a' : 'no'} directory; --delete replaces it`, { path });
      }
      if (options.delete !== true || (other !== undefined && !inTheWay)) continue;
      if (!dryRun) await remove(to.fs, path);
      totals.removed++;
      await context.answer({ action: 'remove', path, dryRun: dryRun || undefined }, () => `- ${path}`);
    }
    for (const [name, stat] of wanted) {
      const place = { fs: from.fs, path: joinPath(from.path, name), stat };
      const found = there.get(name);
      const copy = {
        fs: to.fs,
        path: joinPath(to.path, name),
        stat: found?.isDirectory === stat.isDirectory ? found : undefined,
      };
      if (stat.isDirectory) pending.push([place, copy]);
      else if (copy.stat !== undefined && isSame(stat, copy.stat)) totals.same++;
      else {
        try {
          requireRegular(place);
          if (!dryRun) {
            await copyFile(context, place, copy.fs, copy.path, { recursive: false, force: true });
            await copy.fs.setTimes(copy.path, stat.mtimeMs, undefined);
          }
        } catch (error) {
          context.failedInPart('sync', error);
          continue;
        }
        totals.copied++;
        totals.bytes += stat.size;
        const { path } = copy;
        await context.answer(
          { action: 'copy', path, size: stat.size, dryRun: dryRun || undefined },
          () => `+ ${path}  ${humanSize(stat.size)}`,
        );
      }
    }
  }
}

const isSame = (a: ShellStat, b: ShellStat): boolean => a.size === b.size && Math.abs(a.mtimeMs - b.mtimeMs) < SAME_TIME_MS;

async function remove(fs: ShellFileSystem, path: string): Promise<void> {
  if ((await fs.trash(path)) === undefined) await fs.delete(path, true);
}
