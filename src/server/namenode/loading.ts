// A namespace from its directories: the newest image, and everything logged since. The NameNode starts with it, and the
// secondary merges with its parts.
import { HdfsError } from '../../base/errors.ts';
import { blockId, genStamp, inodeId } from '../../base/ids.ts';
import type { Configuration } from '../../config/configuration.ts';
import { ErasureCodingPolicies } from '../../core/namespace/erasure-coding.ts';
import type { InodeHandle } from '../../core/namespace/inodes.ts';
import { Namespace } from '../../core/namespace/namespace.ts';
import { pathOfInode } from '../../core/namespace/permissions.ts';
import { readPolicies } from '../../format/fsimage/erasure-coding.ts';
import type { ImageContent } from '../../format/fsimage/saver.ts';
import type { CarriedSection, ImageCounters } from '../../format/fsimage/state.ts';
import type { ImageStep } from '../../format/fsimage/steps.ts';
import type { Host } from '../../host/host.ts';
import type { NameDirectory } from './directories.ts';
import { type RecoveryOptions, recoverUnclosed, replay } from './edits-recovery.ts';
import type { NamespaceIdentity } from './identity.ts';
import { erasureCodingOptions, namespaceOptions } from './settings.ts';
import type { StartupProgress } from './startup-progress.ts';
import { type LoadedFile, loadNewestImage, seenTxid, type Unusable } from './storage.ts';

export interface LoadedNamespace {
  readonly namespace: Namespace;
  readonly carried: readonly CarriedSection[];
  readonly imageTxid: number;
  /** Wall clock at which the image was written. */
  readonly imageTime: number;
  readonly unusable: Unusable;
  readonly lastTxid: number;
  /** Told of the start that it is for. */
  readonly progress?: StartupProgress | undefined;
}

export const emptyNamespace = (host: Host, configuration: Configuration): Namespace =>
  new Namespace(namespaceOptions(configuration, host.machine, host.log));

/** Gives a namespace what stands beside its tables in the image. Throws HdfsError when it is another name system's. */
export function adoptImage(host: Host, { namespace, image, file }: LoadedFile, identity: NamespaceIdentity): void {
  const { counters } = image;
  if (counters.namespaceId !== identity.namespaceId) {
    throw new HdfsError(
      'EINCONSISTENT',
      `${file.path} belongs to namespace ${counters.namespaceId}, its directory to ${identity.namespaceId}`,
    );
  }
  for (const what of image.notServed) host.log.log('warn', 'image', `the image holds ${what}: kept, and not served`);
  namespace.blockPoolId = identity.blockPoolId;
  namespace.createdMs = identity.cTime;
  namespace.lastInodeId = inodeId(counters.lastInodeId);
  namespace.lastBlockId = blockId(counters.lastBlockId);
  namespace.lastStripedBlockId = blockId(counters.lastStripedBlockId);
  namespace.genStamp = genStamp(counters.genStamp);
  namespace.legacyGenStamp = genStamp(counters.legacyGenStamp);
  namespace.legacyGenStampLimit = genStamp(counters.legacyGenStampLimit);
  namespace.monotonicMs = host.clock.monotonic();
}

/** What stands beside the tables in an image of everything up to `txid`. */
export function imageCounters(namespace: Namespace, namespaceId: number, txid: number): ImageCounters {
  return {
    namespaceId,
    genStamp: namespace.genStamp,
    legacyGenStamp: namespace.legacyGenStamp,
    legacyGenStampLimit: namespace.legacyGenStampLimit,
    lastBlockId: namespace.lastBlockId,
    lastStripedBlockId: namespace.lastStripedBlockId,
    txid,
    lastInodeId: namespace.lastInodeId,
  };
}

/** Files that are being cut now; see ImageTables. */
export function filesBeingCut({ blocks, truncations }: Namespace): ReadonlySet<InodeHandle> {
  return new Set([...truncations.blocks()].map((block) => blocks.owner(block)));
}

/**
 * Throws HdfsError while a block is being cut as a copy: it stands in the image without what it is copied from, and after a start from
 * that image the source would be taken for a left-over, and deleted before the copy is made. Apache makes the image all the same.
 */
export function requireSources({ inodes, blocks, truncations }: Namespace): void {
  for (const block of truncations.blocks()) {
    if (truncations.of(block)?.kind !== 'copy') continue;
    const path = pathOfInode(inodes, blocks.owner(block));
    throw new HdfsError('EIO', `No image is made while ${path} is being truncated during an upgrade. Try again later.`);
  }
}

/** An image of all of it, while nothing changes it, for `file`. */
export function imageContent(
  { namespace, carried, lastTxid, progress }: LoadedNamespace,
  { namespaceId }: NamespaceIdentity,
  file: string,
): ImageContent {
  const { inodes, blocks } = namespace;
  const counters = imageCounters(namespace, namespaceId, lastTxid);
  const onStep = progress && ((name: ImageStep) => progress.step('SavingCheckpoint', { name, file }));
  return { inodes, blocks, counters, carried, cut: filesBeingCut(namespace), onStep };
}

/** Finalizes what a crash left of the log, loads the newest image, and replays. */
export async function loadNamespace(
  host: Host,
  configuration: Configuration,
  directories: readonly NameDirectory[],
  identity: NamespaceIdentity,
  recovery: RecoveryOptions,
  progress?: StartupProgress,
): Promise<LoadedNamespace> {
  progress?.begin('LoadingFsImage');
  const edits = directories.filter((directory) => directory.edits);
  const loaded = await loadNewestImage(host, directories, () => emptyNamespace(host, configuration), progress);
  const { namespace, image } = loaded;
  adoptImage(host, loaded, identity);
  namespace.erasureCoding = new ErasureCodingPolicies(erasureCodingOptions(configuration), readPolicies(image.carried));
  progress?.end('LoadingFsImage');
  progress?.begin('LoadingEdits');
  await recoverUnclosed(host, edits, recovery);
  const lastTxid = await replay(
    host,
    edits,
    image.counters.txid,
    await seenTxid(host, directories),
    ({ op, txid }) => namespace.apply(op, txid),
    { ...recovery, progress },
  );
  progress?.end('LoadingEdits');
  const { mtimeMs } = await host.disk.stat(loaded.file.path);
  const { unusable } = loaded;
  return {
    namespace,
    carried: image.carried,
    imageTxid: image.counters.txid,
    imageTime: mtimeMs,
    unusable,
    lastTxid,
    progress,
  };
}
