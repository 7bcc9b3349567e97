// Makes an image of a given size in a name directory that was formatted before, by our own saver in Apache's format, for
// either NameNode to start from: `files` files of `blocks` blocks each, a hundred to a directory unless told otherwise. The
// saver reads tables that answer by formulas (population.mjs), so 100 million blocks take no memory.
//
//   node bench/image.mjs NAME_DIRECTORY FILES BLOCKS [--per-directory 100] [--own-stamps 0.01]
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { BLOCK_SIZE, FIRST_BLOCK_ID, Population } from './population.mjs';
import { product } from './product.mjs';

/** Who owns everything. */
export const OWNER = 'hdfs';
const GROUP = 'supergroup';
export const FIRST_DIRECTORY = '/data/day-0000000';
const FILES_PER_DIRECTORY = 100;
/** Apache: INodeId.ROOT_INODE_ID and the first that is handed out. */
const ROOT_INODE_ID = 16385;
const TIME = 1_700_000_000_000;
const REPLICATION = 3;
const PIECE_BYTES = 4 << 20;

const SOURCE = `
export { saveImage } from './src/format/fsimage/saver.ts';
export { newImageCounters } from './src/format/fsimage/state.ts';
export { imageDigestName, imageName } from './src/format/storage/names.ts';
export { formatDigest } from './src/format/storage/digest.ts';
`;

const ROOT = 1;
const DATA = 2;
const FIRST = 3;
const FILE = 1;
const DIRECTORY = 2;

/**
 * The tree as the saver reads it: /data, directories in it, and their files behind each. A handle says it all; block
 * handles are numbers of the population's blocks.
 */
class Tree {
  root = ROOT;

  constructor(population, filesPerDirectory) {
    this.population = population;
    this.filesPerDirectory = filesPerDirectory;
    this.directories = Math.ceil(population.files / filesPerDirectory);
    this.highestHandle = FIRST - 1 + this.directories + population.files;
    this.size = this.highestHandle;
    // Names are as wide as the highest number, so that their order is that of the numbers.
    this.width = Math.max(5, String(filesPerDirectory - 1).length);
  }

  #place(inode) {
    return (inode - FIRST) % (this.filesPerDirectory + 1);
  }

  #directory(inode) {
    return Math.floor((inode - FIRST) / (this.filesPerDirectory + 1));
  }

  #file(inode) {
    return this.#directory(inode) * this.filesPerDirectory + this.#place(inode) - 1;
  }

  isReachable() {
    return true;
  }

  id(inode) {
    return ROOT_INODE_ID - ROOT + inode;
  }

  type(inode) {
    return inode >= FIRST && this.#place(inode) > 0 ? FILE : DIRECTORY;
  }

  name(inode) {
    if (inode === ROOT) return Buffer.alloc(0);
    if (inode === DATA) return Buffer.from('data');
    const place = this.#place(inode);
    if (place === 0) return Buffer.from(`day-${String(this.#directory(inode)).padStart(7, '0')}`);
    return Buffer.from(`part-${String(place - 1).padStart(this.width, '0')}`);
  }

  user() {
    return OWNER;
  }

  group() {
    return GROUP;
  }

  mode(inode) {
    return this.type(inode) === FILE ? 0o644 : 0o755;
  }

  mtime() {
    return TIME;
  }

  atime(inode) {
    return this.type(inode) === FILE ? TIME : 0;
  }

  replication() {
    return REPLICATION;
  }

  preferredBlockSize() {
    return BLOCK_SIZE;
  }

  blockCount() {
    return this.population.blocksPerFile;
  }

  blockAt(inode, index) {
    return this.#file(inode) * this.population.blocksPerFile + index;
  }

  storagePolicy() {
    return 0;
  }

  isUnderConstruction() {
    return false;
  }

  underConstruction() {
    return undefined;
  }

  acl() {
    return undefined;
  }

  xattrs() {
    return undefined;
  }

  quota() {
    return undefined;
  }

  childCount(directory) {
    if (directory === ROOT) return 1;
    if (directory === DATA) return this.directories;
    const first = this.#directory(directory) * this.filesPerDirectory;
    return Math.min(this.filesPerDirectory, this.population.files - first);
  }

  forEachChild(directory, after, visit) {
    const step = directory === DATA ? this.filesPerDirectory + 1 : 1;
    const first = directory === DATA ? FIRST : directory + 1;
    // Where the walk goes on is the number in the name.
    let index = after === undefined ? 0 : Number(/\d+$/.exec(Buffer.from(after).toString())?.[0] ?? 0) + 1;
    for (; index < this.childCount(directory); index++) if (!visit(first + index * step)) return;
  }
}

/** The image holds no transaction, like that of a fresh format, whose place it takes. */
async function makeImage(nameDirectory, population, filesPerDirectory) {
  const { saveImage, newImageCounters, imageDigestName, imageName, formatDigest } = await product(SOURCE);
  const current = join(nameDirectory, 'current');
  const namespaceId = Number(/^namespaceID=(\d+)$/m.exec(readFileSync(join(current, 'VERSION'), 'utf8'))[1]);
  const inodes = new Tree(population, filesPerDirectory);
  const blocks = {
    id: (block) => BigInt(population.id(block)),
    genStamp: (block) => population.stamp(block),
    numBytes: (block) => population.length(block),
  };
  const counters = {
    ...newImageCounters(namespaceId),
    genStamp: population.highestStamp,
    lastBlockId: BigInt(FIRST_BLOCK_ID + population.blocks),
    lastInodeId: inodes.id(inodes.highestHandle),
  };
  const out = createWriteStream(join(current, imageName(0)), { highWaterMark: PIECE_BYTES });
  const saving = saveImage({ inodes, blocks, counters, carried: [] });
  for (;;) {
    const { done, value } = saving.next();
    if (done) {
      out.end();
      await finished(out);
      writeFileSync(join(current, imageDigestName(0)), formatDigest({ md5: value.md5, fileName: imageName(0) }));
      return;
    }
    // Each piece is good until the next step.
    if (!out.write(Buffer.from(value))) await new Promise((resolve) => out.once('drain', resolve));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [nameDirectory, files, blocksPerFile] = process.argv.slice(2);
  const option = (name, fallback) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? fallback : Number(process.argv[at + 1]);
  };
  const population = new Population({
    files: Number(files),
    blocksPerFile: Number(blocksPerFile),
    ownStamps: option('own-stamps', 0),
  });
  await makeImage(nameDirectory, population, option('per-directory', FILES_PER_DIRECTORY));
}
