// tuskfs tree [path]
import { counted, humanSize, shownName, statJson } from '../human.ts';
import type { Item } from '../shell/item.ts';
import { texts, type Verb, wholeNumber } from './verb.ts';

export const tree: Verb = {
  name: 'tree',
  summary: 'show a directory as a tree',
  declare(command) {
    command.argument('[path...]', '/ when none is given').option('-L, --level <n>', 'so deep only', wholeNumber(1));
  },
  async run(context, [paths], { level }) {
    const deepest = typeof level === 'number' ? level : Number.POSITIVE_INFINITY;
    const { terminal } = context;
    await context.each(texts(paths, ['/']), 'tree', async (top) => {
      let directories = 0;
      let files = 0;
      const label = (item: Item, name: string): string =>
        `${shownName(terminal, name, item.found.isDirectory)}${item.found.isFile ? `  ${humanSize(item.found.size)}` : ''}`;
      await context.answer(statJson(top), () => label(top, top.path));
      // Each entry carries what stands to its left.
      const pending: { readonly item: Item; readonly left: string; readonly last: boolean; readonly depth: number }[] = [];
      const descend = async (item: Item, left: string, depth: number): Promise<void> => {
        if (!item.found.isDirectory || depth > deepest) return;
        const children: Item[] = [];
        for await (const child of item.children()) children.push(child);
        for (let i = children.length - 1; i >= 0; i--) {
          const child = children[i];
          if (child !== undefined) pending.push({ item: child, left, last: i === children.length - 1, depth });
        }
      };
      await descend(top, '', 1);
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        const { item, left, last, depth } = next;
        if (item.found.isDirectory) directories++;
        else files++;
        await context.answer({ ...statJson(item), depth }, () => `${left}${last ? '└── ' : '├── '}${label(item, item.name)}`);
        await descend(item, `${left}${last ? '    ' : '│   '}`, depth + 1);
      }
      if (!context.json)
        await context.answer({}, () => `\n${counted(directories, 'directory', 'directories')}, ${counted(files, 'file')}`);
    });
  },
};
