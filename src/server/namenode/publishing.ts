// Writing images: aside in every image directory, synced, then the digest, then the name; and only then older images, and
// the edits that only they needed, go. Reading them is storage.ts.
import { assert } from '../../base/assert.ts';
import { HdfsError, messageOf } from '../../base/errors.ts';
import { type ImageCodec, SectionTooLongError } from '../../format/fsimage/compression.ts';
import { type ImageContent, type SavedImage, saveImage } from '../../format/fsimage/saver.ts';
import { formatDigest } from '../../format/storage/digest.ts';
import {
  imageCheckpointName,
  imageDigestName,
  imageName,
  isHalfWritten,
  parseStorageFileName,
  type StorageFileName,
} from '../../format/storage/names.ts';
import type { Host } from '../../host/host.ts';
import { currentOf, type NameDirectory } from './directories.ts';
import { listSegments } from './edits-recovery.ts';
import type { NameStorage } from './name-storage.ts';
import { listImages, type Unusable } from './storage.ts';

/**
 * Images that are being made or received, by their last transaction. Two of the same transactions would be written to the
 * same files: by this NameNode, say, and by a secondary that read the edits which it had just closed.
 */
export class ImagesUnderWay {
  readonly #ends = new Map<number, Promise<void>>();

  /** Undefined: none is. */
  get newest(): number | undefined {
    return this.#ends.size === 0 ? undefined : Math.max(...this.#ends.keys());
  }

  /** The end, good or bad, of one of these transactions. Undefined: none is under way. */
  end(txid: number): Promise<void> | undefined {
    return this.#ends.get(txid);
  }

  /** None of the same transactions may be under way. */
  async during<T>(txid: number, work: () => Promise<T>): Promise<T> {
    assert(!this.#ends.has(txid), 'two images of the same transactions');
    let over = (): void => undefined;
    this.#ends.set(txid, new Promise((resolve) => (over = resolve)));
    try {
      return await work();
    } finally {
      this.#ends.delete(txid);
      over();
    }
  }
}

/** Writes an image into these directories, all that work unless said otherwise; one that fails is left out from then on. */
export async function publishImage(
  host: Host,
  storage: NameStorage,
  txid: number,
  content: (file: string) => ImageContent,
  directories = imageDirectories(storage),
): Promise<SavedImage> {
  let saved: SavedImage | undefined;
  try {
    await storage.each(directories, async (directory) => {
      saved = await writeImage(host, directory, txid, content, storage.imageCodec);
    });
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === undefined) throw error;
    throw new HdfsError('EIO', `No image directory could be written: ${messageOf(error)}`, { cause: error });
  }
  if (saved === undefined) throw new HdfsError('EIO', 'No more storage directories left.');
  return saved;
}

export const imageDirectories = (storage: NameStorage): readonly NameDirectory[] =>
  storage.working.filter(({ image }) => image);

async function writeImage(
  host: Host,
  directory: NameDirectory,
  txid: number,
  content: (file: string) => ImageContent,
  codec: ImageCodec | undefined,
): Promise<SavedImage> {
  const aside = `${currentOf(directory)}/${imageCheckpointName(txid)}`;
  let saved: SavedImage;
  try {
    saved = await writePacked(host, aside, content, codec);
  } catch (error) {
    await removeUnfinished(host, aside);
    throw error;
  }
  await nameImage(host, directory, txid, saved.md5);
  return saved;
}

/** What is not whole is of no use to anybody, and takes the room that the edit log may need. */
export async function removeUnfinished(host: Host, path: string): Promise<void> {
  try {
    if (await host.disk.exists(path)) await host.disk.unlink(path);
  } catch (error) {
    host.log.log('warn', 'image', `${path} stays, though it is not whole: ${messageOf(error)}`);
  }
}

async function writePacked(
  host: Host,
  aside: string,
  content: (file: string) => ImageContent,
  codec: ImageCodec | undefined,
): Promise<SavedImage> {
  try {
    return await writeAside(host, aside, content(aside), codec);
  } catch (error) {
    if (!(error instanceof SectionTooLongError)) throw error;
    host.log.log('warn', 'image', `${aside} is written without compression: ${error.message}`);
    return writeAside(host, aside, content(aside), undefined);
  }
}

