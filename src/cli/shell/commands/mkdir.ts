// mkdir [-p]
import { parentOf } from '../../paths.ts';
import { Command } from '../command.ts';
import { parseOptions } from '../command-format.ts';
import type { Item } from '../item.ts';
import { exists, isNotDirectory, notFound, pathError } from '../path-errors.ts';

export class Mkdir extends Command {
  #parents = false;

  protected processOptions(args: string[]): void {
    this.#parents = parseOptions(args, { min: 1, flags: ['p'] }).has('p');
  }

  protected async processPath(item: Item): Promise<void> {
    if (!item.found.isDirectory) throw isNotDirectory(item.text);
    if (!this.#parents) throw exists(item.text);
  }

  protected override async processNonexistentPath(item: Item): Promise<void> {
    if (!this.#parents) {
      const parent = parentOf(item.path);
      if (parent !== undefined && (await item.fs.stat(parent)) === undefined) throw notFound(item.fs.qualify(parent));
    }
    if (!(await item.fs.mkdirs(item.path))) throw pathError(item.text);
  }
}
