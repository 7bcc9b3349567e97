// tuskfs trash ls|restore|empty: what was removed, by the paths it had.
import { HdfsError } from '../../base/errors.ts';
import { confirmed } from '../confirm.ts';
import type { VerbContext } from '../context.ts';
import { EXIT, printError } from '../errors.ts';
import { columns, counted, humanSize, sizeInWords } from '../human.ts';
import { joinPath, nameOf, parentOf } from '../paths.ts';
import { checkpointTime } from '../shell/commands/delete.ts';
import type { ShellStat } from '../shell/file-system.ts';
import { Item } from '../shell/item.ts';
import { formatMinute } from '../terminal.ts';
import { texts, type Verb } from './verb.ts';

const CURRENT = 'Current';

/** Something that was removed. */
interface Removed {
  /** Where it was. */
  readonly path: string;
  readonly trashPath: string;
  readonly stat: ShellStat;
  readonly checkpoint: Checkpoint;
}

interface Checkpoint {
  readonly name: string;
  readonly path: string;
  /** When it was made, milliseconds since 1970; undefined for what is gathered still. */
  readonly timeMs: number | undefined;
}

export const trash: Verb = {
  name: 'trash',
  summary: 'what was removed: ls, restore, empty',
  declare(command) {
    command
      .argument('<action>', 'ls, restore, empty')
      .argument('[path...]', 'restore: where it was, or where it lies in the trash; ls: only what was below')
      .option('--to <path>', 'restore: to another place')
      .option('-n, --dry-run', 'restore, empty: only say what would be done')
      .option('-y, --yes', 'empty: without asking');
  },
  async run(context, [action, argument], options) {
    const paths = texts(argument);
    switch (action) {
      case 'ls':
        return list(context, paths);
      case 'restore':
        if (paths.length === 0) throw new HdfsError('EINVAL', 'trash restore needs a path: tuskfs trash ls shows them');
        if (options.to !== undefined && paths.length > 1) throw new HdfsError('EINVAL', '--to takes one path');
        return restore(context, paths, options);
      case 'empty':
        return empty(context, options);
      default:
        throw new HdfsError('EINVAL', `trash ${String(action)} is not known: ls, restore, empty`);
    }
  },
};

const rootOf = async (context: VerbContext): Promise<string> => joinPath((await context.fs()).workingDirectory, '.Trash');

/** The newest first. */
async function checkpoints(context: VerbContext): Promise<readonly Checkpoint[]> {
  const fs = await context.fs();
  const root = await rootOf(context);
  if ((await fs.stat(root)) === undefined) return [];
  const found: Checkpoint[] = [];
  for await (const { name, stat } of fs.list(root)) {
    const timeMs = name === CURRENT ? undefined : checkpointTime(name, (at) => context.terminal.fromLocalTime(at));
    // What else lies there, somebody has put there himself.
    if (!stat.isDirectory || (name !== CURRENT && timeMs === undefined)) continue;
    found.push({ name, path: joinPath(root, name), timeMs });
  }
  return found.sort((a, b) => (b.timeMs ?? Number.POSITIVE_INFINITY) - (a.timeMs ?? Number.POSITIVE_INFINITY));
}

/**
 * What was removed below a directory of the trash. The trash makes the directories above what it takes, which are still
 * where they were: a directory that is there no longer was removed itself.
 */
async function* removedBelow(
  context: VerbContext,
  checkpoint: Checkpoint,
  directory: string,
): AsyncGenerator<Removed, void, undefined> {
  const fs = await context.fs();
  for await (const { name, stat } of fs.list(directory)) {
    const trashPath = joinPath(directory, name);
    const path = trashPath.slice(checkpoint.path.length);
    if (stat.isDirectory && (await fs.stat(path))?.isDirectory === true) yield* removedBelow(context, checkpoint, trashPath);
    else yield { path, trashPath, stat, checkpoint };
  }
}

const isBelow = (path: string, top: string): boolean => path === top || path.startsWith(top === '/' ? '/' : `${top}/`);

