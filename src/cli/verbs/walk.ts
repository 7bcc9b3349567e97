// An item, and all below it where that is asked for: each directory before what it holds.
import type { Item } from '../shell/item.ts';

export async function* below(top: Item, recursive: boolean): AsyncGenerator<Item, void, undefined> {
  const pending = [top];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    yield item;
    if (!recursive || !item.found.isDirectory) continue;
    const children: Item[] = [];
    for await (const child of item.children()) children.push(child);
    pending.push(...children.reverse());
  }
}
