// A growing list of equal pages with cheap snapshots. `freeze()` copies the list, not the pages; from then on the first
// write to a page that a snapshot still shows copies that page. Which pages are shared is not marked one by one: each page
// knows the age at which the live table got it for itself, and everything older than the newest living snapshot is shared.
//
// The subclasses say what is inside a page: records.ts (rows of fixed length), arena.ts (runs of any length).
import { assert } from '../../base/assert.ts';
import type { PageAllocator } from './allocator.ts';

/** Age of a snapshot's own table: nothing is ever old enough to be written. */
const NEVER = Number.MAX_SAFE_INTEGER;

export abstract class PageTable {
  protected readonly allocator: PageAllocator;
  protected pages: Uint32Array[] = [];
  private readonly pageWords: number;
  /** For each page, the age at which it became the live table's alone. */
  private ownedSince: number[] = [];
  private age = 0;
  /** Pages owned since before this age are shared with a snapshot. */
  private sharedBefore = 0;
  /** Living snapshots, oldest first. */
  private readonly snapshots: PageTable[] = [];
  private source: PageTable | undefined;

  protected constructor(allocator: PageAllocator, pageWords: number) {
    this.allocator = allocator;
    this.pageWords = pageWords;
  }

  get pageCount(): number {
    return this.pages.length;
  }

  /** Ends the use of a snapshot: pages that only it still showed go back to the allocator. */
  release(): void {
    const { source } = this;
    assert(source !== undefined, 'only a snapshot can be released, and only once');
    const at = source.snapshots.indexOf(this);
    // A page's history at one index is a line: if neither neighbour in time shows it, nobody does.
    const newer = source.snapshots[at + 1] ?? source;
    const older = source.snapshots[at - 1];
    for (let i = 0; i < this.pages.length; i++) {
      const page = this.pages[i] as Uint32Array;
      if (page !== newer.pages[i] && page !== older?.pages[i]) this.allocator.give(page);
    }
    source.snapshots.splice(at, 1);
    source.sharedBefore = source.snapshots.at(-1)?.age ?? 0;
    this.pages = [];
    this.source = undefined;
    this.onRelease();
  }

  /** Makes `snapshot`, a fresh table of the same kind, show what this table shows now. */
  protected freezeInto(snapshot: PageTable): void {
    assert(this.sharedBefore !== NEVER, 'a snapshot cannot be frozen again');
    this.age++;
    this.sharedBefore = this.age;
    snapshot.pages = this.pages.slice();
    snapshot.age = this.age;
    snapshot.sharedBefore = NEVER;
    snapshot.source = this;
    this.snapshots.push(snapshot);
  }

  /** Adds a page of zeros and answers its index. */
  protected addPage(): number {
    assert(this.sharedBefore !== NEVER, 'a snapshot cannot grow');
    const page = this.allocator.take(this.pageWords);
    this.pages.push(page);
    this.ownedSince.push(this.age);
    this.onPage(this.pages.length - 1, page);
    return this.pages.length - 1;
  }

  /** The page, safe to write to. A page got earlier by reading may be stale after this. */
  protected own(index: number): Uint32Array {
    return (this.ownedSince[index] as number) >= this.sharedBefore ? (this.pages[index] as Uint32Array) : this.unshare(index);
  }

  /** Called with each new page, also when it takes another's place. */
  protected onPage(_index: number, _page: Uint32Array): void {
    // Nothing here: for subclasses that keep other views of their pages.
  }

  protected onRelease(): void {
    // Nothing here: for subclasses that keep other views of their pages.
  }

  private unshare(index: number): Uint32Array {
    assert(this.sharedBefore !== NEVER, 'a snapshot cannot be written to');
    const page = this.allocator.copy(this.pages[index] as Uint32Array);
    this.pages[index] = page;
    this.ownedSince[index] = this.age;
    this.onPage(index, page);
    return page;
  }
}
