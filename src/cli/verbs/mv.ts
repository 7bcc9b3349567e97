// tuskfs mv <path...> <target>
import { HdfsError } from '../../base/errors.ts';
import { joinPath } from '../paths.ts';
import { Item } from '../shell/item.ts';
import { texts, type Verb } from './verb.ts';

export const mv: Verb = {
  name: 'mv',
  summary: 'move or rename',
  declare(command) {
    command
      .argument('<path...>', 'paths or patterns, then the target')
      .option('-f, --force', 'replace a file or an empty directory that exists');
  },
  async run(context, [paths], options) {
    const sources = [...texts(paths)];
    if (sources.length < 2) throw new HdfsError('EINVAL', 'mv needs a source and a target: tuskfs mv SOURCE... TARGET');
    const text = sources.pop() ?? '/';
    const target = await Item.of(await context.fs(), text);
    const into = target.stat?.isDirectory === true;
    if (sources.length > 1 && !into) throw new HdfsError('ENOTDIR', `${text} is no directory`);
    const hdfs = await context.hdfs();
    await context.each(sources, 'mv', async (item) => {
      const path = into ? joinPath(target.path, item.name) : target.path;
      const { path: source } = item;
      if (item.stat === undefined) item.found;
      await hdfs.rename(source, path, { overwrite: options.force === true });
      await context.answer({ source, path }, () => `${source} -> ${path}`);
    });
  },
};
