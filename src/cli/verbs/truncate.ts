// tuskfs truncate <length> <path>
import { HdfsError } from '../../base/errors.ts';
import { texts, type Verb } from './verb.ts';

export const truncate: Verb = {
  name: 'truncate',
  summary: 'cut a file to a length, and wait until that is done',
  declare(command) {
    command.argument('<length>', 'bytes that stay', Number).argument('<path>', 'file');
  },
  async run(context, [length, path]) {
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
      throw new HdfsError('EINVAL', 'the length is a number of bytes, 0 or more');
    }
    const [text = ''] = texts([path]);
    const hdfs = await context.hdfs();
    const at = hdfs.resolve(text);
    await hdfs.truncate(at, length, { signal: context.terminal.interrupted });
    await context.answer({ path: at, size: length }, () => at);
  },
};
