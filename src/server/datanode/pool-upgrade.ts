// The directory of one block pool on one volume before anything of it is served: what a crash left half done is brought to
// its end, a newer namespace (higher cTime) makes it upgrade, `-rollback` brings the state of before back. An upgrade keeps
// the old state as hard links in `previous`, until the NameNode says finalize. Every step is durable before the next one, so
// that a crash anywhere leads back or forward, never to fewer blocks. Apache: BlockPoolSliceStorage.
import { HdfsError, messageOf } from '../../base/errors.ts';
import {
  analyzeStorage,
  CURRENT,
  FINALIZED_TMP,
  PREVIOUS,
  PREVIOUS_TMP,
  REMOVED_TMP,
} from '../../format/storage/upgrade-state.ts';
import {
  type BlockPoolVersion,
  DATANODE_LAYOUT_VERSION,
  formatBlockPoolVersion,
  parseBlockPoolVersion,
} from '../../format/storage/version.ts';
import type { Clock, Log } from '../../host/host.ts';
import { isReplicaFile, poolDir, trashDir, VERSION_FILE } from './layout.ts';
import { restoreTrash } from './pool-trash.ts';
import type { DirectoryDisk } from './volume-disk.ts';

/** How the DataNode was told to start. */
export type StartOption = 'regular' | 'rollback';

/** What a NameNode says of itself in the handshake. */
export interface Namespace {
  readonly clusterId: string;
  readonly namespaceId: number;
  readonly pool: string;
  readonly cTime: number;
}

export interface PoolUpgradeContext {
  readonly disk: DirectoryDisk;
  readonly clock: Clock;
  readonly log: Log;
}

export class PoolDirectory {
  private readonly context: PoolUpgradeContext;
  private readonly volumePath: string;
  private readonly namespace: Namespace;
  private readonly root: string;

  constructor(context: PoolUpgradeContext, volumePath: string, namespace: Namespace) {
    this.context = context;
    this.volumePath = volumePath;
    this.namespace = namespace;
    this.root = poolDir(volumePath, namespace.pool);
  }

  /**
   * For a directory whose files are in use, so that nothing may be moved; rejects a namespace that it does not fit. That of an upgrade
   * is one: what is deleted and changed for it would be missing after a rollback. A heartbeat is refused by the NameNode for the same.
   */
  checkServed(version: BlockPoolVersion): void {
    this.check(version);
    if (version.cTime >= this.namespace.cTime) return;
    throw new HdfsError(
      'EUNREGISTERED',
      `the NameNode was upgraded: its CTime is ${this.namespace.cTime}, that of ${this.root} ${version.cTime}. ` +
        'It is upgraded when this DataNode is started again.',
    );
  }

  /** Leaves a directory that fits the namespace, and answers what it says then; or rejects. */
  async load(option: StartOption): Promise<BlockPoolVersion> {
    const { disk } = this.context;
    await disk.mkdir(this.root);
    await this.recover();
    if (!(await disk.exists(`${this.root}/${CURRENT}/${VERSION_FILE}`))) {
      await this.format();
      return this.readVersion(CURRENT);
    }
    if (option === 'rollback') {
      if (await disk.exists(`${this.root}/${PREVIOUS}`)) await this.rollBack();
      else await this.restore();
    }
    const version = await this.readVersion(CURRENT);
    this.check(version);
    if (version.cTime >= this.namespace.cTime) return version;
    await this.upgrade(version);
    return this.readVersion(CURRENT);
  }

  private async recover(): Promise<void> {
    const { disk, log } = this.context;
    const names = new Set(await disk.readdir(this.root));
    const hasVersion = await disk.exists(`${this.root}/${CURRENT}/${VERSION_FILE}`);
    const state = analyzeStorage({ hasVersion, names });
    if (state.kind === 'inconsistent') {
      throw new HdfsError('EINCONSISTENT', `Directory ${this.root} is in an inconsistent state: ${state.reason}`);
    }
    if (state.kind !== 'interrupted') return;
    log.log('warn', 'datanode', `an interrupted ${state.what} of ${this.root} is brought to its end`);
    for (const step of state.steps) {
      if (step.kind === 'remove') await disk.removeTree(`${this.root}/${step.name}`);
      else await disk.rename(`${this.root}/${step.from}`, `${this.root}/${step.to}`);
      await disk.syncDirectory(this.root);
    }
  }

