// tuskfs get <path...> [local]
import { HdfsError } from '../../base/errors.ts';
import { copyInto } from '../copy.ts';
import { humanSize } from '../human.ts';
import { absolutePath } from '../paths.ts';
import { Item } from '../shell/item.ts';
import { texts, type Verb } from './verb.ts';

export const get: Verb = {
  name: 'get',
  summary: 'copy files or directories out',
  declare(command) {
    command
      .argument('<path...>', 'paths or patterns, then the local target; one path alone goes into this directory')
      .option('-f, --force', 'replace files that exist');
  },
  async run(context, [paths], options) {
    const sources = [...texts(paths)];
    const text = sources.length > 1 ? (sources.pop() ?? '.') : '.';
    const target = await Item.of(context.local, absolutePath(text, context.terminal.cwd));
    const isDirectory = target.stat?.isDirectory === true;
    if (sources.length > 1 && !isDirectory) throw new HdfsError('ENOTDIR', `${text} is no directory`);
    const failed = (error: unknown): void => context.failedInPart('get', error);
    const copy = { recursive: true, force: options.force === true, failed };
    await context.each(sources, 'get', async (item) => {
      const size = item.found.isFile ? item.found.size : undefined;
      const local = await copyInto(context, item, { fs: context.local, path: target.path, stat: target.stat }, copy);
      await context.answer(
        { path: item.path, local, size },
        () => `${local}${size === undefined ? '' : `  ${humanSize(size)}`}`,
      );
    });
  },
};
