// The report of fsck: a walk over a tree that looks at every file's blocks, in slices, as text in Hadoop's words. `hdfs fsck` of
// either maker prints what this writes, and takes its exit code from the last line. Mirrors NamenodeFsck.
import { utf8 } from '../../../base/bytes.ts';
import { HdfsError, messageOf } from '../../../base/errors.ts';
import { blockId } from '../../../base/ids.ts';
import type { Hdfs } from '../../../client/hdfs.ts';
import { CORRUPT_REASON_NAMES } from '../../../core/blocks/corrupt-replicas.ts';
import type { InspectedReplica } from '../../../core/blocks/inspection.ts';
import { type InodeHandle, InodeType } from '../../../core/namespace/inodes.ts';
import { type Caller, pathOfInode } from '../../../core/namespace/permissions.ts';
import { fileStatus } from '../../../core/namespace/queries/file-status.ts';
import { listing } from '../../../core/namespace/queries/listing.ts';
import { javaDate } from '../../../format/storage/properties.ts';
import type { NameNodeCalls } from '../../../webhdfs/operation.ts';
import { corruptFileBlocks } from '../corrupt-files.ts';
import type { NameSystem } from '../namesystem.ts';
import { reportFile } from './file-report.ts';
import { LOST_FOUND, LostFound } from './lost-found.ts';
import type { FsckOptions } from './options.ts';
import { FsckResult, NO_BLOCK_GROUPS } from './result.ts';
import { StoragePolicySummary } from './storage-policies.ts';

/** Files looked at in one turn. */
const FILES_PER_SLICE = 200;

export interface FsckParts {
  readonly system: NameSystem;
  readonly caller: Caller;
  /** Address that asks. */
  readonly remoteHost: string;
  /** dfs.replication. */
  readonly replication: number;
  /** dfs.namenode.max-corrupt-file-blocks-returned. */
  readonly corruptBlocksLimit: number;
  /** ClientProtocol as the caller. */
  readonly namenode: NameNodeCalls;
  /** A client of this file system, of the caller. */
  readonly connect: () => Promise<Hdfs>;
}

interface BrokenFile {
  readonly path: string;
  readonly mode: number;
}

interface Frame {
  readonly path: string;
  startAfter: Uint8Array;
}

const childOf = (directory: string, name: string): string => (directory === '/' ? `/${name}` : `${directory}/${name}`);

class Fsck {
  readonly #parts: FsckParts;
  readonly #options: FsckOptions;
  readonly #result = new FsckResult();
  readonly #policies: StoragePolicySummary | undefined;
  #dirs = 0;
  #symlinks = 0;
  #failed = false;
  /** Broken files that are moved or removed once the walk is past them. */
  #broken: BrokenFile[] = [];
  readonly #lostFound: LostFound;
  /** What is made by this walk is no part of it. */
  #skipsLostFound = false;

  constructor(parts: FsckParts, options: FsckOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#policies = options.storagePolicies ? new StoragePolicySummary() : undefined;
    this.#lostFound = new LostFound({ ...parts, log: parts.system.host.log });
  }

  #date(): string {
    return javaDate(this.#parts.system.now().wallMs);
  }

  #visited(): string {
    return (this.#dirs + this.#symlinks + this.#result.files) % 1000 === 0 ? '\n' : '';
  }

