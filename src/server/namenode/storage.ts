// What stands in the storage directories: VERSION, seen_txid and images. Loading takes the newest image whose digest
// fits. Images are written in publishing.ts; edit segments are edits-recovery.ts and edit-log.ts.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { isReadableLayout, NAMENODE_LAYOUT_VERSION, OLDEST_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import type { Inodes } from '../../core/namespace/inodes.ts';
import type { Namespace } from '../../core/namespace/namespace.ts';
import { type LoadedImage, loadImage } from '../../format/fsimage/loader.ts';
import { digestOf, parseDigest } from '../../format/storage/digest.ts';
import {
  formatSeenTxid,
  imageDigestName,
  parseSeenTxid,
  parseStorageFileName,
  SEEN_TXID_FILE,
  VERSION_FILE,
} from '../../format/storage/names.ts';
import { formatNameNodeVersion, parseNameNodeVersion } from '../../format/storage/version.ts';
import { DiskFailure } from '../../host/disk-error.ts';
import type { Host } from '../../host/host.ts';
import { currentOf, inconsistent, makeDirectory, type NameDirectory, stateOf } from './directories.ts';
import type { NamespaceIdentity } from './identity.ts';
import type { StartupProgress } from './startup-progress.ts';

export interface ImageFile {
  readonly path: string;
  readonly directory: NameDirectory;
  readonly txid: number;
}

/** Puts the files that make a directory a NameNode's into it. Whatever `current` held is gone. */
export async function formatDirectory(host: Host, directory: NameDirectory, identity: NamespaceIdentity): Promise<void> {
  const current = currentOf(directory);
  await makeDirectory(host, directory, 'root');
  await host.disk.removeTree(current);
  await makeDirectory(host, directory, 'current');
  await host.disk.syncDirectory(directory.root);
  await writeSeenTxid(host, directory, 0);
  await writeVersion(host, directory, identity);
}

export async function writeVersion(host: Host, directory: NameDirectory, identity: NamespaceIdentity): Promise<void> {
  const text = formatNameNodeVersion({ layoutVersion: NAMENODE_LAYOUT_VERSION, ...identity }, host.clock.now());
  await host.disk.writeFileAtomic(`${currentOf(directory)}/${VERSION_FILE}`, text);
}

export async function writeSeenTxid(host: Host, directory: NameDirectory, txid: number): Promise<void> {
  await host.disk.writeFileAtomic(`${currentOf(directory)}/${SEEN_TXID_FILE}`, formatSeenTxid(txid));
}

/** What the first directory says of its layout, whoever wrote it: `namenode -metadataVersion`. Throws HdfsError. */
export async function storedLayoutVersion(host: Host, [first]: readonly NameDirectory[]): Promise<number> {
  if (first === undefined) throw new HdfsError('EIO', 'All specified directories are not accessible or do not exist.');
  const path = `${currentOf(first)}/${VERSION_FILE}`;
  if (!(await host.disk.exists(path))) throw new HdfsError('EIO', `NameNode is not formatted: ${path} is not there.`);
  try {
    return parseNameNodeVersion(await host.disk.readFile(path)).layoutVersion;
  } catch (error) {
    throw inconsistent(first, `${path}: ${messageOf(error)}`);
  }
}

/**
 * The highest of all seen_txid files: the edit log reached at least there. One that cannot be used is passed over while another
 * directory has its own. Throws HdfsError when none has.
 */
export async function seenTxid(host: Host, directories: readonly NameDirectory[]): Promise<number> {
  const found: number[] = [];
  const faults: string[] = [];
  for (const directory of directories) {
    const path = `${currentOf(directory)}/${SEEN_TXID_FILE}`;
    try {
      if (!(await host.disk.exists(path))) continue;
      const txid = parseSeenTxid((await host.disk.readFile(path)).toString('utf8'));
      if (txid === undefined) throw new HdfsError('EINCONSISTENT', `${path} does not hold a transaction id`);
      found.push(txid);
    } catch (error) {
      if (!(error instanceof HdfsError || error instanceof DiskFailure)) throw error;
      host.log.log('warn', 'storage', `Unable to determine the max transaction ID seen by ${directory.root}: ${error.message}`);
      faults.push(error.message);
    }
  }
  const [fault] = faults;
  if (fault !== undefined && found.length === 0) {
    throw new HdfsError(
      'EINCONSISTENT',
      `${fault}; remove ${SEEN_TXID_FILE} if nothing of the edit log is missing: without it that is not noticed`,
    );
  }
  return Math.max(0, ...found);
}

