// put, get, cp, mv, moveFromLocal, getmerge: what has a destination. A file is written beside its name as NAME._COPYING_
// and renamed when it is whole, unless -d says otherwise. Apache: CommandWithDestination, CopyCommands, MoveCommands.
import { Command } from '../command.ts';
import { type ParsedOptions, parseOptions, parseWhole, UsageError } from '../command-format.ts';
import { expandGlob } from '../glob.ts';
import { byPath, Item, splitPath } from '../item.ts';
import { emptyPath, exists, isDirectory, isNotDirectory, notFound, pathError } from '../path-errors.ts';
import { copiesRaw, type Preserved, preserve, USUALLY_PRESERVED } from '../preserve.ts';

const COPYING = '._COPYING_';
/** More would not copy faster. */
const MAX_THREADS = 256;

export abstract class WithDestination extends Command {
  #destination: Item | undefined;
  protected overwrite = false;
  protected direct = false;
  protected preserved: Preserved = new Set();
  /** As -l asks for it: one replica, in memory at first. */
  protected lazyPersist = false;
  protected checksums = true;
  /** Files that are copied at the same time. */
  #threads = 1;
  readonly #running = new Set<Promise<void>>();
  /** What ended a copy beside us, and ends the command. */
  readonly #failures: unknown[] = [];

