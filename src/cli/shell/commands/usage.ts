// df, du, dus: tables of space. Apache: FsUsage.

import { binaryPrefix, percent } from '../../../base/sizes.ts';
import { Command } from '../command.ts';
import { parseOptions } from '../command-format.ts';
import type { Item } from '../item.ts';

/** Columns as wide as their widest cell, two spaces between them. */
class Table {
  readonly #rows: (readonly string[])[] = [];
  readonly #right: ReadonlySet<number>;
  readonly #headed: boolean;

  constructor(headers: readonly string[] | undefined, right: readonly number[] = []) {
    this.#headed = headers !== undefined;
    if (headers !== undefined) this.#rows.push(headers);
    this.#right = new Set(right);
  }

  add(...cells: readonly string[]): void {
    this.#rows.push(cells);
  }

  lines(): readonly string[] {
    if (this.#rows.length <= (this.#headed ? 1 : 0)) return [];
    const columns = this.#rows[0]?.length ?? 0;
    const widths = Array.from({ length: columns }, (_, column) =>
      this.#rows.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0),
    );
    return this.#rows.map((row) =>
      row
        .map((cell, column) => {
          if (this.#right.has(column)) return cell.padStart(widths[column] ?? 0);
          return column === columns - 1 ? cell : cell.padEnd(widths[column] ?? 0);
        })
        .join('  '),
    );
  }
}

abstract class FsUsage extends Command {
  protected human = false;
  protected table = new Table(undefined);

  protected size(bytes: number): string {
    return this.human ? binaryPrefix(bytes) : String(bytes);
  }

  protected override async processArguments(items: readonly Item[]): Promise<void> {
    await super.processArguments(items);
    for (const line of this.table.lines()) this.print(line);
  }
}

export class Df extends FsUsage {
  protected processOptions(args: string[]): void {
    this.human = parseOptions(args, { min: 0, flags: ['h'] }).has('h');
    this.table = new Table(['Filesystem', 'Size', 'Used', 'Available', 'Use%'], [1, 2, 3, 4]);
    if (args.length === 0) args.push('/');
  }

  protected async processPath(item: Item): Promise<void> {
    const { capacity, used, remaining } = await item.fs.status();
    this.table.add(item.fs.uri, this.size(capacity), this.size(used), this.size(remaining), percent(used, capacity));
  }
}

export class Du extends FsUsage {
  #summary = false;
  #withoutSnapshots = false;

  protected processOptions(args: string[]): void {
    const options = parseOptions(args, { min: 0, flags: ['h', 's', 'v', 'x'] });
    this.human = options.has('h');
    this.#summary = options.has('s');
    this.#withoutSnapshots = options.has('x');
    this.table = new Table(options.has('v') ? ['SIZE', 'DISK_SPACE_CONSUMED_WITH_ALL_REPLICAS', 'FULL_PATH_NAME'] : undefined);
    if (args.length === 0) args.push('.');
  }

  protected override async processPathArgument(item: Item): Promise<void> {
    if (!this.#summary && item.found.isDirectory) await this.recursePath(item);
    else await super.processPathArgument(item);
  }

  protected async processPath(item: Item): Promise<void> {
    const summary = await item.fs.contentSummary(item.path);
    const less = this.#withoutSnapshots;
    this.table.add(
      this.size(summary.length - (less ? summary.snapshotLength : 0)),
      this.size(summary.spaceConsumed - (less ? summary.snapshotSpaceConsumed : 0)),
      item.text,
    );
  }
}

export class Dus extends Du {
  protected override processOptions(args: string[]): void {
    args.unshift('-s');
    super.processOptions(args);
  }
}
