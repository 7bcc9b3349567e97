// truncate [-w] <length> <path> ...
import { HdfsError } from '../../../base/errors.ts';
import { Command } from '../command.ts';
import { parseOptions, UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';
import { isDirectory } from '../path-errors.ts';

const LOOK_AGAIN_MS = 1000;

export class Truncate extends Command {
  #length = 0;
  #wait = false;
  readonly #waiting: Item[] = [];

  protected processOptions(args: string[]): void {
    this.#wait = parseOptions(args, { min: 2, flags: ['w'] }).has('w');
    const text = args.shift() ?? '';
    const value = /^[+-]?\d{1,19}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) {
      this.warn('Illegal length, a non-negative integer expected');
      throw new UsageError(`For input string: "${text}"`);
    }
    if (value < 0) throw new UsageError('length must be >= 0');
    this.#length = value;
  }

  protected override async processArguments(items: readonly Item[]): Promise<void> {
    await super.processArguments(items);
    for (const item of this.#waiting) await this.#waitFor(item);
  }

  protected async processPath(item: Item): Promise<void> {
    const { isDirectory: directory, size } = item.found;
    if (directory) throw isDirectory(item.text);
    if (this.#length > size) {
      throw new UsageError(`Cannot truncate to a larger file size. Current size: ${size}, truncate size: ${this.#length}.`);
    }
    if (await item.fs.truncate(item.path, this.#length)) this.#printDone(item);
    else if (this.#wait) this.#waiting.push(item);
    else {
      this.print(
        `Truncating ${item.text} to length: ${this.#length}. Wait for block recovery to complete before further updating this file.`,
      );
    }
  }

  #printDone(item: Item): void {
    this.print(`Truncated ${item.text} to length: ${this.#length}`);
  }

  async #waitFor(item: Item): Promise<void> {
    this.print(`Waiting for ${item.text} ...`);
    for (;;) {
      await item.refresh();
      if (item.stat === undefined) throw new HdfsError('ENOENT', `File does not exist: ${item.path}`, { path: item.path });
      if (item.stat.size === this.#length) break;
      await this.context.host.clock.sleep(LOOK_AGAIN_MS, this.context.terminal.interrupted);
    }
    this.#printDone(item);
  }
}
