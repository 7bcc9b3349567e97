// What is on the NameNode's disk, and what is done to it: EL4, no write and no sync after a failed one on the same file; EL5,
// an image has its name only with its bytes and its digest, and enough images and edits are kept; EL6, an image holds only
// what was durable.
import { createHash } from 'node:crypto';
import { parseDigest } from '../../src/format/storage/digest.ts';
import { imageDigestName, parseStorageFileName } from '../../src/format/storage/names.ts';
import type { SimFileNode } from '../../src/host/sim/disk-tree.ts';
import type { SimCluster } from '../cluster.ts';
import type { Witness } from '../witness.ts';
import { onDisk, onStarted } from './hooks.ts';

const CURRENT = '/name/current';
const FILE_CALLS: ReadonlySet<string> = new Set(['write', 'fdatasync', 'fsync', 'truncate']);
const IMAGES_KEPT = 2;

export class NameNodeDiskWatch {
  private readonly cluster: SimCluster;
  private readonly witness: Witness;
  private failed = new Set<string>();
  /** Transactions of the images that there ever were. */
  private readonly images = new Set<number>();
  private readonly checked = new Map<string, { readonly node: SimFileNode; readonly version: number }>();

  constructor(cluster: SimCluster, witness: Witness) {
    this.cluster = cluster;
    this.witness = witness;
    const { nameNode, violations } = cluster;
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
    const { violations, nameNode } = this.cluster;
    const files = nameNode.machine.disk.durableFiles(CURRENT);
    const log = this.witness.read();
    const durableTxid = log.at(-1)?.txid ?? 0;
    const images: number[] = [];
    for (const [name, node] of files) {
      const parsed = parseStorageFileName(name);
      if (parsed?.kind !== 'image') continue;
      images.push(parsed.txid);
      violations.check(
        parsed.txid <= durableTxid,
        'EL6',
        () => `${name} is there, txid ${durableTxid} is the last durable one`,
      );
      const known = this.checked.get(name);
      if (known?.node === node && known.version === node.durableVersion) continue;
      this.checked.set(name, { node, version: node.durableVersion });
      const digest = files.get(imageDigestName(parsed.txid))?.durableBytes();
      const bytes = node.durableBytes();
      const actual = createHash('md5').update(bytes).digest('hex');
      violations.check(
        digest !== undefined && parseDigest(digest).md5 === actual,
        'EL5',
        () => `${name} (${bytes.length} bytes) has ${digest === undefined ? 'no digest' : 'another digest'}`,
      );
    }
    for (const txid of images) this.images.add(txid);
    const due = Math.min(IMAGES_KEPT, this.images.size);
    const kept = Math.min(images.length, this.imagesShown());
    violations.check(kept >= due, 'EL5', () => `${kept} images are kept, there were ${this.images.size}`);
  }

  /** Images that a process sees: what it has deleted may be on the disk until the directory is synced. */
  private imagesShown(): number {
    const directory = this.cluster.nameNode.machine.disk.find(CURRENT);
    if (directory?.kind !== 'directory') return 0;
    return [...directory.live.keys()].filter((name) => parseStorageFileName(name)?.kind === 'image').length;
  }
}