  private async format(): Promise<void> {
    const { disk } = this.context;
    await disk.mkdir(`${this.root}/${CURRENT}`);
    await this.writeVersion();
    await disk.syncDirectory(this.root);
    await disk.syncDirectory(this.root.slice(0, this.root.lastIndexOf('/')));
  }

  private async writeVersion(): Promise<void> {
    const { disk, clock } = this.context;
    const version: BlockPoolVersion = {
      layoutVersion: DATANODE_LAYOUT_VERSION,
      namespaceId: this.namespace.namespaceId,
      blockPoolId: this.namespace.pool,
      cTime: this.namespace.cTime,
    };
    const path = `${this.root}/${CURRENT}/${VERSION_FILE}`;
    await disk.writeFileAtomic(path, formatBlockPoolVersion(version, clock.now()));
  }

  private async readVersion(directory: string): Promise<BlockPoolVersion> {
    const path = `${this.root}/${directory}/${VERSION_FILE}`;
    const content = await this.context.disk.readFile(path);
    try {
      return parseBlockPoolVersion(content);
    } catch (error) {
      throw new HdfsError(
        'EINCONSISTENT',
        `${path}: ${messageOf(error)}. Restore the file from a backup; or move the directory away, and its blocks are copied here again from other DataNodes.`,
        { cause: error },
      );
    }
  }

  private check(version: BlockPoolVersion): void {
    const { namespace } = this;
    if (version.namespaceId !== namespace.namespaceId) {
      throw new HdfsError(
        'EIO',
        `Incompatible namespaceIDs in ${this.root}: namenode namespaceID = ${namespace.namespaceId}; datanode namespaceID = ${version.namespaceId}`,
      );
    }
    if (version.blockPoolId !== namespace.pool) {
      throw new HdfsError(
        'EIO',
        `Incompatible blockpoolIDs in ${this.root}: namenode blockpoolID = ${namespace.pool}; datanode blockpoolID = ${version.blockPoolId}`,
      );
    }
    if (version.layoutVersion > DATANODE_LAYOUT_VERSION) {
      // Blocks lie in other directories there; Hadoop 3.5's own DataNode moves them.
      throw new HdfsError(
        'EINCORRECTVERSION',
        `Unexpected version of storage directory ${this.root}. Reported: ${version.layoutVersion}. Expecting = ${DATANODE_LAYOUT_VERSION}.`,
      );
    }
    if (version.layoutVersion !== DATANODE_LAYOUT_VERSION || version.cTime > namespace.cTime) {
      throw new HdfsError(
        'EIO',
        `Datanode state: LV = ${version.layoutVersion} CTime = ${version.cTime} is newer than the namespace state: LV = ${DATANODE_LAYOUT_VERSION} CTime = ${namespace.cTime}. ` +
          `It is that of ${this.root}: start this DataNode with -rollback if the NameNode was rolled back; a directory that came after ` +
          'the upgrade has nothing to go back to, and is to be moved away.',
      );
    }
  }

  // --------------------------------------------------------------------------------------------------------- upgrade

  private async upgrade(old: BlockPoolVersion): Promise<void> {
    const { disk, log } = this.context;
    const { root } = this;
    log.log(
      'info',
      'datanode',
      `Upgrading block pool storage directory ${root}: old CTime = ${old.cTime}; new CTime = ${this.namespace.cTime}`,
    );
    await disk.removeTree(`${this.volumePath}/${PREVIOUS}`);
    await disk.removeTree(`${root}/${PREVIOUS}`);
    await disk.syncDirectory(root);
    await this.rename(CURRENT, PREVIOUS_TMP);
    await disk.mkdir(`${root}/${CURRENT}`);
    for (const name of ['finalized', 'rbw', 'lazypersist']) {
      await this.linkBlocks(`${root}/${PREVIOUS_TMP}/${name}`, `${root}/${CURRENT}/${name}`);
    }
    await this.writeVersion();
    await this.rename(PREVIOUS_TMP, PREVIOUS);
    log.log('info', 'datanode', `Upgrade of block pool ${this.namespace.pool} at ${root} is complete`);
  }

