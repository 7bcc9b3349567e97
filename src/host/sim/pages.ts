// The pages of simulated files. Those of a file that nobody can reach any more serve again: memory outside the heap has the
// collector of garbage look at the whole heap each time that so much more of it is taken, and files come and go all the time.

export const PAGE_BYTES = 64 * 1024;
const MAX_IDLE_PAGES = 1024;

const idle: Buffer[] = [];
/** Pages that several files have, and how many beside one. */
const shared = new WeakMap<Buffer, number>();

/** A page with anything in it. */
export const takePage = (): Buffer => idle.pop() ?? Buffer.allocUnsafeSlow(PAGE_BYTES);

/** One more file has the page. */
export function sharePage(page: Buffer): void {
  shared.set(page, (shared.get(page) ?? 0) + 1);
}

/** A file is done with its pages, of which each is named once. */
export function givePages(pages: Iterable<Buffer>): void {
  for (const page of pages) {
    const others = shared.get(page);
    if (others === undefined) {
      if (page.length === PAGE_BYTES && idle.length < MAX_IDLE_PAGES) idle.push(page);
    } else if (others === 1) shared.delete(page);
    else shared.set(page, others - 1);
  }
}
