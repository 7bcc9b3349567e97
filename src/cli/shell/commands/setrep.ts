// setrep [-R] [-w] <rep> <path> ...
import { HdfsError } from '../../../base/errors.ts';
import { parseOptions, UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';
import { OverlappingCommand, type Report } from '../overlapping-command.ts';

const LOOK_AGAIN_MS = 10_000;

export class SetReplication extends OverlappingCommand {
  #replication = 0;
  #wait = false;
  readonly #waiting: Item[] = [];

  protected processOptions(args: string[]): void {
    this.#wait = parseOptions(args, { min: 2, flags: ['R', 'w'] }).has('w');
    this.recursive = true;
    const text = args.shift() ?? '';
    const value = /^[+-]?\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= -32768 && value <= 32767)) {
      this.warn('Illegal replication, a positive integer expected');
      throw new UsageError(
        Number.isNaN(value) ? `For input string: "${text}"` : `Value out of range. Value:"${text}" Radix:10`,
      );
    }
    if (value < 1) throw new UsageError('replication must be >= 1');
    this.#replication = value;
  }

  protected override async processArguments(items: readonly Item[]): Promise<void> {
    await super.processArguments(items);
    if (this.#wait) await this.#waitForAll();
  }

  protected async change(item: Item): Promise<Report | undefined> {
    const stat = item.found;
    if (!stat.isFile) return undefined;
    if (stat.erasureCoded) {
      return () => this.print(`Did not set replication for: ${item.text}, because it's an erasure coded file.`);
    }
    if (!(await item.fs.setReplication(item.path, this.#replication))) {
      throw new HdfsError('EIO', `Could not set replication for: ${item.text}`);
    }
    return () => {
      this.print(`Replication ${this.#replication} set: ${item.text}`);
      if (this.#wait) this.#waiting.push(item);
    };
  }

  async #waitForAll(): Promise<void> {
    const { stdout, interrupted } = this.context.terminal;
    for (const item of this.#waiting) {
      stdout.write(`Waiting for ${item.text} ...`);
      for (let warned = false; ; ) {
        const counts = await item.fs.blockHosts(item.path);
        const wrong = counts.find((count) => count !== this.#replication);
        if (wrong === undefined) break;
        if (wrong > this.#replication && !warned) {
          this.print('\nWARNING: the waiting time may be long for DECREASING the number of replications.');
          warned = true;
        }
        stdout.write('.');
        await this.context.host.clock.sleep(LOOK_AGAIN_MS, interrupted);
      }
      this.print(' done');
    }
  }
}
