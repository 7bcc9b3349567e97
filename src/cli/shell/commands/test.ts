// test -[defswrz]: answers by its exit code.
import { Command } from '../command.ts';
import { parseOptions, UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';

const READ = 4;
const WRITE = 2;

export class Test extends Command {
  #question = '';

  protected processOptions(args: string[]): void {
    const { given } = parseOptions(args, { min: 1, max: 1, flags: ['e', 'd', 'f', 's', 'z', 'w', 'r'] });
    const [question] = given;
    if (question === undefined) throw new UsageError('No test flag given');
    if (given.length > 1) throw new UsageError('Only one test flag is allowed');
    this.#question = question;
  }

  protected async processPath(item: Item): Promise<void> {
    if (!(await this.#answer(item))) this.exitCode = 1;
  }

  #answer(item: Item): boolean | Promise<boolean> {
    const stat = item.found;
    switch (this.#question) {
      case 'd':
        return stat.isDirectory;
      case 'f':
        return stat.isFile;
      case 's':
        return stat.size > 0;
      case 'z':
        return stat.size === 0;
      case 'w':
        return item.fs.access(item.path, WRITE);
      case 'r':
        return item.fs.access(item.path, READ);
      default:
        return true;
    }
  }

  protected override async processNonexistentPath(): Promise<void> {
    this.exitCode = 1;
  }
}