async function list(context: VerbContext, paths: readonly string[]): Promise<void> {
  const fs = await context.fs();
  const tops = paths.map((text) => new Item(fs, text, undefined).path);
  const rows: string[][] = [];
  for (const checkpoint of await checkpoints(context)) {
    for await (const { path, trashPath, stat } of removedBelow(context, checkpoint, checkpoint.path)) {
      if (tops.length > 0 && !tops.some((top) => isBelow(path, top))) continue;
      const { timeMs } = checkpoint;
      const type = stat.isDirectory ? 'directory' : 'file';
      if (context.json) await context.answer({ path, trashPath, type, size: stat.size, checkpointMs: timeMs }, () => '');
      else {
        const when = timeMs === undefined ? CURRENT : formatMinute(context.terminal.localTime(timeMs));
        rows.push([when, stat.isDirectory ? '-' : humanSize(stat.size), `${path}${stat.isDirectory ? '/' : ''}`, trashPath]);
      }
    }
  }
  if (context.json) return;
  const { stdout } = context.terminal;
  if (rows.length === 0) stdout.write('The trash is empty.\n');
  else for (const line of columns([['Kept since', 'Size', 'Was', 'Lies at'], ...rows], [1])) stdout.write(`${line}\n`);
  await stdout.ready();
}

/** The newest that was removed from a path, or what lies at a path of the trash. */
async function findRemoved(context: VerbContext, text: string): Promise<{ readonly path: string; readonly trashPath: string }> {
  const fs = await context.fs();
  const wanted = new Item(fs, text, undefined).path;
  for (const checkpoint of await checkpoints(context)) {
    const isThere = isBelow(wanted, checkpoint.path) && wanted !== checkpoint.path;
    const trashPath = isThere ? wanted : `${checkpoint.path}${wanted === '/' ? '' : wanted}`;
    if (wanted !== '/' && (await fs.stat(trashPath)) !== undefined) {
      return { path: isThere ? wanted.slice(checkpoint.path.length) : wanted, trashPath };
    }
  }
  throw new HdfsError('ENOENT', `nothing in the trash was at ${text}`, { path: wanted });
}

async function restore(
  context: VerbContext,
  paths: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<void> {
  const fs = await context.fs();
  const hdfs = await context.hdfs();
  let done = 0;
  let code: number = EXIT.ok;
  for (const text of paths) {
    try {
      const { path: was, trashPath } = await findRemoved(context, text);
      let path = options.to === undefined ? was : new Item(fs, String(options.to), undefined).path;
      if (options.to !== undefined && (await fs.stat(path))?.isDirectory === true) path = joinPath(path, nameOf(was));
      if ((await fs.stat(path)) !== undefined) {
        throw new HdfsError('EEXIST', `${path} is there; --to names another place`, { path });
      }
      const dryRun = options.dryRun === true;
      if (!dryRun) {
        const parent = parentOf(path);
        if (parent !== undefined && (await fs.stat(parent)) === undefined) await fs.mkdirs(parent);
        await hdfs.rename(trashPath, path);
      }
      await context.answer({ trashPath, path, dryRun: dryRun || undefined }, () =>
        dryRun ? `would restore ${path}` : `${path} restored`,
      );
      done++;
    } catch (error) {
      if (!(error instanceof HdfsError) || error.code === 'ECONN') throw error;
      code ||= printError(context.terminal, 'tuskfs trash restore', error);
    }
  }
  if (code !== EXIT.ok) context.exitCode = done > 0 ? EXIT.partial : code;
}

async function empty(context: VerbContext, options: Readonly<Record<string, unknown>>): Promise<void> {
  const fs = await context.fs();
  const all = await checkpoints(context);
  const dryRun = options.dryRun === true;
  if (!dryRun && all.length > 0) {
    let [files, bytes] = [0, 0];
    for (const { path } of all) {
      const { fileCount, length } = await fs.contentSummary(path);
      [files, bytes] = [files + fileCount, bytes + length];
    }
    if (!(await confirmed(context, `Delete ${counted(files, 'file')}, ${sizeInWords(bytes)}, for good?`, options, true)))
      return;
  }
  for (const { path } of all) {
    if (!dryRun) await fs.delete(path, true);
    await context.answer({ path, dryRun: dryRun || undefined }, () => (dryRun ? `would delete ${path}` : `${path} deleted`));
  }
  if (all.length === 0 && !context.json) await context.answer({}, () => 'The trash is empty.');
}
