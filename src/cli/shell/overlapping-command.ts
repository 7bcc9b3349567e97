// A command that changes each path by itself (chmod, chown, chgrp, setrep). The files of a directory are asked for in groups, so
// that a large directory does not take a round trip and a sync of the edit log for each; what is printed, and what fails, comes
// in the order of the files all the same. A directory is changed before anything below it is asked for.
import { Command } from './command.ts';
import type { Item } from './item.ts';

/** Changes that are asked for together. */
const GROUP = 32;

/** Prints what there is to be said of a change that was made. */
export type Report = () => void;

export abstract class OverlappingCommand extends Command {
  readonly #begun = new Map<Item, Promise<Report | undefined>>();

  protected override get groupSize(): number {
    return this.recursive ? GROUP : 0;
  }

  protected abstract change(item: Item): Promise<Report | undefined>;

  protected override async processPaths(parent: Item | undefined, items: readonly Item[]): Promise<void> {
    if (items.length > 1) {
      for (const item of items) {
        if (this.isRecursable(item)) continue;
        const change = this.change(item);
        // A failure is met when its turn comes.
        change.catch(() => undefined);
        this.#begun.set(item, change);
      }
    }
    try {
      await super.processPaths(parent, items);
    } finally {
      for (const item of items) this.#begun.delete(item);
    }
  }

  protected async processPath(item: Item): Promise<void> {
    const report = await (this.#begun.get(item) ?? this.change(item));
    report?.();
  }
}
