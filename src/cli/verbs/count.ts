// tuskfs count [path...]
import { counted, humanSize } from '../human.ts';
import { texts, type Verb } from './verb.ts';

export const count: Verb = {
  name: 'count',
  summary: 'count directories, files and bytes',
  declare(command) {
    command.argument('[path...]', 'paths or patterns; / when none is given');
  },
  async run(context, [paths]) {
    await context.each(texts(paths, ['/']), 'count', async (item) => {
      const { directoryCount, fileCount, length, spaceConsumed, quota, spaceQuota } = await item.fs.contentSummary(item.path);
      await context.answer(
        { path: item.path, directories: directoryCount, files: fileCount, length, spaceConsumed, quota, spaceQuota },
        () =>
          `${item.path}  ${counted(directoryCount, 'directory', 'directories')}, ${counted(fileCount, 'file')}, ${humanSize(length)}`,
      );
    });
  },
};
