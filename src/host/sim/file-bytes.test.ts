// What a simulated file keeps of its own where others have the same bytes.
import { describe, expect, it } from 'vitest';
import { SimFileNode } from './file-node.ts';
import { PAGE_BYTES, takePage } from './pages.ts';

const PACKET = 65_024;
const pattern = (bytes: number, seed: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * seed) >>> 3));
const contentOf = (file: SimFileNode): Buffer => {
  const bytes = Buffer.alloc(file.size);
  file.read(bytes, 0, bytes.length, 0);
  return bytes;
};

/** Appends in packets, one to each file in its turn, as replicas of a block come to be. */
function replicas(content: Buffer, count: number): SimFileNode[] {
  const files = Array.from({ length: count }, (_, i) => new SimFileNode(i, 0, 0));
  for (let at = 0; at < content.length; at += PACKET) {
    for (const file of files) file.write(at, [content.subarray(at, at + PACKET)]);
  }
  return files;
}

describe('files with the same bytes', () => {
  const content = pattern(5 * PACKET + 100, 7919);

  it('stay each what they are when one of them changes', () => {
    const changed = (change: (file: SimFileNode) => void, index: number) => {
      const files = replicas(content, 3);
      for (const file of files) file.sync();
      change(files[index] as SimFileNode);
      return files.map((file) => [contentOf(file), file.durableBytes()]);
    };
    for (const index of [0, 1, 2]) {
      const damaged = Buffer.from(content);
      damaged[70_000] = (damaged[70_000] as number) ^ 1;
      const after = changed((file) => {
        file.damage(70_000, (bytes) => {
          bytes[0] = (bytes[0] as number) ^ 1;
        });
      }, index);
      for (const [i, layers] of after.entries())
        for (const layer of layers) expect(layer.equals(i === index ? damaged : content)).toBe(true);
      const cut = changed((file) => file.truncate(PACKET), index);
      for (const [i, [live, durable]] of cut.entries()) {
        expect(live?.equals(i === index ? content.subarray(0, PACKET) : content)).toBe(true);
        expect(durable?.equals(content)).toBe(true);
      }
      const other = pattern(PACKET, 31);
      const rewritten = changed((file) => file.write(10, [other]), index);
      const expected = Buffer.from(content);
      other.copy(expected, 10);
      for (const [i, [live, durable]] of rewritten.entries()) {
        expect(live?.equals(i === index ? expected : content)).toBe(true);
        expect(durable?.equals(content)).toBe(true);
      }
    }
  });

  it('go on each with bytes of their own', () => {
    const files = replicas(content, 3);
    const tails = files.map((_, i) => pattern(PACKET, 100 + i));
    for (const [i, file] of files.entries()) file.write(content.length, [tails[i] as Buffer]);
    for (const [i, file] of files.entries())
      expect(contentOf(file).equals(Buffer.concat([content, tails[i] as Buffer]))).toBe(true);
  });

  it('stay what they are when what was written over is written over again', () => {
    const first = new SimFileNode(1, 0, 0);
    for (const seed of [3, 5]) first.write(0, [pattern(PACKET, seed)]);
    const second = new SimFileNode(2, 0, 0);
    second.write(0, [pattern(PACKET, 5)]);
    first.write(0, [pattern(PACKET, 7)]);
    expect(contentOf(second).equals(pattern(PACKET, 5))).toBe(true);
  });

  it('lose each what it had not synced', () => {
    const [first, second] = replicas(content, 2) as [SimFileNode, SimFileNode];
    second.sync();
    first.losePower(undefined);
    expect(first.size).toBe(0);
    first.write(0, [pattern(PACKET, 5)]);
    expect(contentOf(second).equals(content)).toBe(true);
    expect(second.durableBytes().equals(content)).toBe(true);
  });

  it('keep their pages until the last of them is gone, and give them back then', () => {
    const one = pattern(4 * PAGE_BYTES, 17);
    const files = replicas(one, 3);
    for (const file of files) file.sync();
    const [first, second, third] = files as [SimFileNode, SimFileNode, SimFileNode];
    for (const [gone, left] of [
      [first, [second, third]],
      [second, [third]],
    ] as const) {
      gone.recycle();
      for (let i = 0; i < 8; i++) takePage().fill(0);
      for (const file of left) expect(contentOf(file).equals(one)).toBe(true);
    }
    third.recycle();
    const again = Array.from({ length: 4 }, () => takePage());
    const pages = Array.from({ length: 4 }, (_, i) => one.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES));
    expect(again.every((page) => pages.some((each) => each.equals(page)))).toBe(true);
  });
});
