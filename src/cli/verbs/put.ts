// tuskfs put <local...> <target>
import { HdfsError } from '../../base/errors.ts';
import { copyInto, writeWhole } from '../copy.ts';
import { printError } from '../errors.ts';
import { humanSize } from '../human.ts';
import { absolutePath } from '../paths.ts';
import { Progress } from '../progress.ts';
import { Item } from '../shell/item.ts';
import { notFound } from '../shell/path-errors.ts';
import { texts, type Verb, wholeNumber } from './verb.ts';

export const put: Verb = {
  name: 'put',
  summary: 'copy local files or directories in; - is the standard input',
  declare(command) {
    command
      .argument('<local...>', 'local files or directories, then the target')
      .option('-f, --force', 'replace files that exist')
      .option('--replication <n>', 'replicas of the new files', wholeNumber(1));
  },
  async run(context, [paths], options) {
    const sources = [...texts(paths)];
    if (sources.length < 2) throw new HdfsError('EINVAL', 'put needs local files and a target: tuskfs put FILE... TARGET');
    const text = sources.pop() ?? '/';
    const fs = await context.fs();
    const target = await Item.of(fs, text);
    if (sources.length > 1 && target.stat?.isDirectory !== true) throw new HdfsError('ENOTDIR', `${text} is no directory`);
    const replication = options.replication;
    const copy = {
      recursive: true,
      force: options.force === true,
      replication: typeof replication === 'number' ? replication : undefined,
      failed: (error: unknown) => context.failedInPart('put', error),
    };
    let failed = 0;
    let done = 0;
    for (const source of sources) {
      try {
        if (source === '-') {
          const progress = new Progress(context.host, context.terminal, text, undefined, context.options.quiet);
          await writeWhole(context, progress.watch(context.terminal.stdin()), fs, target.path, copy);
          progress.finish();
          await context.answer({ source: '-', path: target.path }, () => target.path);
        } else {
          const item = await Item.of(context.local, absolutePath(source, context.terminal.cwd));
          if (item.stat === undefined) throw notFound(source);
          const size = item.stat.isFile ? item.stat.size : undefined;
          const path = await copyInto(context, item, { fs, path: target.path, stat: target.stat }, copy);
          await context.answer({ source, path, size }, () => `${path}${size === undefined ? '' : `  ${humanSize(size)}`}`);
        }
        done++;
      } catch (error) {
        if (sources.length === 1 || context.terminal.interrupted.aborted) throw error;
        failed++;
        const code = printError(context.terminal, 'tuskfs put', error);
        context.exitCode ||= code;
      }
    }
    if (failed > 0 && done > 0) context.exitCode = 6;
  },
};
