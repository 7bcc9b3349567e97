// What is on the NameNode's disk, and what is done to it: EL4, no write and no sync after a failed one on the same file; EL5,
// an image has its name only with its bytes and its digest, and the newest ones are kept; EL6, an image holds only what was
// durable.
import { createHash } from 'node:crypto';
import { parseDigest } from '../../src/format/storage/digest.ts';
import { imageDigestName, parseStorageFileName } from '../../src/format/storage/names.ts';
import type { SimFileNode } from '../../src/host/sim/file-node.ts';
import type { SimCluster } from '../cluster.ts';
import type { Witness } from '../witness.ts';
import { onDisk, onStarted } from './hooks.ts';

const FILE_CALLS: ReadonlySet<string> = new Set(['write', 'fdatasync', 'fsync', 'truncate']);
const IMAGES_KEPT = 2;

export class NameNodeDiskWatch {
  private readonly cluster: SimCluster;
  private readonly witness: Witness;
  /** `current` of each name directory. */
  private readonly directories: readonly string[];
  private failed = new Set<string>();
  /** Transactions of the newest images that there ever were. */
  private newest: readonly number[] = [];
  private readonly checked = new Map<string, { readonly node: SimFileNode; readonly version: number }>();

  constructor(cluster: SimCluster, witness: Witness) {
    this.cluster = cluster;
    this.witness = witness;
    const { nameNode, violations } = cluster;
    this.directories = cluster.configuration.getStrings('dfs.namenode.name.dir').map((root) => `${root}/current`);
    onStarted(nameNode, () => {
      this.failed = new Set();
    });
    let host = nameNode.machine.host;
    onDisk(nameNode, ({ operation, path }, answer) => {
      if (operation === 'rename') this.checkNamed(path);
      if (nameNode.machine.host !== host) {
        host = nameNode.machine.host;
        this.failed = new Set();
      }
      if (!FILE_CALLS.has(operation) || !path.includes('/edits_inprogress_')) return;
      violations.check(!this.failed.has(path), 'EL4', () => `${operation} of ${path} after a failure of it`);
      // A full disk is met while the log grows ahead: nothing was promised on it.
      if (answer?.error !== undefined && answer.error !== 'ENOSPC') this.failed.add(path);
    });
  }

  /** EL6: an image that gets its name now. */
  private checkNamed(path: string): void {
    const parsed = parseStorageFileName(path.slice(path.lastIndexOf('/') + 1));
    if (parsed?.kind !== 'image-checkpoint') return;
    const durableTxid = this.witness.read().at(-1)?.txid ?? 0;
    const detail = (): string => `${path} gets its name, txid ${durableTxid} is the last durable one`;
    this.cluster.violations.check(parsed.txid <= durableTxid, 'EL6', detail);
  }

  /** Looks at what would be left if the power went now. */
  check(): void {
    const durableTxid = this.witness.read().at(-1)?.txid ?? 0;
    const durable = new Set<number>();
    const kept = new Set<number>();
    for (const current of this.directories) {
      const shown = this.namesShown(current);
      for (const { name, txid } of this.imagesOf(current, durableTxid)) {
        durable.add(txid);
        // What a process has deleted may be on the disk until the directory is synced.
        if (shown.has(name)) kept.add(txid);
      }
    }
    this.newest = [...new Set([...this.newest, ...durable])].sort((a, b) => b - a).slice(0, IMAGES_KEPT);
    // Each in one directory at least, as with Apache: one that was left out lacks those of the meantime when it comes back.
    for (const txid of this.newest) {
      const detail = (): string => `the image of transaction ${txid} is gone, of ${this.newest.join(' and ')}`;
      this.cluster.violations.check(kept.has(txid), 'EL5', detail);
    }
  }

  /** The durable images in a directory, each with its bytes and its digest. */
  private imagesOf(current: string, durableTxid: number): { readonly name: string; readonly txid: number }[] {
    const { violations, nameNode } = this.cluster;
    const files = nameNode.machine.disk.durableFiles(current);
    const images: { readonly name: string; readonly txid: number }[] = [];
    for (const [name, node] of files) {
      const parsed = parseStorageFileName(name);
      if (parsed?.kind !== 'image') continue;
      const { txid } = parsed;
      images.push({ name, txid });
      const path = `${current}/${name}`;
      violations.check(txid <= durableTxid, 'EL6', () => `${path} is there, txid ${durableTxid} is the last durable one`);
      const known = this.checked.get(path);
      if (known?.node === node && known.version === node.durableVersion) continue;
      this.checked.set(path, { node, version: node.durableVersion });
      const digest = files.get(imageDigestName(txid))?.durableBytes();
      const bytes = node.durableBytes();
      const actual = createHash('md5').update(bytes).digest('hex');
      violations.check(
        digest !== undefined && parseDigest(digest).md5 === actual,
        'EL5',
        () => `${path} (${bytes.length} bytes) has ${digest === undefined ? 'no digest' : 'another digest'}`,
      );
    }
    return images;
  }

  private namesShown(current: string): ReadonlySet<string> {
    const directory = this.cluster.nameNode.machine.disk.find(current);
    return new Set(directory?.kind === 'directory' ? directory.live.keys() : []);
  }
}