  private async rename(from: string, to: string): Promise<void> {
    const { disk } = this.context;
    await disk.rename(`${this.root}/${from}`, `${this.root}/${to}`);
    await disk.syncDirectory(this.root);
  }

  /** Hard links of all files of replicas below; durable when it returns. */
  private async linkBlocks(from: string, to: string): Promise<void> {
    const { disk } = this.context;
    await disk.mkdir(to);
    if (!(await disk.exists(from))) return;
    for (const name of await disk.readdir(from)) {
      if (isReplicaFile(name)) await disk.link(`${from}/${name}`, `${to}/${name}`);
      else if (name.startsWith('subdir')) await this.linkBlocks(`${from}/${name}`, `${to}/${name}`);
    }
    await disk.syncDirectory(to);
  }

  // -------------------------------------------------------------------------------------------------------- rollback

  private async rollBack(): Promise<void> {
    const { disk, log } = this.context;
    const { root, namespace } = this;
    if (await disk.exists(trashDir(this.volumePath, namespace.pool))) {
      throw new HdfsError('EINCONSISTENT', `${root}/${PREVIOUS} and ${root}/trash should not both be present.`);
    }
    const before = await this.readVersion(PREVIOUS);
    if (before.layoutVersion < DATANODE_LAYOUT_VERSION || before.cTime > namespace.cTime) {
      throw new HdfsError(
        'EINCONSISTENT',
        `Directory ${root} is in an inconsistent state: Cannot rollback to a newer state.\nDatanode previous state: LV = ${before.layoutVersion} CTime = ${before.cTime} is newer than the namespace state: LV = ${DATANODE_LAYOUT_VERSION} CTime = ${namespace.cTime}`,
      );
    }
    if (await this.fitsAlready(before)) return;
    log.log('info', 'datanode', `Rolling back storage directory ${root}: target CTime = ${before.cTime}`);
    await this.rename(CURRENT, REMOVED_TMP);
    await this.rename(PREVIOUS, CURRENT);
    await disk.removeTree(`${root}/${REMOVED_TMP}`);
    await disk.syncDirectory(root);
    log.log('info', 'datanode', `Rollback of ${root} is complete`);
  }

  /**
   * Whether the state of now is that of the NameNode, and the one of before is older: either the NameNode was not rolled back, or
   * the one of before is left of an upgrade that was finalized. Going back would delete every block of since then, and what is
   * left would be upgraded again at once.
   */
  private async fitsAlready(before: BlockPoolVersion): Promise<boolean> {
    const { root, namespace, context } = this;
    if (before.cTime >= namespace.cTime || (await this.readVersion(CURRENT)).cTime > namespace.cTime) return false;
    context.log.log(
      'error',
      'datanode',
      `${root} is not rolled back: it is in the state of the NameNode (CTime = ${namespace.cTime}), and what it keeps in ` +
        `${PREVIOUS} is older (CTime = ${before.cTime}). If it should be, run \`hdfs namenode -rollback\` first.`,
    );
    return true;
  }

  private async restore(): Promise<void> {
    const restored = await restoreTrash(this.context.disk, this.volumePath, this.namespace.pool);
    this.context.log.log('info', 'datanode', `Restored ${restored} block files from trash of ${this.root}.`);
  }
}

/** Gives up the state of before an upgrade, and what an attempt at that has left of it. Answers whether there was any. */
export async function finalizePool(disk: DirectoryDisk, volumePath: string, pool: string): Promise<boolean> {
  let found = false;
  // A state of the whole volume is left by an upgrade from a Hadoop without federation.
  for (const root of [volumePath, poolDir(volumePath, pool)]) {
    const aside = `${root}/${FINALIZED_TMP}`;
    if (await disk.exists(aside)) {
      found = true;
      await disk.removeTree(aside);
    }
    if (!(await disk.exists(`${root}/${PREVIOUS}`))) continue;
    found = true;
    await disk.rename(`${root}/${PREVIOUS}`, aside);
    await disk.syncDirectory(root);
    await disk.removeTree(aside);
  }
  return found;
}
