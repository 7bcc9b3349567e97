// tuskfs tail [-n lines | -c bytes] [-f] <path>
import type { VerbContext } from '../context.ts';
import type { Item } from '../shell/item.ts';
import { printBytes } from './cat.ts';
import { texts, type Verb, wholeNumber } from './verb.ts';

const LINES = 10;
const FOLLOW_MS = 1000;
/** Read backwards in pieces of this size until enough lines are found. */
const PIECE_BYTES = 64 * 1024;

export const tail: Verb = {
  name: 'tail',
  summary: 'print the end of files',
  declare(command) {
    command
      .argument('<path...>', 'paths or patterns')
      .option('-n, --lines <n>', `so many lines (${LINES})`, wholeNumber())
      .option('-c, --bytes <n>', 'so many bytes', wholeNumber())
      .option('-f, --follow', 'go on with what is added');
  },
  async run(context, [paths], { lines, bytes, follow }) {
    await context.each(texts(paths), 'tail', async (item) => {
      const { size } = item.requireFile();
      let at =
        typeof bytes === 'number'
          ? Math.max(0, size - bytes)
          : await startOfLines(item, typeof lines === 'number' ? lines : LINES);
      at += await printBytes(context, item, at);
      if (follow === true) await goOn(context, item, at);
    });
  },
};

async function startOfLines(item: Item, lines: number): Promise<number> {
  const { size } = item.requireFile();
  let left = lines;
  for (let end = size; end > 0 && left > 0; ) {
    const start = Math.max(0, end - PIECE_BYTES);
    const chunks: Uint8Array[] = [];
    for await (const chunk of item.fs.read(item.path, start, end - 1)) chunks.push(chunk);
    const piece = Buffer.concat(chunks);
    // The line end at the very end of the file ends the last line rather than beginning another.
    for (let i = piece.length - 1; i >= 0; i--) {
      if (piece[i] === 10 && start + i !== size - 1 && --left === 0) return start + i + 1;
    }
    end = start;
  }
  return left > 0 ? 0 : size;
}

async function goOn(context: VerbContext, item: Item, from: number): Promise<void> {
  for (let at = from; ; ) {
    await context.host.clock.sleep(FOLLOW_MS, context.terminal.interrupted);
    const { size } = await item.refresh();
    if (size < at) at = size;
    else if (size > at) at += await printBytes(context, item, at);
  }
}
