// tuskfs find [path...] [--name pattern] [--type f|d] [--larger size] [--newer-than age]
import { HdfsError } from '../../base/errors.ts';
import { compileName } from '../../base/name-pattern.ts';
import { parseDuration, parseSize } from '../../config/values.ts';
import { statJson } from '../human.ts';
import type { Item } from '../shell/item.ts';
import { texts, type Verb } from './verb.ts';

export const find: Verb = {
  name: 'find',
  summary: 'find files and directories',
  declare(command) {
    command
      .argument('[path...]', 'where to look; / when none is given')
      .option('--name <pattern>', 'whose name fits')
      .option('--type <type>', 'f: files, d: directories')
      .option('--larger <size>', 'files above this size (10m)')
      .option('--older-than <age>', 'not changed for this long (7d)')
      .option('--newer-than <age>', 'changed since (12h)');
  },
  async run(context, [paths], options) {
    const test = conditions(options, context.host.clock.now());
    await context.each(texts(paths, ['/']), 'find', async (top) => {
      const pending: Item[] = [top];
      for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
        const found = item;
        if (test(found)) await context.answer(statJson(found), () => found.path);
        if (!found.found.isDirectory) continue;
        const below: Item[] = [];
        for await (const child of found.children()) below.push(child);
        pending.push(...below.reverse());
      }
    });
  },
};

function conditions(options: Readonly<Record<string, unknown>>, now: number): (item: Item) => boolean {
  const tests: ((item: Item) => boolean)[] = [];
  const { name, type, larger, olderThan, newerThan } = options;
  if (typeof name === 'string') {
    const pattern = compileName(name);
    tests.push((item) => pattern.matches(item.name));
  }
  if (type === 'f') tests.push((item) => item.found.isFile);
  else if (type === 'd') tests.push((item) => item.found.isDirectory);
  else if (type !== undefined) throw new HdfsError('EINVAL', '--type must be f or d');
  if (typeof larger === 'string') {
    const size = parseSize(larger);
    if (size === undefined) throw new HdfsError('EINVAL', `--larger ${larger}: must be a size such as 10m`);
    tests.push((item) => item.found.isFile && item.found.size > size);
  }
  for (const [option, text, newer] of [
    ['--older-than', olderThan, false],
    ['--newer-than', newerThan, true],
  ] as const) {
    if (typeof text !== 'string') continue;
    const age = parseDuration(text, 's');
    if (age === undefined) throw new HdfsError('EINVAL', `${option} ${text}: must be a length of time such as 7d`);
    tests.push((item) => now - item.found.mtimeMs < age === newer);
  }
  return (item) => tests.every((test) => test(item));
}
