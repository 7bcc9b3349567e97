// touchz and touch.
import { Command } from '../command.ts';
import { parseOptions, UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';
import { isDirectory, notFound, pathError } from '../path-errors.ts';

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // An empty file has no chunks.
}

abstract class Toucher extends Command {
  protected async create(item: Item): Promise<void> {
    await item.fs.write(item.path, nothing(), { overwrite: true, signal: this.context.terminal.interrupted });
  }

  protected override async processNonexistentPath(item: Item): Promise<void> {
    if (!(await item.parentExists())) throw notFound(item.text, item.uri);
    await this.touchNew(item);
  }

  protected abstract touchNew(item: Item): Promise<void>;
}

export class Touchz extends Toucher {
  protected processOptions(args: string[]): void {
    parseOptions(args, { min: 1 });
  }

  protected async processPath(item: Item): Promise<void> {
    if (item.found.isDirectory) throw isDirectory(item.text);
    if (item.found.size !== 0) throw pathError(item.text, 'Not a zero-length file');
    await this.create(item);
  }

  protected touchNew(item: Item): Promise<void> {
    return this.create(item);
  }
}

export class Touch extends Toucher {
  #modification = false;
  #access = false;
  #doNotCreate = false;
  #timestamp: string | undefined;

  protected processOptions(args: string[]): void {
    const at = args.indexOf('-t');
    if (at >= 0 && (args.indexOf('--') < 0 || at < args.indexOf('--'))) {
      const [, value] = args.splice(at, 2);
      if (value === undefined) throw new UsageError('option -t requires 1 argument.');
      this.#timestamp = value;
    }
    const options = parseOptions(args, { min: 1, flags: ['t', 'a', 'm', 'c'] });
    this.#modification = options.has('m');
    this.#access = options.has('a');
    this.#doNotCreate = options.has('c');
  }

  protected async processPath(item: Item): Promise<void> {
    await this.#setTimes(item);
  }

  protected async touchNew(item: Item): Promise<void> {
    if (this.#doNotCreate) return;
    await this.create(item);
    if (this.#timestamp !== undefined) await this.#setTimes(item);
  }

  async #setTimes(item: Item): Promise<void> {
    const time = this.#timestamp === undefined ? this.context.host.clock.now() : this.#parse(this.#timestamp);
    const both = this.#modification === this.#access;
    await item.fs.setTimes(item.path, both || this.#modification ? time : undefined, both || this.#access ? time : undefined);
  }

  /** As Java's SimpleDateFormat: of numbers that adjoin, the last one takes as many digits as there are. */
  #parse(text: string): number {
    const match = /^(\d{4})(\d{2})(\d{1,9}):(\d{2})(\d{2})(\d{1,9})/.exec(text);
    if (match === null) {
      throw new UsageError(`Unable to parse the specified timestamp ${text}. The expected format is yyyyMMdd:HHmmss`);
    }
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
    return this.context.terminal.fromLocalTime({ year, month, day, hour, minute, second });
  }
}
