// tuskfs truncate <length> <path>
import { texts, type Verb, wholeNumber } from './verb.ts';

export const truncate: Verb = {
  name: 'truncate',
  summary: 'cut a file to a length, and wait until that is done',
  declare(command) {
    command.argument('<length>', 'bytes that stay', wholeNumber()).argument('<path>', 'file');
  },
  async run(context, [length, path]) {
    const [text = ''] = texts([path]);
    const hdfs = await context.hdfs();
    const at = hdfs.resolve(text);
    await hdfs.truncate(at, Number(length), { signal: context.terminal.interrupted });
    await context.answer({ path: at, size: length }, () => at);
  },
};
