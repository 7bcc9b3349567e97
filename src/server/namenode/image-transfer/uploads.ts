// Images that others make of this NameNode's edits and bring back: which is taken, and which is turned away because a newer
// one is there, or on its way, or the last one is recent. Apache: ImageServlet.doPut.
import { HdfsError, ProtocolError } from '../../../base/errors.ts';
import { imageOrigin } from '../../../format/fsimage/loader.ts';
import { imageCheckpointName, imageName } from '../../../format/storage/names.ts';
import { DiskFailure } from '../../../host/disk-error.ts';
import type { Host } from '../../../host/host.ts';
import { currentOf, type NameDirectory } from '../directories.ts';
import type { NameStorage } from '../name-storage.ts';
import { type ImagesUnderWay, imageDirectories, nameImage, removeUnfinished } from '../publishing.ts';
import { receiveFile } from './files.ts';
import type { PutRequest } from './parameters.ts';

/** Part of the period that must have passed since the last image. Apache: recentImageCheckTimePrecision. */
const PERIOD_PART = 0.75;

/** What is known of the images that are there. */
export interface ImageHistory {
  readonly imageTxid: number;
  /** Milliseconds since the newest one was made; a clock that jumps does not change it. */
  readonly sinceImageMs: number;
  /** Last transaction that is durable. */
  readonly durableTxid: number;
}

export interface UploadRules {
  readonly periodMs: number;
  readonly transactions: number;
}

/** Why an image of these transactions is not wanted now, or undefined. */
export function tooRecent(txid: number, history: ImageHistory, rules: UploadRules): string | undefined {
  const expectedSeconds = Math.round((rules.periodMs / 1000) * PERIOD_PART);
  const seconds = Math.floor(history.sinceImageMs / 1000);
  const transactions = txid - history.imageTxid;
  if (seconds >= expectedSeconds || transactions >= rules.transactions) return undefined;
  return (
    'Rejecting a fsimage due to small time delta and txnid delta. Time since previous checkpoint is ' +
    `${seconds} expecting at least ${expectedSeconds} txnid delta since previous checkpoint is ${transactions} ` +
    `expecting at least ${rules.transactions}`
  );
}

export type UploadOutcome = { readonly kind: 'taken' } | { readonly kind: 'unwanted'; readonly reason: string };

export interface UploadParts {
  readonly host: Host;
  readonly storage: NameStorage;
  readonly imagesUnderWay: ImagesUnderWay;
  readonly rules: UploadRules;
  readonly bytesPerSecond: number;
  readonly namespaceId: number;
  history(): ImageHistory;
  /** An image has got its name in the working image directories. */
  taken(txid: number): Promise<void>;
}

export class ImageUploads {
  private readonly parts: UploadParts;

  constructor(parts: UploadParts) {
    this.parts = parts;
  }

  /** Rejects when what arrives is not what was announced, or nothing can be written. */
  async receive(request: PutRequest, body: AsyncIterable<Uint8Array>, md5: string | undefined): Promise<UploadOutcome> {
    const { txid, file } = request;
    const history = this.parts.history();
    if (file !== 'IMAGE') throw new HdfsError('EUNSUPPORTED', `files of kind ${file} are not taken`);
    if (txid > history.durableTxid) {
      throw new HdfsError('EIO', `an image of transaction ${txid}, when the edit log ends at ${history.durableTxid}`);
    }
    const { imagesUnderWay, rules } = this.parts;
    const { newest } = imagesUnderWay;
    if (newest !== undefined && newest >= txid) {
      const reason = `Another checkpointer is already in the process of uploading a checkpoint made up to transaction ID ${newest}`;
      return { kind: 'unwanted', reason };
    }
    const recent = tooRecent(txid, history, rules);
    if (recent !== undefined) return { kind: 'unwanted', reason: recent };
    return imagesUnderWay.during(txid, async () => {
      if (await this.isThere(txid)) {
        const reason = `Either current namenode has checkpointed or another checkpointer already uploaded an checkpoint for txid ${txid}`;
        return { kind: 'unwanted', reason };
      }
      await this.store(request, body, md5);
      return { kind: 'taken' };
    });
  }

  private async isThere(txid: number): Promise<boolean> {
    const { host, storage } = this.parts;
    for (const directory of imageDirectories(storage)) {
      if (await host.disk.exists(`${currentOf(directory)}/${imageName(txid)}`)) return true;
    }
    return false;
  }

  private async store({ txid, length }: PutRequest, body: AsyncIterable<Uint8Array>, md5: string | undefined): Promise<void> {
    const { host, storage, bytesPerSecond, namespaceId } = this.parts;
    const aside = (directory: NameDirectory): string => `${currentOf(directory)}/${imageCheckpointName(txid)}`;
    const directories = imageDirectories(storage);
    const name = imageCheckpointName(txid);
    const received = await receiveFile(host, directories.map(aside), body, { what: name, length, md5 }, bytesPerSecond);
    try {
      // They are alike.
      await first(
        directories.map(aside).filter((path) => !received.failed.has(path)),
        (path) => checkOrigin(host, path, txid, namespaceId),
      );
    } catch (error) {
      for (const directory of directories) await removeUnfinished(host, aside(directory));
      throw error;
    }
    await storage.each(directories, async (directory) => {
      const failure = received.failed.get(aside(directory));
      if (failure !== undefined) throw failure;
      await nameImage(host, directory, txid, received.md5);
    });
    host.log.log('info', 'image', `took an image of transaction ${txid}`, { bytes: length });
    await this.parts.taken(txid);
  }
}

/** Does it with the first that its disk gives; rejects with what `work` says of it. */
async function first(paths: readonly string[], work: (path: string) => Promise<void>): Promise<void> {
  let failure: DiskFailure | undefined;
  for (const path of paths) {
    try {
      return await work(path);
    } catch (error) {
      if (!(error instanceof DiskFailure)) throw error;
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
}

/**
 * A digest tells that what came is what was sent, not that it is an image of these transactions: one of others would hide what was
 * logged between them, once the edits have gone. Apache takes it.
 */
async function checkOrigin(host: Host, path: string, txid: number, namespaceId: number): Promise<void> {
  const file = await host.disk.open(path, 'r');
  let origin: Awaited<ReturnType<typeof imageOrigin>>;
  try {
    origin = await imageOrigin(file, (await file.stat()).size);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new HdfsError('EIO', `${path} is no image: ${error.message}`);
  } finally {
    await file.close();
  }
  if (origin.txid !== txid || origin.namespaceId !== namespaceId) {
    throw new HdfsError(
      'EIO',
      `${path} is an image of transaction ${origin.txid} of namespace ${origin.namespaceId}, not of ${txid} of ${namespaceId}`,
    );
  }
}
