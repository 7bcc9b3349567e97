// tuskfs append <local...> <target>
import { HdfsError } from '../../base/errors.ts';
import { absolutePath } from '../paths.ts';
import { Progress } from '../progress.ts';
import { Item } from '../shell/item.ts';
import { isDirectory, notFound } from '../shell/path-errors.ts';
import { texts, type Verb } from './verb.ts';

export const append: Verb = {
  name: 'append',
  summary: 'add local files to the end of a file, which is made when it is not there; - is the standard input',
  declare(command) {
    command.argument('<local...>', 'local files, then the target');
  },
  async run(context, [paths]) {
    const sources = [...texts(paths)];
    if (sources.length < 2) {
      throw new HdfsError('EINVAL', 'append needs local files and a target: tuskfs append FILE... TARGET');
    }
    const text = sources.pop() ?? '/';
    const { terminal, host, options } = context;
    const fs = await context.fs();
    const { path } = await Item.of(fs, text);
    for (const source of sources) {
      const item = source === '-' ? undefined : await Item.of(context.local, absolutePath(source, terminal.cwd));
      if (item?.stat?.isDirectory === true) throw isDirectory(source);
      if (item !== undefined && item.stat === undefined) throw notFound(source);
      const progress = new Progress(host, terminal, text, item?.stat?.size, options.quiet);
      const content = item === undefined ? terminal.stdin() : item.fs.read(item.path);
      await fs.append(path, progress.watch(content), { newBlock: false, signal: terminal.interrupted });
      progress.finish();
      await context.answer({ source, path, size: item?.stat?.size }, () => path);
    }
  },
};
