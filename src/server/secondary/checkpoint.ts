// One checkpoint of the secondary NameNode: the log is rolled, the image and the segments that are missing here are
// fetched, merged and saved, and the new image is brought to the NameNode. The merged namespace stays in memory, so that
// the next checkpoint needs new segments only. Apache: SecondaryNameNode.doCheckpoint.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { SegmentRange } from '../../core/edits/manifest.ts';
import { NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import type { Namespace } from '../../core/namespace/namespace.ts';
import type { CarriedSection } from '../../format/fsimage/state.ts';
import { editsName, imageCheckpointName, imageName } from '../../format/storage/names.ts';
import type { Host } from '../../host/host.ts';
import type { RpcProxy } from '../../rpc/client.ts';
import type { CheckpointSignatureProto } from '../../wire/messages/hdfs-server.ts';
import type { NamenodeProtocolService } from '../../wire/messages/namenode.ts';
import { currentOf, type NameDirectory } from '../namenode/directories.ts';
import { replay } from '../namenode/edits-recovery.ts';
import type { NamespaceIdentity } from '../namenode/identity.ts';
import { download, type TransferOptions, type UploadResult, upload } from '../namenode/image-transfer/client.ts';
import { editsQuery, imageQuery } from '../namenode/image-transfer/parameters.ts';
import { adoptImage, emptyNamespace, filesBeingCut, imageCounters } from '../namenode/loading.ts';
import { ImagesUnderWay, imageDirectories, nameImage, publishImage, purge, type Retention } from '../namenode/publishing.ts';
import { listImages, loadImageFile } from '../namenode/storage.ts';
import { type CheckpointStorage, temporaryEditsName } from './checkpoint-storage.ts';

/** Inodes and blocks of deleted trees taken apart in one turn. */
const RECLAIM_SLICE = 20_000;

export type PrimaryNameNode = RpcProxy<typeof NamenodeProtocolService>;

export interface CheckpointParts {
  readonly host: Host;
  readonly configuration: Configuration;
  readonly storage: CheckpointStorage;
  readonly nameNode: PrimaryNameNode;
  readonly transfer: TransferOptions;
  readonly retention: Retention;
}

export interface Checkpointed {
  readonly txid: number;
  readonly bytes: number;
  readonly upload: UploadResult;
}

interface Merged {
  readonly namespace: Namespace;
  readonly carried: readonly CarriedSection[];
  /** Last transaction that was applied. */
  txid: number;
}

export class CheckpointMaker {
  private readonly parts: CheckpointParts;
  private merged: Merged | undefined;
  /** Merges that failed in a row. */
  mergeErrors = 0;

  constructor(parts: CheckpointParts) {
    this.parts = parts;
  }

  async make(): Promise<Checkpointed> {
    const { host, storage, nameNode, transfer } = this.parts;
    const { signature } = await nameNode.rollEditLog({});
    const identity = identityOf(signature);
    if (identity.cTime !== storage.identity?.cTime) this.merged = undefined;
    await storage.adopt(identity);
    const { manifest } = await nameNode.getEditLogManifest({ sinceTxId: signature.mostRecentCheckpointTxId + 1 });
    const segments = manifest.logs.map(({ startTxId, endTxId }) => ({ firstTxid: startTxId, lastTxid: endTxId }));
    const imageTxid = signature.mostRecentCheckpointTxId;
    const [first] = segments;
    if (first === undefined) throw new HdfsError('EIO', `Found no edit logs to download on NN since txid ${imageTxid}`);
    if (first.firstTxid !== imageTxid + 1) {
      throw new HdfsError('EIO', `Bad edit log manifest (expected txid = ${imageTxid + 1}, found ${first.firstTxid})`);
    }
    await this.fetchFiles(imageTxid, segments, identity);
    const lastTxid = segments.at(-1)?.lastTxid ?? imageTxid;
    const bytes = await this.merge(imageTxid, lastTxid, identity);
    const image = (await listImages(host, storage.storage.working)).find(({ txid }) => txid === lastTxid);
    if (image === undefined) throw new HdfsError('EIO', `Could not find image with txid ${lastTxid}`);
    return { txid: lastTxid, bytes, upload: await upload(host, transfer, identity, image) };
  }

  private async fetchFiles(imageTxid: number, segments: readonly SegmentRange[], identity: NamespaceIdentity): Promise<void> {
    const { host, storage } = this.parts;
    const [newest] = await listImages(host, storage.storage.working);
    if (newest?.txid === imageTxid) {
      host.log.log('info', 'checkpoint', 'Image has not changed. Will not download image.');
    } else {
      host.log.log('info', 'checkpoint', 'Image has changed. Downloading updated image from NN.');
      // The NameNode goes by another image than ours: what was merged here may not have led to it.
      this.merged = undefined;
      await storage.forgetEdits();
      await this.fetchImage(imageTxid, identity);
    }
    for (const segment of segments) await this.fetchEdits(segment, identity);
  }

  private async fetchImage(txid: number, identity: NamespaceIdentity): Promise<void> {
    const { host, storage, transfer } = this.parts;
    const directories = imageDirectories(storage.storage);
    const aside = (directory: NameDirectory): string => `${currentOf(directory)}/${imageCheckpointName(txid)}`;
    const received = await download(host, transfer, imageQuery(txid, identity), directories.map(aside));
    await storage.storage.each(directories, async (directory) => {
      const failure = received.failed.get(aside(directory));
      if (failure !== undefined) throw failure;
      await nameImage(host, directory, txid, received.md5);
    });
  }

  private async fetchEdits({ firstTxid, lastTxid }: SegmentRange, identity: NamespaceIdentity): Promise<void> {
    const { host, storage, transfer } = this.parts;
    const directories = storage.storage.working.filter(({ edits }) => edits);
    const name = editsName(firstTxid, lastTxid);
    for (const directory of directories) if (await host.disk.exists(`${currentOf(directory)}/${name}`)) return;
    const temporary = temporaryEditsName(name, Math.trunc(host.clock.monotonic()));
    const aside = (directory: NameDirectory): string => `${currentOf(directory)}/${temporary}`;
    const received = await download(host, transfer, editsQuery(firstTxid, lastTxid, identity), directories.map(aside));
    await storage.storage.each(directories, async (directory) => {
      const failure = received.failed.get(aside(directory));
      if (failure !== undefined) throw failure;
      await host.disk.rename(aside(directory), `${currentOf(directory)}/${name}`);
      await host.disk.syncDirectory(currentOf(directory));
    });
  }

  /** Brings the namespace up to `lastTxid` and saves it; answers the bytes of the image. */
  private async merge(imageTxid: number, lastTxid: number, identity: NamespaceIdentity): Promise<number> {
    try {
      const merged = this.merged ?? (await this.load(imageTxid, identity));
      this.merged = merged;
      await this.rollForward(merged, lastTxid);
      const bytes = await this.save(merged, identity);
      this.mergeErrors = 0;
      return bytes;
    } catch (error) {
      // What is in memory may be half of something: the next attempt begins with the image.
      this.merged = undefined;
      this.mergeErrors++;
      throw error;
    }
  }

  private async load(txid: number, identity: NamespaceIdentity): Promise<Merged> {
    const { host, configuration, storage } = this.parts;
    const files = (await listImages(host, storage.storage.working)).filter((image) => image.txid === txid);
    let failure: unknown = new HdfsError('EIO', `Couldn't find image file ${imageName(txid)}`);
    for (const file of files) {
      try {
        const loaded = await loadImageFile(host, file, () => emptyNamespace(host, configuration));
        adoptImage(host, loaded, identity);
        const { counters } = loaded.image;
        if (counters.txid !== txid) {
          throw new HdfsError('EINCONSISTENT', `${file.path} holds transaction ${counters.txid} as its last`);
        }
        return { namespace: loaded.namespace, carried: loaded.image.carried, txid };
      } catch (error) {
        failure = error;
      }
    }
    // A damaged copy is not tried again: without it the next attempt fetches another.
    for (const { path } of files) await host.disk.unlink(path);
    throw failure;
  }

  private async rollForward(merged: Merged, lastTxid: number): Promise<void> {
    const { host, configuration, storage } = this.parts;
    const { namespace } = merged;
    const apply = ({ op, txid }: Parameters<Parameters<typeof replay>[4]>[0]): void => {
      namespace.monotonicMs = host.clock.monotonic();
      namespace.apply(op, txid);
    };
    try {
      merged.txid = await replay(
        host,
        storage.storage.working.filter(({ edits }) => edits),
        merged.txid,
        lastTxid,
        apply,
        { maxOpBytes: configuration.getInt('dfs.namenode.max.op.size'), cutAtDamage: false },
      );
    } catch (error) {
      // Nothing but its records says that a segment is whole: the next attempt fetches all of them again. Apache's would end here
      // each time, until the NameNode has an image of its own.
      await storage.forgetEdits().catch((also: unknown) => {
        host.log.log('warn', 'checkpoint', `fetched segments stay: ${messageOf(also)}`);
      });
      throw error;
    }
    if (merged.txid !== lastTxid) {
      throw new HdfsError('EIO', `Merged up to transaction ${merged.txid} where ${lastTxid} is expected`);
    }
    while (namespace.reclaim(RECLAIM_SLICE, () => undefined)) {
      await new Promise<void>((resolve) => host.clock.defer(resolve));
    }
  }

  private async save({ namespace, carried, txid }: Merged, identity: NamespaceIdentity): Promise<number> {
    const { host, storage, retention } = this.parts;
    const { inodes, blocks } = namespace;
    const counters = imageCounters(namespace, identity.namespaceId, txid);
    const cut = filesBeingCut(namespace);
    const saved = await publishImage(host, storage.storage, txid, () => ({ inodes, blocks, counters, carried, cut }));
    await storage.putAsideBeyond(txid);
    // One checkpoint is made after the other.
    await purge(host, storage.storage.working, retention, new ImagesUnderWay());
    return saved.size;
  }
}

function identityOf({ storageInfo, blockPoolId }: CheckpointSignatureProto): NamespaceIdentity {
  if ((storageInfo.layoutVersion | 0) !== NAMENODE_LAYOUT_VERSION) {
    throw new HdfsError(
      'EINCORRECTVERSION',
      `Unexpected version of the NameNode's storage. Reported: ${storageInfo.layoutVersion | 0}. Expecting = ${NAMENODE_LAYOUT_VERSION}.`,
    );
  }
  return {
    namespaceId: storageInfo.namespceID,
    clusterId: storageInfo.clusterID,
    blockPoolId,
    cTime: storageInfo.cTime,
  };
}
