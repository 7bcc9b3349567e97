// tuskfs ls [path...]
import type { VerbContext } from '../context.ts';
import { columns, statJson, statLine } from '../human.ts';
import type { Item } from '../shell/item.ts';
import { texts, type Verb } from './verb.ts';

/** Entries whose columns are made equally wide at once, so that a huge directory never stands in memory. */
const GROUP = 1000;
const RIGHT = [1, 4];

export const ls: Verb = {
  name: 'ls',
  summary: 'list directories and files',
  declare(command) {
    command
      .argument('[path...]', 'paths or patterns; / when none is given')
      .option('-d, --directory', 'directories themselves, not what they hold')
      .option('-R, --recursive', 'everything below, too');
  },
  async run(context, [paths], options) {
    const list = texts(paths, ['/']);
    await context.each(list, 'ls', async (item) => {
      if (item.found.isDirectory && options.directory !== true) await listTree(context, item, options.recursive === true);
      else await print(context, [item], (entry) => entry.text);
    });
  },
};

async function listTree(context: VerbContext, top: Item, recursive: boolean): Promise<void> {
  const pending = [top];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const below: Item[] = [];
    let group: Item[] = [];
    for await (const child of directory.children()) {
      group.push(child);
      if (recursive && child.found.isDirectory) below.push(child);
      if (group.length < GROUP) continue;
      await print(context, group, (entry) => (recursive ? entry.path : entry.name));
      group = [];
    }
    await print(context, group, (entry) => (recursive ? entry.path : entry.name));
    pending.push(...below.reverse());
  }
}

async function print(context: VerbContext, items: readonly Item[], name: (item: Item) => string): Promise<void> {
  if (context.json) {
    for (const item of items) await context.answer(statJson(item), () => '');
    return;
  }
  for (const line of columns(
    items.map((item) => statLine(context.terminal, item, name(item))),
    RIGHT,
  )) {
    await context.answer({}, () => line);
  }
}
