// Row 10, second half: what the inode table and the block map take after files of many blocks were created and deleted many times
// over, beside what they took for as many files before: each turn deletes one file at random and creates another, whose blocks
// have new ids. In one process, without a NameNode around: a hundred million calls of each kind take minutes, not days.
// Run: node --expose-gc bench/churn.mjs [files, default 100000] [blocks of each, 100] [times over, 20]
import { product } from './product.mjs';

const { Inodes, BlockMap, PageAllocator } = await product(`
export { Inodes } from './src/core/namespace/inodes.ts';
export { BlockMap } from './src/core/blocks/block-map.ts';
export { PageAllocator } from './src/core/pages/allocator.ts';
`);

const files = Number(process.argv[2] ?? 100_000);
const perFile = Number(process.argv[3] ?? 100);
const times = Number(process.argv[4] ?? 20);
const STORAGES = 1000;
const OWN_STAMPS = 100; // one of so many blocks has a stamp of its own
const FIRST_BLOCK = 2 ** 30 + 1;
const encoder = new TextEncoder();

const allocator = new PageAllocator();
const inodes = new Inodes({ allocator, user: 'hdfs', group: 'supergroup', mode: 0o755 });
const blocks = new BlockMap({ allocator });
const common = { user: 'alice', group: 'staff', mode: 0o644, mtime: 1_700_000_000_000, atime: 1_700_000_000_000 };
let inodeId = 16386;
let blockNumber = 0;

/** 32 bits that look random. */
let seed = 42;
function random() {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) >>> 0;
}

const directories = Array.from({ length: Math.ceil(files / 100) }, (_, i) => {
  const directory = inodes.create({ id: inodeId++, type: 2, name: encoder.encode(`d${i}`), ...common });
  inodes.attach(inodes.root, directory);
  return directory;
});

/** The files that are there, by their handles. */
const live = new Array(files);

function create(slot) {
  const id = inodeId++;
  const file = inodes.create({ id, type: 1, name: encoder.encode(`part-${id}`), ...common });
  inodes.attach(directories[slot % directories.length], file);
  for (let i = 0; i < perFile; i++) {
    const number = blockNumber++;
    const stamp = 1001 + number + (number % OWN_STAMPS === 7 ? 2 ** 31 : 0);
    const block = blocks.add(BigInt(FIRST_BLOCK + number), stamp, 134_217_728, file, 0);
    const first = random() % STORAGES;
    blocks.addReplica(block, 1 + first);
    blocks.addReplica(block, 1 + ((first + 10 + (random() % 400)) % STORAGES));
    blocks.addReplica(block, 1 + ((first + 500 + (random() % 400)) % STORAGES));
    inodes.appendBlock(file, block);
  }
  live[slot] = file;
}

function remove(slot) {
  const file = live[slot];
  for (let i = 0; i < perFile; i++) blocks.remove(inodes.blockAt(file, i));
  inodes.setBlocks(file, []);
  inodes.detach(file);
  inodes.free(file);
}

function memory() {
  globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { pages: allocator.bytesInUse, heap: heapUsed, buffers: arrayBuffers, rss };
}

const row = (label, { pages, heap, buffers, rss }) =>
  console.log(
    [label.padEnd(44), ...[pages, buffers, heap, rss].map((bytes) => `${(bytes / 2 ** 20).toFixed(1).padStart(9)}`)].join(' '),
  );

console.log(`${files} files of ${perFile} blocks; MiB of pages, of buffers, of heap, of the process`);
const empty = memory();
row('empty', empty);
for (let slot = 0; slot < files; slot++) create(slot);
const before = memory();
row('created', before);
for (let time = 1; time <= times; time++) {
  for (let i = 0; i < files; i++) {
    const slot = random() % files;
    remove(slot);
    create(slot);
  }
  row(`created and deleted ${time} times over`, memory());
}
const after = memory();
const ratio = (of) => (of(after) / of(before)).toFixed(2);
console.log(`after / before: pages ${ratio(({ pages }) => pages)}, process ${ratio(({ rss }) => rss)}`);
