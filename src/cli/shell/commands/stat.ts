// stat [format]

import { formatPermission } from '../../../base/mode.ts';
import { formatSecond } from '../../terminal.ts';
import { Command } from '../command.ts';
import { parseOptions } from '../command-format.ts';
import type { Item } from '../item.ts';

export class Stat extends Command {
  #format = '%y';

  protected processOptions(args: string[]): void {
    this.recursive = parseOptions(args, { min: 1, flags: ['R'] }).has('R');
    if (args[0]?.includes('%') === true) this.#format = args.shift() ?? '';
    parseOptions(args, { min: 1, flags: ['R'] });
  }

  protected async processPath(item: Item): Promise<void> {
    // A per cent sign at the very end is dropped.
    this.print(this.#format.replace(/%(.?)/gs, (_, letter: string) => this.#field(letter, item)));
  }

  #field(letter: string, item: Item): string {
    const stat = item.found;
    const { terminal } = this.context;
    switch (letter) {
      case 'a':
        // The sticky bit is the fourth digit, where it is set.
        return stat.permission.toString(8);
      case 'A':
        return formatPermission(stat.permission);
      case 'b':
        return String(stat.size);
      case 'F':
        return stat.isDirectory ? 'directory' : stat.isFile ? 'regular file' : 'symlink';
      case 'g':
        return stat.group;
      case 'n':
        return item.name;
      case 'o':
        return String(stat.blockSize);
      case 'r':
        return String(stat.replication);
      case 'u':
        return stat.owner;
      case 'x':
        return formatSecond(terminal.localTime(stat.atimeMs));
      case 'X':
        return String(stat.atimeMs);
      case 'y':
        return formatSecond(terminal.localTime(stat.mtimeMs));
      case 'Y':
        return String(stat.mtimeMs);
      default:
        return letter;
    }
  }
}