/**
 * Who the name system in these directories is. All formatted ones must agree. Throws HdfsError when none is formatted,
 * when one is missing, or when one belongs to another name system or another version (an older one is what is wanted
 * when `upgrading`).
 */
export async function readIdentity(
  host: Host,
  directories: readonly NameDirectory[],
  options: { readonly upgrading?: boolean } = {},
): Promise<NamespaceIdentity> {
  let identity: NamespaceIdentity | undefined;
  for (const directory of directories) {
    const state = await stateOf(host, directory);
    if (state.kind === 'missing') throw inconsistent(directory, 'storage directory does not exist or is not accessible.');
    if (state.kind === 'interrupted') throw inconsistent(directory, `its ${state.what} was cut off.`);
    if (state.kind === 'inconsistent') throw inconsistent(directory, state.reason);
    const path = `${currentOf(directory)}/${VERSION_FILE}`;
    if (state.kind === 'not-formatted') {
      const kept = await somethingKept(host, directory);
      if (kept === undefined) continue;
      throw inconsistent(
        directory,
        `${path} is missing, though ${kept} is there. Restore it from another storage directory or a backup; ` +
          'formatting would destroy the file system.',
      );
    }
    let found: ReturnType<typeof parseNameNodeVersion>;
    try {
      found = parseNameNodeVersion(await host.disk.readFile(path));
    } catch (error) {
      throw inconsistent(directory, `${path}: ${messageOf(error)}`);
    }
    if (found.layoutVersion < NAMENODE_LAYOUT_VERSION) {
      throw new HdfsError(
        'EINCORRECTVERSION',
        `Unexpected version of storage directory ${directory.root}. Reported: ${found.layoutVersion}. Expecting = ${NAMENODE_LAYOUT_VERSION}.`,
      );
    }
    if (!isReadableLayout(found.layoutVersion)) {
      throw new HdfsError(
        'EIO',
        `*********** Upgrade is not supported from this  older version ${found.layoutVersion} of storage to the current version. ` +
          'Please upgrade with Apache Hadoop first. Old layout version is ' +
          `${found.layoutVersion} and latest layout version this software version can upgrade from is ${OLDEST_LAYOUT_VERSION}. ` +
          `************\nStorage directory: ${directory.root}`,
      );
    }
    if (found.layoutVersion > NAMENODE_LAYOUT_VERSION && options.upgrading !== true) {
      throw new HdfsError(
        'EIO',
        `\nFile system image contains an old layout version ${found.layoutVersion}.\nAn upgrade to version ${NAMENODE_LAYOUT_VERSION} is required.\n` +
          'Please restart NameNode with the "-rollingUpgrade started" option if a rolling upgrade is already started; or restart NameNode with ' +
          `the "-upgrade" option to start a new upgrade.\nStorage directory: ${directory.root}`,
      );
    }
    if (
      identity !== undefined &&
      (identity.namespaceId !== found.namespaceId ||
        identity.clusterId !== found.clusterId ||
        identity.blockPoolId !== found.blockPoolId)
    ) {
      throw inconsistent(directory, `namespaceID, clusterID or blockpoolID is incompatible with others.`);
    }
    if (identity !== undefined && identity.cTime !== found.cTime) {
      throw inconsistent(
        directory,
        `its cTime is ${found.cTime}, that of others ${identity.cTime}: an upgrade, or a rollback, was cut off between the ` +
          'directories, or did not know of all of them. Run `hdfs namenode -rollback` to go back to the state of before the ' +
          'upgrade; or, to keep what came since, move `current` of those with the lower cTime away, and they are filled anew.',
      );
    }
    identity ??= {
      namespaceId: found.namespaceId,
      clusterId: found.clusterId,
      blockPoolId: found.blockPoolId,
      cTime: found.cTime,
    };
  }
  if (identity === undefined) throw new HdfsError('EIO', 'NameNode is not formatted.');
  return identity;
}

