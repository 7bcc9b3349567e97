// tuskfs head [-n lines | -c bytes] <path...>
import { printBytes } from './cat.ts';
import { texts, type Verb, wholeNumber } from './verb.ts';

const LINES = 10;

export const head: Verb = {
  name: 'head',
  summary: 'print the beginning of files',
  declare(command) {
    command
      .argument('<path...>', 'paths or patterns')
      .option('-n, --lines <n>', `so many lines (${LINES})`, wholeNumber())
      .option('-c, --bytes <n>', 'so many bytes', wholeNumber());
  },
  async run(context, [paths], { lines, bytes }) {
    const { stdout } = context.terminal;
    await context.each(texts(paths), 'head', async (item) => {
      if (typeof bytes === 'number') {
        await printBytes(context, item, 0, bytes - 1);
        return;
      }
      let left = typeof lines === 'number' ? lines : LINES;
      if (item.requireFile().size === 0 || left <= 0) return;
      for await (const chunk of item.fs.read(item.path)) {
        let end = 0;
        while (left > 0 && end < chunk.length) {
          const at = chunk.indexOf(10, end);
          if (at < 0) end = chunk.length;
          else {
            end = at + 1;
            left--;
          }
        }
        stdout.write(chunk.subarray(0, end));
        await stdout.ready();
        if (left <= 0) return;
      }
    });
  },
};
