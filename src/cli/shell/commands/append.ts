// appendToFile [-n] <localsrc> ... <dst>
import { HdfsError } from '../../../base/errors.ts';
import { parseOptions } from '../command-format.ts';
import { Item } from '../item.ts';
import { isDirectory, notFound } from '../path-errors.ts';
import { WithDestination } from './copy.ts';

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // The file is made before anything goes into it.
}

export class AppendToFile extends WithDestination {
  #newBlock = false;
  #failure: unknown;

  protected async processOptions(args: string[]): Promise<void> {
    if (args.length < 2) throw new HdfsError('EIO', 'missing destination argument');
    this.#newBlock = parseOptions(args, { min: 2, flags: ['n'] }).has('n');
    await this.takeRemoteDestination(args);
  }

  protected override async expandArgument(arg: string): Promise<Item[]> {
    return [arg === '-' ? new Item(this.context.local, '-', undefined) : await this.localItem(arg)];
  }

  protected override async processArguments(items: readonly Item[]): Promise<void> {
    const { destination, context } = this;
    const { fs, path } = destination;
    const signal = context.terminal.interrupted;
    if (destination.stat === undefined) await fs.write(path, nothing(), { overwrite: false, signal });
    await fs.append(path, this.#content(items), { newBlock: this.#newBlock, signal });
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** A source that fails ends what is appended: what came before it stays, and the file is closed. */
  async *#content(items: readonly Item[]): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      const stdin = items.some((item) => item.text === '-');
      if (stdin && items.length > 1) throw new HdfsError('EIO', 'stdin (-) must be the sole input argument when present');
      for (const item of items) {
        if (stdin) yield* this.context.terminal.stdin();
        else if (item.stat === undefined) throw notFound(item.text);
        else if (item.stat.isDirectory) throw isDirectory(item.text);
        else yield* item.fs.read(item.path);
      }
    } catch (error) {
      this.#failure = error;
    }
  }
}