/** Images of all image directories, the newest first. */
export async function listImages(host: Host, directories: readonly NameDirectory[]): Promise<ImageFile[]> {
  const found: ImageFile[] = [];
  for (const directory of directories.filter(({ image }) => image)) {
    if (!(await host.disk.exists(currentOf(directory)))) continue;
    for (const name of await host.disk.readdir(currentOf(directory))) {
      const parsed = parseStorageFileName(name);
      if (parsed?.kind === 'image') found.push({ path: `${currentOf(directory)}/${name}`, directory, txid: parsed.txid });
    }
  }
  return found.sort((a, b) => b.txid - a.txid);
}

/** The name of an image or edit log in a directory without VERSION: somebody's file system, not a new directory. */
export async function somethingKept(host: Host, directory: NameDirectory, except?: string): Promise<string | undefined> {
  if (!(await host.disk.exists(currentOf(directory)))) return undefined;
  const names = await host.disk.readdir(currentOf(directory));
  return names.find((name) => {
    if (name === except) return false;
    const kind = parseStorageFileName(name)?.kind;
    return kind === 'image' || kind === 'edits' || kind === 'edits-in-progress';
  });
}

/** Whether the digest beside the image is its own; says why not. */
async function digestFault(host: Host, image: ImageFile): Promise<string | undefined> {
  const path = `${currentOf(image.directory)}/${imageDigestName(image.txid)}`;
  if (!(await host.disk.exists(path))) return `${path} is missing`;
  const stored = parseDigest(await host.disk.readFile(path));
  const file = await host.disk.open(image.path, 'r');
  try {
    const actual = await digestOf(file, (await file.stat()).size);
    return actual === stored.md5 ? undefined : `its MD5 is ${actual}, ${path} says ${stored.md5}`;
  } finally {
    await file.close();
  }
}

export interface LoadedFile {
  readonly namespace: Namespace;
  readonly image: LoadedImage;
  readonly file: ImageFile;
}

/** Paths of newer images that could not be used. */
export type Unusable = ReadonlySet<string>;

/** Loads one image into the tables that `make` gives. Rejects when its digest, or it, is damaged. */
export async function loadImageFile(
  host: Host,
  file: ImageFile,
  make: () => Namespace,
  progress?: StartupProgress,
): Promise<LoadedFile> {
  const fault = await digestFault(host, file);
  if (fault !== undefined) throw new HdfsError('EIO', fault);
  const namespace = make();
  const open = await host.disk.open(file.path, 'r');
  try {
    const { size } = await open.stat();
    progress?.reads('LoadingFsImage', file.path, size);
    const inodes: Inodes = namespace.inodes;
    const image = await loadImage(open, size, file.path, {
      inodes,
      blocks: namespace.blocks,
      onUnderConstruction: (inode, clientName) => namespace.leases.add(clientName, inodes.id(inode), host.clock.monotonic()),
      pause: () => new Promise((resolve) => host.clock.defer(resolve)),
      onStep: progress && ((name) => progress.step('LoadingFsImage', { name })),
    });
    return { namespace, image, file };
  } finally {
    await open.close();
  }
}

/** Loads the newest image that is intact. Tables are made anew for each try by `make`. */
export async function loadNewestImage(
  host: Host,
  directories: readonly NameDirectory[],
  make: () => Namespace,
  progress?: StartupProgress,
): Promise<LoadedFile & { readonly unusable: Unusable }> {
  const images = await listImages(host, directories);
  const faults: string[] = [];
  const unusable = new Set<string>();
  for (const file of images) {
    try {
      return { ...(await loadImageFile(host, file, make, progress)), unusable };
    } catch (error) {
      unusable.add(file.path);
      faults.push(`${file.path}: ${messageOf(error)}`);
      host.log.log('error', 'image', `cannot use ${file.path}: ${messageOf(error)}`);
    }
  }
  throw new HdfsError(
    'EIO',
    faults.length === 0
      ? `No valid image files found in ${directories.map(({ root }) => root).join(', ')}. Restore one from a backup or from the secondary NameNode.`
      : `Failed to load FSImage file, see error(s) above for more info.\n${faults.join('\n')}`,
  );
}
