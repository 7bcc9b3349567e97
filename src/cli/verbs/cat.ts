// tuskfs cat <path...>
import type { VerbContext } from '../context.ts';
import type { Item } from '../shell/item.ts';
import { texts, type Verb } from './verb.ts';

export const cat: Verb = {
  name: 'cat',
  summary: 'print files',
  declare(command) {
    command.argument('<path...>', 'paths or patterns');
  },
  async run(context, [paths]) {
    await context.each(texts(paths), 'cat', async (item) => {
      await printBytes(context, item);
    });
  },
};

/** Bytes of a file from `start` to `end`, inclusive, as they are. */
export async function printBytes(context: VerbContext, item: Item, start = 0, end?: number): Promise<number> {
  const { stdout } = context.terminal;
  const { size } = item.requireFile();
  let bytes = 0;
  if (size <= start || (end !== undefined && end < start)) return bytes;
  for await (const chunk of item.fs.read(item.path, start, end)) {
    stdout.write(chunk);
    bytes += chunk.length;
    await stdout.ready();
  }
  return bytes;
}
