// The pages of simulated files. Those of a file that nobody can reach any more serve again: memory outside the heap has the
// collector of garbage look at the whole heap each time that so much more of it is taken, and files come and go all the time.

export const PAGE_BYTES = 64 * 1024;
const MAX_IDLE_PAGES = 1024;

const idle: Buffer[] = [];

/** A page with anything in it. */
export const takePage = (): Buffer => idle.pop() ?? Buffer.allocUnsafeSlow(PAGE_BYTES);

export function givePages(pages: Iterable<Buffer>): void {
  for (const page of pages) if (page.length === PAGE_BYTES && idle.length < MAX_IDLE_PAGES) idle.push(page);
}
