// tuskfs cp <path...> <target>
import { HdfsError } from '../../base/errors.ts';
import { copyInto } from '../copy.ts';
import { Item } from '../shell/item.ts';
import { texts, type Verb } from './verb.ts';

export const cp: Verb = {
  name: 'cp',
  summary: 'copy within the file system',
  declare(command) {
    command
      .argument('<path...>', 'paths or patterns, then the target')
      .option('-r, --recursive', 'directories with all they hold')
      .option('-f, --force', 'replace files that exist');
  },
  async run(context, [paths], options) {
    const sources = [...texts(paths)];
    if (sources.length < 2) throw new HdfsError('EINVAL', 'cp needs a source and a target: tuskfs cp SOURCE... TARGET');
    const text = sources.pop() ?? '/';
    const fs = await context.fs();
    const target = await Item.of(fs, text);
    if (sources.length > 1 && target.stat?.isDirectory !== true) throw new HdfsError('ENOTDIR', `${text} is no directory`);
    const failed = (error: unknown): void => context.failedInPart('cp', error);
    const copy = { recursive: options.recursive === true, force: options.force === true, failed };
    await context.each(sources, 'cp', async (item) => {
      const path = await copyInto(context, item, { fs, path: target.path, stat: target.stat }, copy);
      await context.answer({ source: item.path, path }, () => `${item.path} -> ${path}`);
    });
  },
};
