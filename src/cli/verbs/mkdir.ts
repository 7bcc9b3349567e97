// tuskfs mkdir [-p] <path...>
import { printError } from '../errors.ts';
import { texts, type Verb } from './verb.ts';

export const mkdir: Verb = {
  name: 'mkdir',
  summary: 'make directories',
  declare(command) {
    command
      .argument('<path...>', 'paths')
      .option('-p, --parents', 'with their parents; one that exists is fine')
      .option('-m, --mode <mode>', 'permission in octal, before the umask', (text: string) => Number.parseInt(text, 8));
  },
  async run(context, [paths], { parents, mode }) {
    const hdfs = await context.hdfs();
    const list = texts(paths);
    let done = 0;
    for (const text of list) {
      try {
        await hdfs.mkdir(text, { recursive: parents === true, mode: typeof mode === 'number' ? mode : undefined });
        done++;
        const path = hdfs.resolve(text);
        await context.answer({ path }, () => path);
      } catch (error) {
        if (list.length === 1) throw error;
        const code = printError(context.terminal, 'tuskfs mkdir', error);
        context.exitCode ||= code;
      }
    }
    if (context.exitCode !== 0 && done > 0) context.exitCode = 6;
  },
};
