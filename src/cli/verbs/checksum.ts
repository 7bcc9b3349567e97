// tuskfs checksum <path...>
import { HdfsError } from '../../base/errors.ts';
import { texts, type Verb } from './verb.ts';

export const checksum: Verb = {
  name: 'checksum',
  summary: 'checksums of files, as hdfs dfs -checksum gives them',
  declare(command) {
    command.argument('<path...>', 'paths or patterns').option('--composite', 'independent of block sizes (COMPOSITE_CRC)');
  },
  async run(context, [paths], { composite }) {
    const hdfs = await context.hdfs();
    await context.each(texts(paths), 'checksum', async (item) => {
      if (item.found.isDirectory) throw new HdfsError('EISDIR', `${item.text} is a directory`);
      const { algorithm, bytes } = await hdfs.checksum(item.path, composite === true ? { mode: 'COMPOSITE_CRC' } : {});
      const hex = bytes.toString('hex');
      await context.answer({ path: item.path, algorithm, bytes: hex }, () => `${hex}  ${algorithm}  ${item.path}`);
    });
  },
};