async function writeAside(
  host: Host,
  aside: string,
  content: ImageContent,
  codec: ImageCodec | undefined,
): Promise<SavedImage> {
  const file = await host.disk.open(aside, 'w', 0o644);
  let saved: SavedImage;
  try {
    const steps = saveImage(content, codec);
    let position = 0;
    for (;;) {
      const step = steps.next();
      if (step.done) {
        saved = step.value;
        break;
      }
      if (step.value.length > 0) {
        await file.write(step.value, position);
        position += step.value.length;
      }
      // Everybody else has a turn between two slices.
      await new Promise<void>((resolve) => host.clock.defer(resolve));
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return saved;
}

/** Gives an image that was written aside, and synced, its digest and its name. */
export async function nameImage(host: Host, directory: NameDirectory, txid: number, md5: string): Promise<void> {
  const current = currentOf(directory);
  const aside = `${current}/${imageCheckpointName(txid)}`;
  try {
    await host.disk.writeFileAtomic(`${current}/${imageDigestName(txid)}`, formatDigest({ md5, fileName: imageName(txid) }));
    await host.disk.rename(aside, `${current}/${imageName(txid)}`);
    await host.disk.syncDirectory(current);
  } catch (error) {
    await removeUnfinished(host, aside);
    throw error;
  }
}

export interface Retention {
  /** dfs.namenode.num.checkpoints.retained. */
  readonly images: number;
  /** dfs.namenode.num.extra.edits.retained. */
  readonly extraEdits: number;
  /** dfs.namenode.max.extra.edits.segments.retained. */
  readonly extraSegments: number;
  /** Images that do not count as retained: a start could not use them. */
  readonly unusable?: Unusable;
}

/** Removes what a crash left of files that were being written, before any is written. What cannot be removed stays. */
export async function removeHalfWritten(host: Host, directories: readonly NameDirectory[]): Promise<void> {
  for (const directory of directories) {
    await removeFiles(
      host,
      directory,
      (name) => isHalfWritten(name) || parseStorageFileName(name)?.kind === 'image-checkpoint',
    );
  }
}

/**
 * Removes the files that are `unwanted` by their names. One that cannot be removed keeps no other; false when the directory cannot
 * be read.
 */
async function removeFiles(host: Host, directory: NameDirectory, unwanted: (name: string) => boolean): Promise<boolean> {
  const current = currentOf(directory);
  let names: readonly string[];
  try {
    names = await host.disk.readdir(current);
  } catch (error) {
    host.log.log('warn', 'image', `nothing is purged in ${directory.root}: ${messageOf(error)}`);
    return false;
  }
  for (const name of names.filter(unwanted)) {
    try {
      await host.disk.unlink(`${current}/${name}`);
    } catch (error) {
      host.log.log('warn', 'image', `${current}/${name} stays until the next image: ${messageOf(error)}`);
    }
  }
  return true;
}

/**
 * Removes images beyond those retained, those that a crash left unfinished, and edits that no retained image needs, those that were
 * put aside included. Apache: NNStorageRetentionManager.
 */
export async function purge(
  host: Host,
  all: readonly NameDirectory[],
  retention: Retention,
  underWay: ImagesUnderWay,
): Promise<void> {
  const directories: NameDirectory[] = [];
  for (const directory of all) {
    const isRead = await removeFiles(host, directory, (name) => {
      const file = parseStorageFileName(name);
      return file?.kind === 'image-checkpoint' && underWay.end(file.txid) === undefined;
    });
    if (isRead) directories.push(directory);
  }
  const images = await listImages(host, directories);
  const txids = [...new Set(images.filter(({ path }) => retention.unusable?.has(path) !== true).map(({ txid }) => txid))];
  const kept = txids.slice(0, Math.max(1, retention.images));
  const oldest = kept.at(-1);
  if (oldest === undefined) return;
  const edits = directories.filter((directory) => directory.edits);
  const from = await firstRetained(host, edits, oldest, retention);
  for (const directory of directories) {
    await removeFiles(host, directory, (name) => isSuperfluous(parseStorageFileName(name), directory, oldest, from));
  }
}

/** The transaction from which on edits are kept, before those that the images need. */
async function firstRetained(
  host: Host,
  directories: readonly NameDirectory[],
  oldest: number,
  retention: Retention,
): Promise<number> {
  const needed = oldest + 1;
  const from = Math.max(0, needed - retention.extraEdits);
  const extra = new Map<number, number>();
  for (const { firstTxid, lastTxid } of await listSegments(host, directories)) {
    if (lastTxid === undefined || lastTxid < from || firstTxid >= needed) continue;
    extra.set(firstTxid, Math.max(lastTxid, extra.get(firstTxid) ?? 0));
  }
  const beyond = [...extra.values()].slice(0, Math.max(0, extra.size - retention.extraSegments));
  return Math.min(needed, (beyond.at(-1) ?? from - 1) + 1);
}

function isSuperfluous(file: StorageFileName | undefined, directory: NameDirectory, oldest: number, from: number): boolean {
  switch (file?.kind) {
    case 'image':
    case 'image-digest':
    case 'image-aside':
      return directory.image && file.txid < oldest;
    case 'edits':
      return directory.edits && file.lastTxid < from;
    case 'edits-aside':
      return directory.edits && file.firstTxid < from;
    default:
      return false;
  }
}
