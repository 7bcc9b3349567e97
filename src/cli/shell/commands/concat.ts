// concat <target path> <src path> <src path> ...
import { HdfsError } from '../../../base/errors.ts';
import { Command } from '../command.ts';
import type { Item } from '../item.ts';

const USAGE = '<target path> <src path> <src path> ...';

export class Concat extends Command {
  protected processOptions(): void {
    // It has none: whatever begins with a dash is a path.
  }

  protected override async processArguments(items: readonly Item[]): Promise<void> {
    const [target, ...sources] = items;
    if (target === undefined) throw new HdfsError('EIO', `Target path not specified. ${USAGE}`);
    if (sources.length < 2) throw new HdfsError('EIO', `The number of source paths is less than 2. ${USAGE}`);
    if (target.stat?.isFile !== true) {
      throw new HdfsError('ENOENT', `Target path ${target.qualified} does not exist or is not file.`);
    }
    for (const source of sources) {
      if (source.stat?.isFile !== true) throw new HdfsError('ENOENT', `${source.qualified} does not exist or is not file.`);
    }
    await target.fs.concat(
      target.path,
      sources.map((source) => source.path),
    );
  }

  protected async processPath(item: Item): Promise<void> {
    throw new HdfsError('EIO', `${item.text} is joined with others or not at all`);
  }
}
