// How much memory the inode table and the block map take for each row, and how long their operations last. It prints, and
// asserts nothing. Run: node --expose-gc bench/store.mjs [inodes, default 1000000]
import { product } from './product.mjs';

const { Inodes, BlockMap, PageAllocator } = await product(`
export { Inodes } from './src/core/namespace/inodes.ts';
export { BlockMap } from './src/core/blocks/block-map.ts';
export { PageAllocator } from './src/core/pages/allocator.ts';
`);

const total = Number(process.argv[2] ?? 1_000_000);
const perDirectory = 100;
const encoder = new TextEncoder();
const now = () => Number(process.hrtime.bigint());

/** Nanoseconds for each of `count` turns. */
function time(label, count, turn) {
  const start = now();
  for (let i = 0; i < count; i++) turn(i);
  const each = (now() - start) / count;
  console.log(`${label.padEnd(62)} ${each.toFixed(0).padStart(7)} ns`);
}

function heapBytes() {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** A cheap order that jumps about: multiplication by a number without a common factor with the count. */
const shuffled = (i, count) => (i * 7_368_787) % count;

const heapBefore = heapBytes();
const allocator = new PageAllocator();
const inodes = new Inodes({ allocator, user: 'hdfs', group: 'supergroup', mode: 0o755 });
const names = Array.from({ length: perDirectory }, (_, i) => encoder.encode(`part-${String(i).padStart(5, '0')}`));
const common = { user: 'alice', group: 'staff', mode: 0o644, mtime: 1_700_000_000_000, atime: 1_700_000_000_000 };
let id = 16386;
const make = (type, name) => inodes.create({ id: id++, type, name, ...common });

const directories = [];
const top = make(2, encoder.encode('warehouse'));
inodes.attach(inodes.root, top);
for (let i = 0; i < total / perDirectory; i++) {
  const directory = make(2, encoder.encode(`day=${String(i).padStart(7, '0')}`));
  inodes.attach(top, directory);
  directories.push(directory);
}
const firstFile = id;
time(`create + attach, ${perDirectory} files to a directory, in name order`, total, (i) => {
  inodes.attach(directories[Math.floor(i / perDirectory)], make(1, names[i % perDirectory]));
});
const bytes = allocator.bytesInUse;
console.log(`${'  bytes for each inode: pages'.padEnd(62)} ${(bytes / inodes.size).toFixed(1).padStart(7)}`);
console.log(
  `${'  bytes for each inode: JavaScript heap'.padEnd(62)} ${((heapBytes() - heapBefore) / inodes.size).toFixed(1).padStart(7)}`,
);

time('child lookup in one directory of 100, warm', 1_000_000, (i) => inodes.child(directories[7], names[i % perDirectory]));
time('child lookup in random directories of 100', 1_000_000, (i) =>
  inodes.child(directories[shuffled(i, directories.length)], names[i % perDirectory]),
);
time('find by id, random', 1_000_000, (i) => inodes.find(firstFile + shuffled(i, total)));
let seen = 0;
time('listing of 100', directories.length, (i) =>
  inodes.forEachChild(directories[i], undefined, (child) => {
    seen += inodes.mode(child);
    return true;
  }),
);

const big = make(2, encoder.encode('big'));
inodes.attach(inodes.root, big);
const many = Math.min(total, 1_000_000);
const pagesBefore = allocator.bytesInUse;
time(`create + attach into one directory of ${many}, in random order`, many, (i) => {
  inodes.attach(big, make(1, encoder.encode(`f${shuffled(i, many)}`)));
});
console.log(
  `${'  bytes for each inode: pages'.padEnd(62)} ${((allocator.bytesInUse - pagesBefore) / many).toFixed(1).padStart(7)}`,
);
time('child lookup there, random', 500_000, (i) => inodes.child(big, encoder.encode(`f${shuffled(i + 5, many)}`)));

const heapBlocks = heapBytes();
const blockAllocator = new PageAllocator();
const blocks = new BlockMap({ allocator: blockAllocator });
time('block: add with 3 replicas, append to its file', total, (i) => {
  const block = blocks.add(BigInt(2 ** 30 + 1 + i), 1001 + i, 134_217_728, i + 1, 0);
  blocks.addReplica(block, 1 + (i % 997));
  blocks.addReplica(block, 1000 + (i % 991));
  blocks.addReplica(block, 2000 + (i % 983));
  inodes.appendBlock(inodes.find(firstFile + i), block);
});
console.log(`${'  bytes for each block: pages'.padEnd(62)} ${(blockAllocator.bytesInUse / total).toFixed(1).padStart(7)}`);
console.log(
  `${'  bytes for each block: JavaScript heap'.padEnd(62)} ${((heapBytes() - heapBlocks) / total).toFixed(1).padStart(7)}`,
);
time('block: find by id, random, and one replica', 1_000_000, (i) =>
  blocks.hasReplica(blocks.find(BigInt(2 ** 30 + 1 + shuffled(i, total))), 5),
);
time('block: scan all for the replicas of one storage', 1, () => {
  let found = 0;
  blocks.scan(1, total, (block) => {
    if (blocks.hasReplica(block, 500)) found++;
  });
  seen += found;
});

const start = now();
const view = inodes.freeze();
const blockView = blocks.freeze();
console.log(`${'freeze both'.padEnd(62)} ${((now() - start) / 1000).toFixed(0).padStart(7)} µs`);
time('set a mode while frozen, random file (most copy a page)', 20_000, (i) =>
  inodes.setMode(inodes.find(firstFile + shuffled(i, total)), 0o600),
);
time('set a mode while frozen, random file, again', 20_000, (i) =>
  inodes.setMode(inodes.find(firstFile + shuffled(i, total)), 0o640),
);
const release = now();
view.release();
blockView.release();
console.log(`${'release both'.padEnd(62)} ${((now() - release) / 1000).toFixed(0).padStart(7)} µs`);
if (globalThis.gc !== undefined) {
  const start = now();
  globalThis.gc();
  console.log(`${'full garbage collection'.padEnd(62)} ${((now() - start) / 1e6).toFixed(1).padStart(7)} ms`);
}
time('detach + free, in name order', Math.min(total, 200_000), (i) => {
  const file = inodes.child(directories[Math.floor(i / perDirectory)], names[i % perDirectory]);
  inodes.setBlocks(file, []);
  inodes.detach(file);
  inodes.free(file);
});
console.log(`inodes left: ${inodes.size}; ${seen}`);
