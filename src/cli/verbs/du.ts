// tuskfs du [-s] [path...]
import type { VerbContext } from '../context.ts';
import { humanSize } from '../human.ts';
import type { Item } from '../shell/item.ts';
import { texts, type Verb } from './verb.ts';

export const du: Verb = {
  name: 'du',
  summary: 'space that files take, and with replication',
  declare(command) {
    command.argument('[path...]', 'paths or patterns; / when none is given').option('-s, --summary', 'one sum for each path');
  },
  async run(context, [paths], { summary }) {
    await context.each(texts(paths, ['/']), 'du', async (item) => {
      if (summary === true || !item.found.isDirectory) {
        await line(context, item);
        return;
      }
      for await (const child of item.children()) await line(context, child);
    });
  },
};

async function line(context: VerbContext, item: Item): Promise<void> {
  const { length, spaceConsumed, fileCount, directoryCount } = await item.fs.contentSummary(item.path);
  await context.answer({ path: item.path, length, spaceConsumed, files: fileCount, directories: directoryCount }, () =>
    [humanSize(length).padStart(8), humanSize(spaceConsumed).padStart(8), item.path].join('  '),
  );
}
