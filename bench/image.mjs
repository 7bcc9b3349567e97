// Makes an image of a given size in a name directory that was formatted before, by our own saver in Apache's format, for
// either NameNode to start from: `files` files of `blocks` blocks each, a hundred to a directory unless told otherwise. A program
// of its own, so that its memory is gone when it has ended:
//
//   node bench/image.mjs NAME_DIRECTORY FILES BLOCKS [FILES_PER_DIRECTORY]
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export const FIRST_BLOCK_ID = 2n ** 30n + 1n;
export const FIRST_STAMP = 1001;
export const BLOCK_BYTES = 1024;
/** Who owns everything. */
export const OWNER = 'hdfs';
export const FIRST_DIRECTORY = '/data/day-0000000';
const FILES_PER_DIRECTORY = 100;
const FIRST_INODE_ID = 16386;

const SOURCE = `
export { Inodes } from './src/core/namespace/inodes.ts';
export { BlockMap } from './src/core/blocks/block-map.ts';
export { saveImage } from './src/format/fsimage/saver.ts';
export { newImageCounters } from './src/format/fsimage/state.ts';
export { imageDigestName, imageName } from './src/format/storage/names.ts';
export { formatDigest } from './src/format/storage/digest.ts';
`;

async function product() {
  const folder = mkdtempSync(join(tmpdir(), 'tuskfs-bench-image-'));
  const outfile = join(folder, 'image.mjs');
  try {
    await build({
      stdin: { contents: SOURCE, resolveDir: fileURLToPath(new URL('..', import.meta.url)), loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
      logLevel: 'error',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The image holds no transaction, like that of a fresh format, whose place it takes. */
async function makeImage(nameDirectory, files, blocksPerFile, filesPerDirectory) {
  const { Inodes, BlockMap, saveImage, newImageCounters, imageDigestName, imageName, formatDigest } = await product();
  const current = join(nameDirectory, 'current');
  const namespaceId = Number(/^namespaceID=(\d+)$/m.exec(readFileSync(join(current, 'VERSION'), 'utf8'))[1]);
  const common = { user: OWNER, group: 'supergroup', mtime: 1_700_000_000_000, atime: 1_700_000_000_000 };
  const inodes = new Inodes({ user: OWNER, group: 'supergroup', mode: 0o755 });
  const blocks = new BlockMap();
  const name = (text) => Buffer.from(text, 'utf8');
  let inodeId = FIRST_INODE_ID;
  let blockId = FIRST_BLOCK_ID;
  let stamp = FIRST_STAMP;
  let directory = 0;
  const top = inodes.create({ ...common, id: inodeId++, type: 2, name: name('data'), mode: 0o755 });
  inodes.attach(inodes.root, top);
  for (let i = 0; i < files; i++) {
    const place = i % filesPerDirectory;
    if (place === 0) {
      const text = `day-${String(i / filesPerDirectory).padStart(7, '0')}`;
      directory = inodes.create({ ...common, id: inodeId++, type: 2, name: name(text), mode: 0o755 });
      inodes.attach(top, directory);
    }
    const text = `part-${String(place).padStart(5, '0')}`;
    const file = inodes.create({ ...common, id: inodeId++, type: 1, name: name(text), mode: 0o644 });
    inodes.attach(directory, file);
    inodes.setReplication(file, 3);
    inodes.setPreferredBlockSize(file, 2 ** 27);
    const own = [];
    for (let b = 0; b < blocksPerFile; b++) own.push(blocks.add(blockId++, stamp++, BLOCK_BYTES, file, 0));
    if (own.length > 0) inodes.setBlocks(file, own);
  }
  const counters = {
    ...newImageCounters(namespaceId),
    genStamp: stamp - 1,
    lastBlockId: blockId - 1n,
    lastInodeId: inodeId - 1,
  };
  const out = createWriteStream(join(current, imageName(0)));
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
  const [nameDirectory, files, blocks, perDirectory = FILES_PER_DIRECTORY] = process.argv.slice(2);
  await makeImage(nameDirectory, Number(files), Number(blocks), Number(perDirectory));
}
