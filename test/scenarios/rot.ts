// Bits that flip on the disks of real daemons: in finalized blocks and their checksums, in edits and images.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SeededRandom } from '../../src/base/random.ts';

/** Bytes of a meta file before its checksums. */
const META_HEADER_BYTES = 7;

export class Flip {
  readonly path: string;
  /** The whole file as it was. */
  readonly original: Buffer;
  private readonly offset: number;
  private readonly mask: number;

  constructor(path: string, offset: number, bit: number) {
    this.path = path;
    this.offset = offset;
    this.mask = 1 << bit;
    this.original = readFileSync(path);
    this.turn();
  }

  /** Flips the bit, or flips it back. */
  private turn(): void {
    const file = openSync(this.path, 'r+');
    try {
      const byte = Buffer.alloc(1);
      readSync(file, byte, 0, 1, this.offset);
      byte[0] = (byte[0] ?? 0) ^ this.mask;
      writeSync(file, byte, 0, 1, this.offset);
    } finally {
      closeSync(file);
    }
  }

  /** Brings the bit back, when the file is still there and no other was put in its place. */
  undo(): void {
    if (!this.isThere) return;
    const now = readFileSync(this.path)[this.offset] ?? 0;
    if (now !== this.original[this.offset]) this.turn();
  }

  get isThere(): boolean {
    return existsSync(this.path);
  }

  /** The file is gone, or good again. */
  get isGone(): boolean {
    return !this.isThere || readFileSync(this.path).equals(this.original);
  }

  get name(): string {
    return `${basename(this.path)}@${this.offset}`;
  }
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
}

/** Finalized block files below data directories, by name. */
function blocksBelow(directories: readonly string[]): Map<string, string> {
  const blocks = new Map<string, string>();
  for (const directory of directories) {
    for (const path of filesBelow(directory)) {
      if (path.includes('/finalized/') && /^blk_\d+$/.test(basename(path))) blocks.set(basename(path), path);
    }
  }
  return blocks;
}

function metaOf(block: string): string | undefined {
  const directory = block.slice(0, block.lastIndexOf('/'));
  const prefix = `${basename(block)}_`;
  const name = readdirSync(directory).find((other) => other.startsWith(prefix) && other.endsWith('.meta'));
  return name === undefined ? undefined : join(directory, name);
}

/** Flips that leave a good copy of the same replica elsewhere. Files may come and go meanwhile: those are passed over. */
export function rotBlocks(
  random: SeededRandom,
  own: readonly string[],
  others: readonly string[],
  count: number,
): { readonly flips: readonly Flip[]; readonly blocks: readonly Buffer[] } {
  const elsewhere = blocksBelow(others);
  const candidates = [...blocksBelow(own)];
  const flips: Flip[] = [];
  const blocks: Buffer[] = [];
  for (let tries = 0; tries < 4 * count && flips.length < count && candidates.length > 0; tries++) {
    const [[name, path] = ['', '']] = candidates.splice(random.below(candidates.length), 1);
    const twin = elsewhere.get(name);
    if (twin === undefined) continue;
    try {
      const meta = metaOf(path);
      const twinMeta = metaOf(twin);
      if (meta === undefined || twinMeta === undefined || basename(meta) !== basename(twinMeta)) continue;
      const content = readFileSync(path);
      if (!content.equals(readFileSync(twin)) || !readFileSync(meta).equals(readFileSync(twinMeta))) continue;
      if (content.length === 0) continue;
      const inMeta = random.below(2) === 0;
      const at = inMeta
        ? META_HEADER_BYTES + random.below(Math.max(1, statSync(meta).size - META_HEADER_BYTES))
        : random.below(content.length);
      flips.push(new Flip(inMeta ? meta : path, at, random.below(8)));
      blocks.push(content);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return { flips, blocks };
}

/** Flips in the newest files of a stopped NameNode: in one of its directories, or in the same file of all of them. */
export function rotNames(random: SeededRandom, directories: readonly string[], what: 'edits' | 'fsimage'): readonly Flip[] {
  const everywhere = random.below(3) === 0;
  const start = random.below(directories.length);
  const [first = ''] = [directories[start]];
  const current = join(first, 'current');
  if (!existsSync(current)) return [];
  const pattern = what === 'edits' ? /^edits_(inprogress_)?\d+(-\d+)?$/ : /^fsimage_\d+$/;
  const names = readdirSync(current).filter((name) => pattern.test(name));
  names.sort((a, b) => Number(/\d+/.exec(a)?.[0]) - Number(/\d+/.exec(b)?.[0]));
  const name = names.at(-1 - random.below(Math.min(2, names.length)));
  if (name === undefined) return [];
  const used = usedBytes(readFileSync(join(current, name)));
  if (used < 2) return [];
  // The last record of all copies is what a torn write looks like: it was never acknowledged by such a disk.
  const at = everywhere ? random.below(used >> 1) : random.below(used);
  const bit = random.below(8);
  const where = everywhere ? directories : [first];
  return where.flatMap((directory) => {
    const path = join(directory, 'current', name);
    return existsSync(path) && statSync(path).size > at ? [new Flip(path, at, bit)] : [];
  });
}

/** Without what an edit log is filled up with. */
function usedBytes(content: Buffer): number {
  let end = content.length;
  while (end > 0 && (content[end - 1] === 0xff || content[end - 1] === 0)) end--;
  return end;
}
