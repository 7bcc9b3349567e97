// What lies on the DataNodes' disks, seen by somebody who sees everything: the ghost set of replicas, R.
import { firstBadChunk } from '../src/base/crc.ts';
import { ProtocolError } from '../src/base/errors.ts';
import { ChecksumType, decodeMetaHeader, META_HEADER_BYTES, parseBlockFileName } from '../src/format/storage/block-files.ts';
import type { SimNode } from '../src/host/sim/directory-node.ts';
import type { DiskTree } from '../src/host/sim/disk-tree.ts';
import type { SimCluster } from './cluster.ts';

interface Place {
  readonly dataNode: string;
  readonly path: string;
  readonly state: 'finalized' | 'other';
  readonly id: bigint;
}

export interface PlacedReplica extends Place {
  /** Undefined: no meta file lies beside it. */
  readonly genStamp: number | undefined;
}

export interface DiskReplica extends Place {
  readonly bytes: Buffer;
  /** Undefined: no meta file lies beside it. */
  readonly meta: { readonly genStamp: number; readonly bytes: Buffer } | undefined;
}

function contentOf(node: FileNode): Buffer {
  const bytes = Buffer.alloc(node.size);
  node.read(bytes, 0, bytes.length, 0);
  return bytes;
}

type FileNode = SimNode & { readonly kind: 'file' };

interface ReplicaFiles extends Place {
  readonly block: FileNode;
  readonly meta: { readonly genStamp: number; readonly file: FileNode } | undefined;
}

/** All block files of a disk, or those of one block, by what a process would find now. */
function* filesOn(dataNode: string, disk: DiskTree, only?: bigint): Generator<ReplicaFiles> {
  const blockName = `blk_${only}`;
  function* walk(path: string, node: SimNode): Generator<ReplicaFiles> {
    if (node.kind === 'file') return;
    const blocks: { readonly at: string; readonly id: bigint; readonly block: FileNode }[] = [];
    const metas = new Map<bigint, ReplicaFiles['meta']>();
    for (const [name, child] of node.live) {
      if (child.kind === 'directory') {
        yield* walk(`${path}/${name}`, child);
        continue;
      }
      if (only !== undefined && !name.startsWith(blockName)) continue;
      const parsed = parseBlockFileName(name);
      if (parsed === undefined || (only !== undefined && parsed.id !== only)) continue;
      if (parsed.kind === 'block') blocks.push({ at: `${path}/${name}`, id: parsed.id, block: child });
      else if (parsed.kind === 'meta') metas.set(parsed.id, { genStamp: parsed.genStamp, file: child });
    }
    for (const { at, id, block } of blocks) {
      const state = at.includes('/finalized/') ? 'finalized' : 'other';
      yield { dataNode, path: at, state, id, block, meta: metas.get(id) };
    }
  }
  yield* walk('', disk.root);
}

/** All replicas of a disk, or those of one block, with what a process would read now. */
export function replicasOn(dataNode: string, disk: DiskTree, only?: bigint): DiskReplica[] {
  return Array.from(filesOn(dataNode, disk, only), ({ path, state, id, block, meta }) => ({
    dataNode,
    path,
    state,
    id,
    bytes: contentOf(block),
    meta: meta && { genStamp: meta.genStamp, bytes: contentOf(meta.file) },
  }));
}

export const allReplicas = (cluster: SimCluster, only?: bigint): DiskReplica[] =>
  cluster.dataNodes.flatMap(({ name, machine }) => replicasOn(name, machine.disk, only));

/** Those of the DataNodes that have to be there once the cluster is healed. */
export const coreReplicas = (cluster: SimCluster): DiskReplica[] =>
  cluster.core.flatMap(({ name, machine }) => replicasOn(name, machine.disk));

/** The same without their bytes. */
export const placedReplicas = (cluster: SimCluster): PlacedReplica[] =>
  cluster.core.flatMap(({ name, machine }) =>
    Array.from(filesOn(name, machine.disk), ({ path, state, id, meta }) => {
      return { dataNode: name, path, state, id, genStamp: meta?.genStamp };
    }),
  );

/** By the block that they are of. */
export function byBlock<R extends { readonly id: bigint }>(replicas: Iterable<R>): Map<bigint, R[]> {
  const found = new Map<bigint, R[]>();
  for (const replica of replicas) {
    const others = found.get(replica.id);
    if (others === undefined) found.set(replica.id, [replica]);
    else others.push(replica);
  }
  return found;
}

/** What the header of a meta file says; a power cut may leave anything there, and then it says nothing. */
export function metaHeaderOf(meta: Buffer): ReturnType<typeof decodeMetaHeader> | undefined {
  if (meta.length < META_HEADER_BYTES) return undefined;
  try {
    return decodeMetaHeader(meta);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** BK2: why a finalized replica does not agree with its meta file; undefined: it does. */
export function metaFault({ bytes, meta }: DiskReplica): string | undefined {
  if (meta === undefined) return 'it has no meta file';
  if (meta.bytes.length < META_HEADER_BYTES) return `its meta file has ${meta.bytes.length} bytes`;
  const header = metaHeaderOf(meta.bytes);
  if (header === undefined) return 'its meta file has no header';
  const { type, bytesPerChecksum } = header;
  const sums = meta.bytes.subarray(META_HEADER_BYTES);
  if (sums.length !== 4 * Math.ceil(bytes.length / bytesPerChecksum)) {
    return `${bytes.length} bytes have ${sums.length} bytes of checksums`;
  }
  const bad = firstBadChunk(type === ChecksumType.CRC32 ? 'CRC32' : 'CRC32C', bytes, sums, bytesPerChecksum);
  return bad < 0 ? undefined : `the checksum of chunk ${bad} does not fit`;
}
