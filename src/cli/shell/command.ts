// The frame of a shell command: options, then arguments expanded, then items walked, with every failure printed as
// `name: message` and counted. The steps and their names are those of Hadoop's Command, because what is printed when
// something fails in the middle follows from them.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { defaultFileSystem } from '../../config/default-file-system.ts';
import type { Host } from '../../host/host.ts';
import { nobodyReads, type Terminal } from '../terminal.ts';
import { UsageError } from './command-format.ts';
import type { ShellFileSystem } from './file-system.ts';
import { expandGlob } from './glob.ts';
import { byPath, type Item } from './item.ts';
import { notFound, PathError } from './path-errors.ts';

/** Apache: FS_DEFAULT_NAME_DEFAULT. */
const LOCAL_FILES = 'file:///';

/** Given to every command. */
export interface ShellContext {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly configuration: Configuration;
  /** File system of a path as the user wrote it. */
  fileSystem(text: string): Promise<ShellFileSystem>;
  readonly local: ShellFileSystem;
}

export abstract class Command {
  readonly name: string;
  readonly context: ShellContext;
  protected exitCode = 0;
  protected errors = 0;
  protected recursive = false;
  protected depth = 0;

  constructor(name: string, context: ShellContext) {
    this.name = name;
    this.context = context;
  }

  // -------------------------------------------------------------------------------------------------------- printing

  protected print(line: string): void {
    this.context.terminal.stdout.write(`${line}\n`);
  }

  protected warn(message: string): void {
    this.context.terminal.stderr.write(`${this.name}: ${message}\n`);
  }

  protected fail(error: unknown): void {
    // Wrong usage and our own bugs end the command; what went wrong with one path does not.
    if (!isFailureOfPath(error) || this.context.terminal.interrupted.aborted) throw error;
    this.errors++;
    this.warn(messageOf(error).split('\n', 1)[0] ?? '');
  }

  // --------------------------------------------------------------------------------------------------------- the walk

  async run(argv: readonly string[]): Promise<number> {
    const args = [...argv];
    try {
      await this.processOptions(args);
      await this.processRawArguments(args);
    } catch (error) {
      this.fail(error);
    }
    return this.errors === 0 ? this.exitCode : 1;
  }

  protected abstract processOptions(args: string[]): void | Promise<void>;

  protected async processRawArguments(args: readonly string[]): Promise<void> {
    const items = await this.expandArguments(args);
    this.warnOfNoFileSystem();
    await this.processArguments(items);
  }

  /** Where that is asked for, a user is told that the paths are not of HDFS. Apache: FsCommand.processRawArguments. */
  private warnOfNoFileSystem(): void {
    const { configuration, terminal } = this.context;
    if (!configuration.getBoolean('hadoop.shell.missing.defaultFs.warning')) return;
    const uri = defaultFileSystem(configuration);
    if (uri === LOCAL_FILES) {
      terminal.stderr.write(`Warning: fs.defaultFS is not set when running "${this.name}" command.\n`);
    }
  }

  protected async expandArguments(args: readonly string[]): Promise<Item[]> {
    const items: Item[] = [];
    for (const arg of args) {
      try {
        items.push(...(await this.expandArgument(arg)));
      } catch (error) {
        this.fail(error);
      }
    }
    return items;
  }

  protected async expandArgument(arg: string): Promise<Item[]> {
    const items = await expandGlob(await this.context.fileSystem(arg), arg);
    if (items.length === 0) throw notFound(arg);
    return items;
  }

  protected async processArguments(items: readonly Item[]): Promise<void> {
    for (const item of items) {
      try {
        if (item.stat !== undefined) await this.processPathArgument(item);
        else await this.processNonexistentPath(item);
      } catch (error) {
        this.fail(error);
      }
    }
  }

  protected async processPathArgument(item: Item): Promise<void> {
    this.depth = 0;
    await this.processPaths(undefined, [item]);
  }

  protected async processNonexistentPath(item: Item): Promise<void> {
    throw notFound(item.text);
  }

  protected async processPaths(_parent: Item | undefined, items: readonly Item[]): Promise<void> {
    for (const item of items) {
      try {
        await this.processPath(item);
        if (this.recursive && this.isRecursable(item)) await this.recursePath(item);
        await this.postProcessPath(item);
        await this.context.terminal.stdout.ready();
      } catch (error) {
        this.fail(error);
      }
    }
  }

  protected isRecursable(item: Item): boolean {
    return item.found.isDirectory;
  }

  protected abstract processPath(item: Item): Promise<void>;

  protected async postProcessPath(_item: Item): Promise<void> {
    // Most commands have nothing to do after the entries of a directory.
  }

  /** Entries are taken whole and sorted before they are processed. */
  protected get sorted(): boolean {
    return false;
  }

  /** Entries are processed in groups of this many; 0: one by one. */
  protected get groupSize(): number {
    return 0;
  }

  protected async recursePath(item: Item): Promise<void> {
    this.depth++;
    try {
      if (this.sorted) {
        const items: Item[] = [];
        for await (const child of item.children()) items.push(child);
        await this.processPaths(item, items.sort(byPath));
        return;
      }
      const size = Math.max(1, this.groupSize);
      let group: Item[] = [];
      for await (const child of item.children()) {
        group.push(child);
        if (group.length < size) continue;
        await this.processPaths(item, group);
        group = [];
      }
      if (group.length > 0) await this.processPaths(item, group);
    } catch (error) {
      // Removed while it was listed.
      if (!(error instanceof HdfsError) || error.code !== 'ENOENT') throw error;
      this.fail(error);
    } finally {
      this.depth--;
    }
  }
}

function isFailureOfPath(error: unknown): boolean {
  // Nobody would read what another path gives either.
  if (error instanceof UsageError || nobodyReads(error)) return false;
  if (error instanceof HdfsError || error instanceof PathError) return true;
  // Of the disk or the network: Node gives them a code.
  return error instanceof Error && typeof (error as { readonly code?: unknown }).code === 'string';
}