  #entered(path: string): string {
    const text = this.#visited();
    this.#dirs++;
    return this.#options.files ? `${text}${path} <dir>\n` : text;
  }

  #leaf(path: string, type: InodeType, inode: InodeHandle): string {
    let text = this.#visited();
    if (type === InodeType.SYMLINK) {
      this.#symlinks++;
      return this.#options.files ? `${text}${path} <symlink>\n` : text;
    }
    const { system } = this.#parts;
    const report = reportFile(system, path, inode, this.#options, this.#result, this.#policies);
    text += report.text;
    if (report.broken) this.#broken.push({ path, mode: system.namespace.inodes.mode(inode) });
    if (this.#options.replicate && report.misplaced.length > 0) {
      system.blockManager.checkRedundancy(report.misplaced, system.now());
      this.#result.queued += report.misplaced.length;
    }
    return text;
  }

  /** Entries of the frame up to the next directory, or to the end of the slice; the directory, when there is one. */
  #step(frame: Frame): { readonly text: string; readonly below: string | undefined; readonly done: boolean } {
    const { system, caller } = this.#parts;
    const { path, startAfter } = frame;
    const page = listing(system.namespace, caller, { path, startAfter, limit: FILES_PER_SLICE });
    if (page === undefined || !page.isDirectory) return { text: '', below: undefined, done: true };
    let text = '';
    let below: string | undefined;
    const { inodes } = system.namespace;
    const left = page.walk((entry) => {
      const name = Uint8Array.from(inodes.name(entry.inode));
      frame.startAfter = name;
      const child = childOf(path, utf8(name));
      if (child === LOST_FOUND && this.#skipsLostFound) return true;
      if (entry.type === InodeType.DIRECTORY) below = child;
      else text += this.#leaf(child, entry.type, entry.inode);
      return below === undefined;
    });
    return { text, below, done: left === 0 && below === undefined };
  }

  async *#walk(root: string): AsyncGenerator<string> {
    const { system } = this.#parts;
    const frames: Frame[] = [{ path: root, startAfter: new Uint8Array() }];
    yield this.#entered(root);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const { text, below, done } = this.#step(frame);
      if (text !== '') yield text;
      if (below !== undefined) {
        frames.push({ path: below, startAfter: new Uint8Array() });
        yield this.#entered(below);
      } else if (done) frames.pop();
      await this.#moveAndRemove();
      await new Promise<void>((resolve) => system.host.clock.defer(resolve));
    }
  }

  async #moveAndRemove(): Promise<void> {
    const { namenode, system } = this.#parts;
    for (const { path, mode } of this.#broken.splice(0)) {
      if (this.#options.move && !(await this.#lostFound.keep(path, mode))) this.#failed = true;
      if (!this.#options.remove) continue;
      try {
        await namenode.call('delete', { src: path, recursive: true });
      } catch (error) {
        if (!(error instanceof HdfsError)) throw error;
        system.host.log.log('error', 'fsck', `cannot remove ${path}: ${error.message}`);
        this.#failed = true;
      }
    }
  }

  #corruptFileBlocks(): string {
    const { system, caller, corruptBlocksLimit } = this.#parts;
    const { path, startBlockAfter } = this.#options;
    system.requireSuperuser(caller, 'listCorruptFileBlocks');
    const { blocks, cookie } = corruptFileBlocks(system, path, startBlockAfter, corruptBlocksLimit);
    const { blocks: known, inodes } = system.namespace;
    const lines = blocks.map(({ block, path }) => `blk_${known.id(block)}\t${inodes.replication(known.owner(block))}\t${path}`);
    const count = lines.length > 0 ? String(lines.length) : startBlockAfter === 0 ? 'no' : 'no more';
    const all = lines.map((line) => `${line}\n`).join('');
    return `Cookie:\t${cookie}\n${all}\n\nThe filesystem under path '${path}' has ${count} CORRUPT files\n\n`;
  }

  #replicaLine({ storage, corrupt, excess, staleNode }: InspectedReplica): string {
    const { node } = storage;
    let standing = 'HEALTHY';
    if (corrupt !== undefined) standing = `CORRUPT\t ReasonCode: ${CORRUPT_REASON_NAMES[corrupt]}`;
    else if (node.decommissioned) standing = 'DECOMMISSIONED';
    else if (node.decommissioning) standing = 'DECOMMISSIONING';
    else if (this.#options.maintenance && node.enteringMaintenance) standing = 'ENTERING MAINTENANCE';
    else if (this.#options.maintenance && node.inMaintenance) standing = 'IN MAINTENANCE';
    else if (staleNode) standing = 'STALE';
    else if (excess) standing = 'EXCESS';
    return `Block replica on datanode/rack: ${node.id.hostName}${node.location} is ${standing}\n`;
  }

  #block(name: string): string {
    if (!name.includes('blk_')) return `Incorrect blockId format: ${name}\n`;
    const number = /^blk_(-?\d+)(?:_\d+(?:\.meta)?)?$/.exec(name)?.[1];
    if (number !== undefined && BigInt.asIntN(64, BigInt(number)) !== BigInt(number)) {
      return `\nFor input string: "${number}"\n\n\nFsck on blockId '${name}`;
    }
    const { system } = this.#parts;
    const { namespace: ns, blockManager } = system;
    const block = number === undefined || !/^-?\d{1,19}$/.test(number) ? 0 : ns.blocks.find(blockId(BigInt(number)));
    const file = block === 0 ? 0 : ns.blocks.owner(block);
    if (file === 0 || !ns.inodes.isReachable(file)) return `\nBlock ${name} does not exist\n`;
    const { counts, whole } = blockManager.inspect(block, system.now());
    const lines = [
      '',
      `Block Id: ${name}`,
      `Block belongs to: ${pathOfInode(ns.inodes, file)}`,
      `No. of Expected Replica: ${ns.inodes.replication(file)}`,
      `No. of live Replica: ${counts.live}`,
      `No. of excess Replica: ${counts.excess}`,
      `No. of stale Replica: ${counts.stale}`,
      `No. of decommissioned Replica: ${counts.decommissioned}`,
      `No. of decommissioning Replica: ${counts.decommissioning}`,
      ...(this.#options.maintenance
        ? [
            `No. of entering maintenance Replica: ${counts.maintenanceForRead}`,
            `No. of in maintenance Replica: ${counts.maintenanceNotForRead}`,
          ]
        : []),
      `No. of corrupted Replica: ${counts.corrupt}`,
      '',
    ];
    return (
      lines.join('\n') +
      [...whole]
        .reverse()
        .map((replica) => this.#replicaLine(replica))
        .join('')
    );
  }

  async *report(): AsyncGenerator<string> {
    const { system, caller, remoteHost, replication } = this.#parts;
    const { path, blockIds, showProgress, corruptFileBlocks } = this.#options;
    const begun = system.now().monotonicMs;
    const who = `${caller.user} (auth:SIMPLE) from /${remoteHost}`;
    const ended = (): string =>
      `FSCK ended at ${this.#date()} in ${Math.round(system.now().monotonicMs - begun)} milliseconds\n`;
    if (showProgress) {
      yield 'The fsck switch -showprogress is deprecated and no longer has any effect. Progress is now shown by default.\n';
    }
    try {
      if (blockIds !== undefined) {
        system.requireSuperuser(caller, 'fsck');
        yield `FSCK started by ${who} at ${this.#date()}\n`;
        for (const name of blockIds) yield this.#block(name);
        return;
      }
      yield `FSCK started by ${who} for path ${path} at ${this.#date()}\n`;
      const status = fileStatus(system.namespace, caller, path, true)?.status;
      if (status === undefined) {
        yield `\n\nPath '${path}' does not exist`;
        return;
      }
      if (corruptFileBlocks) {
        yield this.#corruptFileBlocks();
        return;
      }
      const { type, inode } = status;
      this.#skipsLostFound = fileStatus(system.namespace, caller, LOST_FOUND, true)?.status === undefined;
      if (type === InodeType.DIRECTORY) yield* this.#walk(path);
      else yield this.#leaf(path, type, inode);
      await this.#moveAndRemove();
      const word = this.#result.isHealthy ? 'HEALTHY' : 'CORRUPT';
      const { datanodes, options } = system.blockManager;
      yield [
        `\nStatus: ${word}`,
        ` Number of data-nodes:\t${datanodes.aliveCount}`,
        ` Number of racks:\t\t${datanodes.topology.rackCount}`,
        ` Total dirs:\t\t\t${this.#dirs}`,
        ` Total symlinks:\t\t${this.#symlinks}`,
        '',
        'Replicated Blocks:',
        this.#result.replicated(replication, options.minReplication),
        '',
        'Erasure Coded Block Groups:',
        NO_BLOCK_GROUPS,
        '',
      ].join('\n');
      if (this.#policies !== undefined) yield this.#policies.report();
      yield ended();
      if (this.#failed) throw new HdfsError('EIO', 'fsck encountered internal errors!');
      yield `\n\nThe filesystem under path '${path}' is ${word}`;
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      yield `${ended()}${messageOf(error)}\n\n\nFsck on path '${path}' FAILED`;
    } finally {
      await this.#lostFound.close();
    }
  }
}

/** The report, piece by piece; a reader that stops holds it back. */
export function fsckReport(parts: FsckParts, options: FsckOptions): AsyncGenerator<string> {
  return new Fsck(parts, options).report();
}
