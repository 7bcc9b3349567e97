// What lies on the DataNodes' disks, seen by somebody who sees everything: the ghost set of replicas, R. And the watch over
// every block file that is unlinked.
import { firstBadChunk } from '../src/base/crc.ts';
import { ChecksumType, decodeMetaHeader, META_HEADER_BYTES, parseBlockFileName } from '../src/format/storage/block-files.ts';
import type { DiskTree, SimNode } from '../src/host/sim/disk-tree.ts';
import type { SimCluster } from './cluster.ts';
import { Model } from './model.ts';
import type { Witness } from './witness.ts';

export interface DiskReplica {
  readonly dataNode: string;
  readonly path: string;
  readonly state: 'finalized' | 'other';
  readonly id: bigint;
  readonly bytes: Buffer;
  /** Undefined: no meta file lies beside it. */
  readonly meta: { readonly genStamp: number; readonly bytes: Buffer } | undefined;
}

function contentOf(node: SimNode & { readonly kind: 'file' }): Buffer {
  const bytes = Buffer.alloc(node.size);
  node.read(bytes, 0, bytes.length, 0);
  return bytes;
}

/** All block files of a disk, by what a process would read now. */
export function replicasOn(dataNode: string, disk: DiskTree): DiskReplica[] {
  const found: DiskReplica[] = [];
  const walk = (path: string, node: SimNode): void => {
    if (node.kind === 'file') return;
    for (const [name, child] of node.live) {
      const at = `${path}/${name}`;
      if (child.kind === 'directory') {
        walk(at, child);
        continue;
      }
      const parsed = parseBlockFileName(name);
      if (parsed?.kind !== 'block') continue;
      let meta: DiskReplica['meta'];
      for (const [other, sibling] of node.live) {
        const named = parseBlockFileName(other);
        if (named?.kind === 'meta' && named.id === parsed.id && sibling.kind === 'file') {
          meta = { genStamp: named.genStamp, bytes: contentOf(sibling) };
        }
      }
      const state = at.includes('/finalized/') ? 'finalized' : 'other';
      found.push({ dataNode, path: at, state, id: parsed.id, bytes: contentOf(child), meta });
    }
  };
  walk('', disk.root);
  return found;
}

export const allReplicas = (cluster: SimCluster): DiskReplica[] =>
  cluster.dataNodes.flatMap(({ name, machine }) => replicasOn(name, machine.disk));

/** BK2: why a finalized replica does not agree with its meta file; undefined: it does. */
export function metaFault({ bytes, meta }: DiskReplica): string | undefined {
  if (meta === undefined) return 'it has no meta file';
  const { type, bytesPerChecksum } = decodeMetaHeader(meta.bytes);
  const sums = meta.bytes.subarray(META_HEADER_BYTES);
  if (sums.length !== 4 * Math.ceil(bytes.length / bytesPerChecksum)) {
    return `${bytes.length} bytes have ${sums.length} bytes of checksums`;
  }
  const bad = firstBadChunk(type === ChecksumType.CRC32 ? 'CRC32' : 'CRC32C', bytes, sums, bytesPerChecksum);
  return bad < 0 ? undefined : `the checksum of chunk ${bad} does not fit`;
}

/**
 * DL1: a good replica that is unlinked is never the last one. DL2: a block that the namespace has given up is unlinked only
 * once the log that says so is durable.
 */
export function watchUnlinks(cluster: SimCluster, witness: Witness): void {
  for (const daemon of cluster.dataNodes) {
    daemon.onDiskCall = ({ operation, path }) => {
      if (operation !== 'unlink' || !path.includes('/finalized/')) return;
      const name = parseBlockFileName(path.slice(path.lastIndexOf('/') + 1));
      if (name?.kind !== 'block') return;
      const owner = Model.of(witness.read()).ownerOf(name.id);
      const block = owner?.blocks.find(({ id }) => id === name.id);
      if (owner === undefined || block === undefined) return;
      const system = cluster.nameNode.running?.system;
      if (system !== undefined && system.namespace.blocks.find(name.id as never) === 0) {
        cluster.violations.add('DL2', `${daemon.name} unlinks blk_${name.id} before its deletion is durable`);
        return;
      }
      const isGood = (replica: DiskReplica): boolean =>
        replica.state === 'finalized' &&
        replica.id === name.id &&
        replica.meta?.genStamp === block.genStamp &&
        (owner.open || replica.bytes.length === block.numBytes);
      const good = allReplicas(cluster).filter(isGood);
      const mine = good.some((replica) => replica.dataNode === daemon.name);
      if (mine && good.every((replica) => replica.dataNode === daemon.name)) {
        cluster.violations.add('DL1', `${daemon.name} unlinks the last good replica of blk_${name.id} of ${owner.createPath}`);
      }
    };
  }
}
