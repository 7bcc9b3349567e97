// rm, rmr, rmdir, expunge.
import { HdfsError, messageOf } from '../../../base/errors.ts';
import { TrashFailure } from '../../../client/trash.ts';
import { joinPath } from '../../paths.ts';
import { formatSecond, type LocalTime, readLine } from '../../terminal.ts';
import { Command } from '../command.ts';
import { parseOptions, UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';
import { isDirectory, isNotDirectory, isNotEmpty, PathNotFound, pathError } from '../path-errors.ts';

export class Rm extends Command {
  #force = false;
  #directories = false;
  #skipTrash = false;
  #safely = false;

  protected processOptions(args: string[]): void {
    const options = parseOptions(args, { min: 1, flags: ['f', 'r', 'R', 'skipTrash', 'safely'] });
    this.#force = options.has('f');
    this.#directories = options.has('r') || options.has('R');
    this.#skipTrash = options.has('skipTrash');
    this.#safely = options.has('safely');
  }

  protected override async expandArgument(arg: string): Promise<Item[]> {
    try {
      return await super.expandArgument(arg);
    } catch (error) {
      if (this.#force && error instanceof PathNotFound) return [];
      throw error;
    }
  }

  protected override async processNonexistentPath(item: Item): Promise<void> {
    if (!this.#force) await super.processNonexistentPath(item);
  }

  protected async processPath(item: Item): Promise<void> {
    if (item.found.isDirectory && !this.#directories) throw isDirectory(item.text);
    if ((await this.#toTrash(item)) || !(await this.#confirmed(item))) return;
    if (!(await item.fs.delete(item.path, this.#directories))) throw pathError(item.text);
    this.print(`Deleted ${item.text}`);
  }

  async #toTrash(item: Item): Promise<boolean> {
    if (this.#skipTrash) return false;
    let moved: string | undefined;
    try {
      moved = await item.fs.trash(item.path);
    } catch (error) {
      if (!(error instanceof HdfsError) || error.code === 'ENOENT') throw error;
      const why =
        error instanceof TrashFailure
          ? `Failed to move ${item.qualified} to trash ${item.fs.qualify(error.target)}: ${error.reason}`
          : messageOf(error).split('\n', 1)[0];
      throw new HdfsError(error.code, `${why}. Consider using -skipTrash option`, { cause: error });
    }
    if (moved === undefined) return false;
    logInfo(this, 'fs.TrashPolicyDefault', `Moved: '${item.qualified}' to trash at: ${item.fs.qualify(moved)}`);
    return true;
  }

  async #confirmed(item: Item): Promise<boolean> {
    if (!this.#safely) return true;
    const limit = this.context.configuration.getLong('hadoop.shell.safely.delete.limit.num.files');
    if (limit <= 0) return true;
    const { fileCount } = await item.fs.contentSummary(item.path);
    if (fileCount <= limit) return true;
    const { stderr } = this.context.terminal;
    for (;;) {
      stderr.write(`Proceed deleting ${fileCount} files? (Y or N) `);
      const answer = (await readLine(this.context.terminal))?.trim().toLowerCase();
      if (answer === 'y' || answer === 'yes') return true;
      if (answer === 'n' || answer === 'no' || answer === undefined) break;
      stderr.write(`Invalid input: ${answer}\n`);
    }
    stderr.write('Delete aborted at user request.\n\n');
    return false;
  }
}

/** A line as Hadoop's shell logs it on standard error. */
function logInfo(command: Command, logger: string, message: string): void {
  const { terminal, host } = command.context;
  const now = host.clock.now();
  const millis = String(now % 1000).padStart(3, '0');
  terminal.stderr.write(`${formatSecond(terminal.localTime(now))},${millis} INFO ${logger}: ${message}\n`);
}

export class Rmr extends Rm {
  protected override processOptions(args: string[]): void {
    args.unshift('-r');
    super.processOptions(args);
  }
}

export class Rmdir extends Command {
  #ignoreNonEmpty = false;

  protected processOptions(args: string[]): void {
    const flag = '-ignore-fail-on-non-empty';
    this.#ignoreNonEmpty = parseOptions(args, { min: 1, flags: [flag] }).has(flag);
  }

  protected async processPath(item: Item): Promise<void> {
    if (!item.found.isDirectory) throw isNotDirectory(item.text);
    for await (const _entry of item.fs.list(item.path)) {
      if (this.#ignoreNonEmpty) return;
      throw isNotEmpty(item.text);
    }
    if (!(await item.fs.delete(item.path, false))) throw pathError(item.text);
  }
}

const CURRENT = 'Current';
/** Tries to find a free name for a checkpoint. Apache: TrashPolicyDefault.createCheckpoint. */
const MAX_SAME_SECOND = 1000;

export class Expunge extends Command {
  #immediately = false;
  #fileSystem: string | undefined;

  protected processOptions(args: string[]): void {
    const options = parseOptions(args, { min: 0, max: 2, flags: ['immediate'], withValue: ['fs'] });
    this.#immediately = options.has('immediate');
    const text = options.value('fs');
    this.#fileSystem = text === undefined || text === '' ? undefined : defaultFileSystem(text);
  }

  protected override async processArguments(): Promise<void> {
    const fs = await this.context.fileSystem(this.#fileSystem ?? '/');
    const { clock } = this.context.host;
    const root = joinPath(fs.workingDirectory, '.Trash');
    logInfo(this, 'fs.TrashPolicyDefault', `TrashPolicyDefault#deleteCheckpoint for trashRoot: ${fs.qualify(root)}`);
    if ((await fs.stat(root)) === undefined) return;
    const keepMs = this.context.configuration.getDuration('fs.trash.interval');
    const names: string[] = [];
    for await (const { name } of fs.list(root)) names.push(name);
    for (const name of names) {
      if (name === CURRENT) continue;
      const time = checkpointTime(name, (at) => this.context.terminal.fromLocalTime(at));
      const path = joinPath(root, name);
      if (time === undefined) logInfo(this, 'fs.TrashPolicyDefault', `Unexpected item in trash: ${path}. Ignoring.`);
      else if (this.#immediately || clock.now() - keepMs > time) {
        await fs.delete(path, true);
        logInfo(this, 'fs.TrashPolicyDefault', `Deleted trash checkpoint: ${path}`);
      }
    }
    const current = joinPath(root, CURRENT);
    if ((await fs.stat(current)) === undefined) return;
    if (this.#immediately) {
      // What was removed just now goes too: a checkpoint is made and deleted.
      const made = await this.#checkpoint(fs, root, current);
      await fs.delete(made, true);
      logInfo(this, 'fs.TrashPolicyDefault', `Deleted trash checkpoint: ${made}`);
      return;
    }
    await this.#checkpoint(fs, root, current);
  }

  async #checkpoint(fs: Item['fs'], root: string, current: string): Promise<string> {
    const base = joinPath(root, checkpointName(this.context.terminal.localTime(this.context.host.clock.now())));
    for (let attempt = 0; attempt <= MAX_SAME_SECOND; attempt++) {
      const path = attempt === 0 ? base : `${base}-${attempt}`;
      try {
        await fs.rename(current, path);
      } catch (error) {
        if (error instanceof HdfsError && error.code === 'EEXIST') continue;
        throw error;
      }
      logInfo(this, 'fs.TrashPolicyDefault', `Created trash checkpoint: ${path}`);
      return path;
    }
    throw new HdfsError('EIO', `Failed to checkpoint trash: ${base}`);
  }

  protected async processPath(): Promise<void> {
    // Takes no paths.
  }
}

/** A default file system as Hadoop reads it: a bare name is that of a NameNode. Throws UsageError for a path. */
function defaultFileSystem(text: string): string {
  if (text.includes('://')) return text;
  if (text.includes('/')) throw new UsageError(`No scheme in default FS: ${text}`);
  return `hdfs://${text}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** yyMMddHHmmss */
function checkpointName(time: LocalTime): string {
  return `${two(time.year % 100)}${two(time.month)}${two(time.day)}${two(time.hour)}${two(time.minute)}${two(time.second)}`;
}

/** When a checkpoint of the trash was made, by its name; undefined for another name. */
export function checkpointTime(name: string, fromLocalTime: (time: LocalTime) => number): number | undefined {
  const match = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:-\d+)?$/.exec(name);
  if (match === null) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return fromLocalTime({ year: 2000 + year, month, day, hour, minute, second });
}
