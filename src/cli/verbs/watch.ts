// tuskfs watch [path]: what changes, as it changes, until it is interrupted.
import type { HdfsEvent } from '../../client/index.ts';
import { humanSize, shownName } from '../human.ts';
import { formatSecond, type Terminal } from '../terminal.ts';
import { type Verb, wholeNumber } from './verb.ts';

export const watch: Verb = {
  name: 'watch',
  summary: 'what changes below a path, as it changes (for superusers)',
  declare(command) {
    command
      .argument('[path]', 'a file or directory; / when none is given')
      .option('--after <txid>', 'begin behind this transaction, as far back as the log is kept', wholeNumber())
      .option('--count <n>', 'end after so many events', wholeNumber(1));
  },
  async run(context, [path], { after, count }) {
    const hdfs = await context.hdfs();
    const { terminal } = context;
    let left = typeof count === 'number' ? count : Number.POSITIVE_INFINITY;
    const options = {
      after: typeof after === 'number' ? after : undefined,
      signal: terminal.interrupted,
    };
    try {
      for await (const event of hdfs.watch(path === undefined ? '/' : String(path), options)) {
        await context.answer({ ...event }, () => eventLine(terminal, event));
        if (--left <= 0) return;
      }
    } catch (error) {
      // An interrupt is how it is meant to end.
      if (!terminal.interrupted.aborted) throw error;
    }
  },
};

function eventLine(terminal: Terminal, { type, path, to, kind, size, changed, timeMs }: HdfsEvent): string {
  const when = timeMs === undefined ? '' : formatSecond(terminal.localTime(timeMs));
  const more = [
    to === undefined ? '' : `-> ${shownName(terminal, to, false)}`,
    kind === undefined || kind === 'file' ? '' : kind,
    size === undefined ? '' : humanSize(size),
    changed ?? '',
  ];
  const words = [when.padEnd(19), type.padEnd(8), shownName(terminal, path, kind === 'directory'), ...more];
  return words.filter((word) => word !== '').join('  ');
}
