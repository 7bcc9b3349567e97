// ls, and lsr. Widths of columns grow while the command runs and never shrink, as in Hadoop's Ls.

import { formatPermission } from '../../../base/mode.ts';
import { binaryPrefix } from '../../../base/sizes.ts';
import { formatMinute } from '../../terminal.ts';
import { Command } from '../command.ts';
import { parseOptions } from '../command-format.ts';
import { byPath, type Item } from '../item.ts';

/** Entries whose widths are measured together. Apache: Ls.getListingGroupSize. */
const GROUP = 100;

export class Ls extends Command {
  #pathOnly = false;
  #directoriesAsFiles = false;
  #human = false;
  #hideNonPrintable = false;
  #reverse = false;
  #order: 'path' | 'time' | 'size' = 'path';
  #atime = false;
  #policies = false;
  #widths = { replication: 3, length: 10, owner: 0, group: 0, policy: 0 };

  protected processOptions(args: string[]): void {
    const options = parseOptions(args, { min: 0, flags: ['C', 'd', 'h', 'q', 'R', 'r', 't', 'S', 'u', 'e'] });
    this.#pathOnly = options.has('C');
    this.#directoriesAsFiles = options.has('d');
    this.recursive = options.has('R') && !this.#directoriesAsFiles;
    this.#human = options.has('h');
    this.#hideNonPrintable = options.has('q');
    this.#reverse = options.has('r');
    this.#order = options.has('t') ? 'time' : options.has('S') ? 'size' : 'path';
    this.#atime = options.has('u');
    this.#policies = options.has('e');
    if (args.length === 0) args.push('.');
  }

  protected override get sorted(): boolean {
    return !this.recursive || this.#order !== 'path' || this.#reverse;
  }

  protected override get groupSize(): number {
    return this.#pathOnly ? 0 : GROUP;
  }

  protected override async processPathArgument(item: Item): Promise<void> {
    if (!this.#directoriesAsFiles && item.found.isDirectory) await this.recursePath(item);
    else await super.processPathArgument(item);
  }

  protected override async processPaths(parent: Item | undefined, items: readonly Item[]): Promise<void> {
    let ordered = items;
    if (parent !== undefined && !this.recursive && items.length !== 0) {
      if (!this.#pathOnly) this.print(`Found ${items.length} items`);
      ordered = [...items].sort((a, b) => this.#compare(a, b));
    }
    if (!this.#pathOnly) await this.#measure(items);
    await super.processPaths(parent, ordered);
  }

  #compare(a: Item, b: Item): number {
    const direction = this.#reverse ? -1 : 1;
    switch (this.#order) {
      case 'time':
        return (this.#time(b) - this.#time(a)) * direction;
      case 'size':
        return (b.found.size - a.found.size) * direction;
      case 'path':
        return byPath(a, b) * direction;
    }
  }

  #time(item: Item): number {
    return this.#atime ? item.found.atimeMs : item.found.mtimeMs;
  }

  /** Directories without one have none to show. */
  async #policyOf(item: Item): Promise<string> {
    return (await item.fs.contentSummary(item.path)).erasureCodingPolicy ?? '';
  }

  async #measure(items: readonly Item[]): Promise<void> {
    const widths = this.#widths;
    widths.policy = 0;
    if (this.#policies) {
      for (const item of items) widths.policy = Math.max(widths.policy, (await this.#policyOf(item)).length);
    }
    for (const { found } of items) {
      widths.replication = Math.max(widths.replication, String(found.isDirectory ? 0 : found.replication).length);
      widths.length = Math.max(widths.length, String(found.size).length);
      widths.owner = Math.max(widths.owner, found.owner.length);
      widths.group = Math.max(widths.group, found.group.length);
    }
  }

  protected async processPath(item: Item): Promise<void> {
    if (this.#pathOnly) {
      this.print(item.text);
      return;
    }
    const stat = item.found;
    const { replication, length, owner, group, policy } = this.#widths;
    const named = (text: string, width: number) => (width > 0 ? `${text.padEnd(width)} ` : text);
    const policyName = this.#policies ? named(await this.#policyOf(item), policy) : '';
    const size = this.#human ? binaryPrefix(stat.size) : String(stat.size);
    this.print(
      `${stat.isDirectory ? 'd' : '-'}${formatPermission(stat.permission)}${stat.hasAcl ? '+' : ' '}` +
        `${(stat.isFile ? String(stat.replication) : '-').padStart(replication)} ` +
        `${named(stat.owner, owner)}${named(stat.group, group)}${policyName}${size.padStart(length)} ` +
        `${formatMinute(this.context.terminal.localTime(this.#time(item)))} ` +
        `${this.#hideNonPrintable ? printable(item.text) : item.text}`,
    );
  }
}

/** ? for every character that a terminal would not show. Apache: PrintableString. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu, '?');
}

export class Lsr extends Ls {
  protected override processOptions(args: string[]): void {
    args.unshift('-R');
    super.processOptions(args);
  }
}