  protected get destination(): Item {
    if (this.#destination === undefined) throw new UsageError('no destination');
    return this.#destination;
  }

  protected async takeRemoteDestination(args: string[]): Promise<void> {
    const text = args.length < 2 ? '.' : (args.pop() ?? '.');
    const fs = await this.context.fileSystem(text);
    const items = await expandGlob(fs, text);
    const [item] = items;
    if (item === undefined) throw notFound(text);
    if (items.length > 1) throw pathError(text, 'Too many matches');
    this.#destination = item;
  }

  protected async takeLocalDestination(args: string[]): Promise<void> {
    this.#destination = await this.localItem(args.length < 2 ? '.' : (args.pop() ?? '.'));
  }

  /** -t and -q. The queue holds nothing here: a file is opened when its turn comes. */
  protected takeThreads(options: ParsedOptions): void {
    const threads = options.value('t');
    if (threads !== undefined) this.#threads = Math.min(MAX_THREADS, Math.max(1, parseWhole(threads)));
    const queue = options.value('q');
    if (queue !== undefined) parseWhole(queue);
  }

  /** Local paths are no patterns; of a URI the path alone counts. */
  protected localItem(text: string): Promise<Item> {
    if (text === '') throw new UsageError(emptyPath().message);
    return Item.of(this.context.local, /^[a-z][a-z0-9+.-]*:\//i.test(text) ? splitPath(text).path : text);
  }

  protected override async processArguments(items: readonly Item[]): Promise<void> {
    const { destination } = this;
    if (items.length > 1) {
      if (destination.stat === undefined) throw notFound(destination.text);
      if (!destination.stat.isDirectory) throw isNotDirectory(destination.text);
    } else if (destination.stat !== undefined) {
      if (!destination.stat.isDirectory && !this.overwrite) throw exists(destination.text);
    } else if (!(await destination.parentExists())) {
      throw notFound(destination.text, destination.uri);
    }
    if (items.length < 2 && items[0]?.stat?.isDirectory !== true) this.#threads = 1;
    try {
      await super.processArguments(items);
    } finally {
      await Promise.all(this.#running);
    }
    const [failure] = this.#failures;
    if (failure !== undefined) throw failure;
  }

  protected override async processPathArgument(source: Item): Promise<void> {
    if (source.found.isDirectory && source.fs === this.destination.fs) {
      const target = await this.targetOf(source);
      if (target.path === source.path) throw pathError(source.text, 'are identical', { target: target.qualified });
      if (target.path.startsWith(source.path === '/' ? '/' : `${source.path}/`)) {
        throw pathError(source.text, 'is a subdirectory of itself', { target: target.text });
      }
    }
    await super.processPathArgument(source);
  }

  protected targetOf(source: Item): Promise<Item> {
    const { destination } = this;
    const within = this.depth > 0 || destination.stat?.isDirectory === true;
    if (within) return destination.child(source.name);
    if (destination.looksLikeDirectory) return destination.child(source.name);
    return Promise.resolve(destination);
  }

  protected async processPath(source: Item): Promise<void> {
    await this.processTo(source, await this.targetOf(source));
  }

  protected async processTo(source: Item, target: Item): Promise<void> {
    const stat = source.found;
    if (stat.isFile) await this.#copyInTurn(source, target);
    else if (stat.isDirectory && !this.recursive) throw isDirectory(source.text);
    else if (!stat.isDirectory) throw pathError(source.text, 'Operation not supported');
  }

  protected override async recursePath(source: Item): Promise<void> {
    const saved = this.destination;
    try {
      const target = await this.targetOf(source);
      this.#destination = target;
      const raw = copiesRaw(source, target);
      if (target.stat !== undefined) {
        if (!target.stat.isDirectory) throw isNotDirectory(target.text);
      } else {
        if (!(await target.fs.mkdirs(target.path))) throw pathError(target.text, undefined, { operation: 'mkdir' });
        await target.refresh();
      }
      await super.recursePath(source);
      await preserve(source, target, this.preserved, raw);
    } finally {
      this.#destination = saved;
    }
  }

  async #copyInTurn(source: Item, target: Item): Promise<void> {
    if (this.#threads === 1) return this.copyFile(source, target);
    const copy = this.copyFile(source, target).catch((error: unknown) => {
      try {
        this.fail(error);
      } catch (failure) {
        this.#failures.push(failure);
      }
    });
    const running = copy.finally(() => this.#running.delete(running));
    this.#running.add(running);
    if (this.#running.size >= this.#threads) await Promise.race(this.#running);
  }

  protected async copyFile(source: Item, target: Item): Promise<void> {
    const raw = copiesRaw(source, target);
    await this.copyStream(source.fs.read(source.path), target);
    await preserve(source, target, this.preserved, raw);
  }

  protected async copyStream(bytes: AsyncIterable<Uint8Array>, target: Item): Promise<void> {
    if (target.stat !== undefined && (target.stat.isDirectory || !this.overwrite)) throw exists(target.text);
    const { fs } = target;
    const { lazyPersist, checksums } = this;
    const replication = lazyPersist ? 1 : undefined;
    const options = { overwrite: true, replication, lazyPersist, checksums, signal: this.context.terminal.interrupted };
    if (this.direct) {
      await fs.write(target.path, bytes, options);
      return;
    }
    const aside = await target.suffix(COPYING);
    try {
      await fs.write(aside.path, bytes, options);
      if (target.stat !== undefined && !(await fs.delete(target.path, false))) {
        throw pathError(target.text, undefined, { operation: 'delete' });
      }
      if (!(await fs.move(aside.path, target.path))) {
        throw pathError(aside.text, undefined, { operation: 'rename', target: target.text });
      }
    } catch (error) {
      // What was begun is taken away; that this fails too says less than why the copy failed.
      await fs.delete(aside.path, false).catch(() => false);
      throw error;
    }
  }
}

export class Put extends WithDestination {
  protected async processOptions(args: string[]): Promise<void> {
    const options = parseOptions(args, { min: 1, flags: ['f', 'p', 'l', 'd'], withValue: ['t', 'q'] });
    this.takeThreads(options);
    this.overwrite = options.has('f');
    if (options.has('p')) this.preserved = USUALLY_PRESERVED;
    this.lazyPersist = options.has('l');
    this.direct = options.has('d');
    await this.takeRemoteDestination(args);
    this.recursive = true;
  }

  protected override async expandArgument(arg: string): Promise<Item[]> {
    return [arg === '-' ? new Item(this.context.local, '-', undefined) : await this.localItem(arg)];
  }

  protected override async processArguments(items: readonly Item[]): Promise<void> {
    const [only] = items;
    if (items.length === 1 && only?.text === '-') {
      await this.copyStream(this.context.terminal.stdin(), await this.targetOf(only));
      return;
    }
    await super.processArguments(items);
  }
}

export class MoveFromLocal extends Put {
  protected override async processOptions(args: string[]): Promise<void> {
    if (args.includes('-t')) throw new UsageError('Illegal option -t');
    await super.processOptions(args);
  }

  protected override async processTo(source: Item, target: Item): Promise<void> {
    // Unlike a copy, a move does not merge into directories that exist.
    if (target.stat?.isDirectory === true) throw exists(target.text);
    await super.processTo(source, target);
  }

  protected override async postProcessPath(source: Item): Promise<void> {
    if (!(await source.fs.delete(source.path, false))) throw pathError(source.text, undefined, { operation: 'remove' });
  }
}

export class Get extends WithDestination {
  #ignoreChecksums = false;

  protected async processOptions(args: string[]): Promise<void> {
    const options = parseOptions(args, { min: 1, flags: ['crc', 'ignoreCrc', 'p', 'f'], withValue: ['t', 'q'] });
    this.checksums = options.has('crc');
    this.#ignoreChecksums = options.has('ignoreCrc');
    if (options.has('p')) this.preserved = USUALLY_PRESERVED;
    this.overwrite = options.has('f');
    this.takeThreads(options);
    this.recursive = true;
    await this.takeLocalDestination(args);
  }

  protected override async copyFile(source: Item, target: Item): Promise<void> {
    if (this.#ignoreChecksums) source.fs.ignoreChecksums();
    await super.copyFile(source, target);
  }
}

export class Cp extends WithDestination {
  protected async processOptions(args: string[]): Promise<void> {
    const at = args.findIndex((arg) => arg === '--' || arg.startsWith('-p'));
    const option = args[at];
    if (option !== undefined && option !== '--') {
      args.splice(at, 1);
      this.preserved = option.length === 2 ? USUALLY_PRESERVED : attributesToKeep(option.slice(2));
    }
    const options = parseOptions(args, { min: 2, flags: ['f', 'd'], withValue: ['t', 'q'] });
    this.direct = options.has('d');
    this.overwrite = options.has('f');
    this.takeThreads(options);
    this.recursive = true;
    await this.takeRemoteDestination(args);
  }
}

/** Letters of -p, in either case. */
function attributesToKeep(letters: string): Preserved {
  const unknown = /[^topax]/i.exec(letters)?.[0];
  if (unknown !== undefined) throw new UsageError(`No attribute for ${unknown}`);
  return new Set(letters.toLowerCase());
}

export class Mv extends WithDestination {
  protected async processOptions(args: string[]): Promise<void> {
    parseOptions(args, { min: 2 });
    await this.takeRemoteDestination(args);
  }

  protected override async processTo(source: Item, target: Item): Promise<void> {
    if (source.fs !== target.fs) throw pathError(source.text, 'Does not match target filesystem');
    if (target.stat !== undefined) throw exists(target.text);
    if (!(await target.fs.move(source.path, target.path))) throw pathError(source.text);
  }
}

export class GetMerge extends WithDestination {
  #newline = false;
  #skipEmpty = false;
  readonly #sources: Item[] = [];

  protected async processOptions(args: string[]): Promise<void> {
    const options = parseOptions(args, { min: 2, flags: ['nl', 'skip-empty-file'] });
    this.#newline = options.has('nl');
    this.#skipEmpty = options.has('skip-empty-file');
    await this.takeLocalDestination(args);
    if (this.destination.stat?.isDirectory === true) throw isDirectory(this.destination.text);
  }

  /** The paths are gathered first, so that a wrong one stops the merge before anything is written. */
  protected override async processArguments(items: readonly Item[]): Promise<void> {
    for (const item of items) {
      try {
        if (item.stat === undefined) {
          this.exitCode = 1;
          throw notFound(item.text);
        }
        if (item.stat.isDirectory) {
          const children: Item[] = [];
          for await (const child of item.children()) if (child.found.isFile) children.push(child);
          this.#sources.push(...children.sort(byPath));
        } else this.#sources.push(item);
      } catch (error) {
        this.fail(error);
      }
    }
    if (this.exitCode !== 0) return;
    const { destination } = this;
    await destination.fs.write(destination.path, this.#merged(), {
      overwrite: true,
      signal: this.context.terminal.interrupted,
    });
  }

  async *#merged(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const source of this.#sources) {
      if (source.found.size !== 0) yield* source.fs.read(source.path);
      if (this.#newline && (source.found.size !== 0 || !this.#skipEmpty)) yield Buffer.from('\n');
    }
  }
}
