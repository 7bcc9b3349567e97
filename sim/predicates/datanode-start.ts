// What a DataNode takes up when it starts, against what lay on its disk a moment before. BK10: finalized replicas as they
// are, written ones as far as their checksums prove, copies in the making not at all. BK9: of two copies the better one.
import { firstBadChunk } from '../../src/base/crc.ts';
import { ReplicaState } from '../../src/core/replica/states.ts';
import { ChecksumType, META_HEADER_BYTES } from '../../src/format/storage/block-files.ts';
import type { DiskTree } from '../../src/host/sim/disk-tree.ts';
import type { SimCluster } from '../cluster.ts';
import { type DiskReplica, metaFault, metaHeaderOf, replicasOn } from '../replicas.ts';

const POLL_MS = 50;
const MOST_POLLS = 2_000;

/** How many bytes of a replica whole chunks and their checksums prove; the last, partial chunk counts when it is proved. */
export function provenBytes({ bytes, meta }: DiskReplica): number {
  const header = meta === undefined ? undefined : metaHeaderOf(meta.bytes);
  if (meta === undefined || header === undefined) return 0;
  const { type, bytesPerChecksum } = header;
  const sums = meta.bytes.subarray(META_HEADER_BYTES);
  const checksum = type === ChecksumType.CRC32 ? 'CRC32' : 'CRC32C';
  let proven = 0;
  for (let chunk = 0; chunk * bytesPerChecksum < bytes.length && (chunk + 1) * 4 <= sums.length; chunk++) {
    const data = bytes.subarray(chunk * bytesPerChecksum, (chunk + 1) * bytesPerChecksum);
    if (firstBadChunk(checksum, data, sums.subarray(chunk * 4, chunk * 4 + 4), bytesPerChecksum) >= 0) break;
    proven += data.length;
  }
  return proven;
}

/**
 * Whether a length is proved: whole chunks by their checksums, and what is behind them, of one chunk, by its checksum or by
 * what a sync has noted beside the replica (tail_N: lengths and checksums in two sectors).
 */
export function isProven({ bytes, meta }: DiskReplica, length: number, tail: Buffer | undefined): boolean {
  if (length === 0) return true;
  const header = meta === undefined ? undefined : metaHeaderOf(meta.bytes);
  if (meta === undefined || header === undefined) return false;
  const { type, bytesPerChecksum } = header;
  const sums = meta.bytes.subarray(META_HEADER_BYTES);
  const checksum = type === ChecksumType.CRC32 ? 'CRC32' : 'CRC32C';
  const fits = (from: number, to: number, sum: Buffer): boolean =>
    sum.length === 4 && firstBadChunk(checksum, bytes.subarray(from, to), sum, bytesPerChecksum) < 0;
  const sumOf = (chunk: number): Buffer => sums.subarray(chunk * 4, chunk * 4 + 4);
  const whole = Math.floor(length / bytesPerChecksum);
  for (let chunk = 0; chunk < whole; chunk++) {
    if (!fits(chunk * bytesPerChecksum, (chunk + 1) * bytesPerChecksum, sumOf(chunk))) return false;
  }
  const from = whole * bytesPerChecksum;
  if (from === length || fits(from, length, sumOf(whole))) return true;
  return TAIL_RECORDS.some((at) => {
    if (tail === undefined || tail.length < at + 12 || tail.readBigUInt64BE(at) !== BigInt(length)) return false;
    return fits(from, length, tail.subarray(at + 8, at + 12));
  });
}

/** Where the records of a tail file are. */
const TAIL_RECORDS = [0, 512];

function tailsOn(disk: DiskTree): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const [path, file] of disk.files('/')) {
    if (!path.includes('/tail_')) continue;
    const bytes = Buffer.alloc(file.size);
    file.read(bytes, 0, bytes.length, 0);
    found.set(path, bytes);
  }
  return found;
}

const isFinalized = ({ state }: DiskReplica): boolean => state === 'finalized';

/** The one of several copies that has to be served: the newest generation, then a finalized one, then the longest. */
function best(copies: readonly DiskReplica[]): DiskReplica | undefined {
  return [...copies].sort(
    (a, b) =>
      (b.meta?.genStamp ?? 0) - (a.meta?.genStamp ?? 0) ||
      Number(isFinalized(b)) - Number(isFinalized(a)) ||
      b.bytes.length - a.bytes.length,
  )[0];
}

export function watchDataNodeStarts(cluster: SimCluster): void {
  const { violations, simulation } = cluster;
  for (const daemon of cluster.dataNodes) {
    const start = daemon.start.bind(daemon);
    daemon.start = async () => {
      const { host } = daemon.machine;
      const before = replicasOn(daemon.name, daemon.machine.disk);
      const tails = tailsOn(daemon.machine.disk);
      await start();
      if (before.length === 0) return;
      const look = (pollsLeft: number): void => {
        const dataNode = daemon.running;
        if (dataNode?.isRunning !== true || daemon.machine.host !== host || pollsLeft === 0) return;
        const [poolId] = dataNode.dataset.poolIds;
        const pool = poolId === undefined ? undefined : dataNode.dataset.poolOrNone(poolId);
        if (pool === undefined) {
          simulation.scheduler.after(POLL_MS, undefined, 'look at a start', () => look(pollsLeft - 1));
          return;
        }
        const byId = new Map<bigint, DiskReplica[]>();
        for (const replica of before) {
          if (!replica.path.includes('/tmp/')) byId.set(replica.id, [...(byId.get(replica.id) ?? []), replica]);
        }
        for (const [id, copies] of byId) {
          const wanted = best(copies);
          if (wanted === undefined) continue;
          const handle = pool.replicas.find(id as never);
          const genStamp = wanted.meta?.genStamp;
          const invariant = copies.length > 1 ? 'BK9' : 'BK10';
          const what = `${daemon.name} starts with ${wanted.path}, generation ${genStamp}`;
          if (genStamp === undefined || (isFinalized(wanted) && metaFault(wanted) !== undefined)) continue;
          // It may have been recovered or deleted since: what is looked at is what it was taken for.
          if (handle === 0 || pool.replicas.genStamp(handle) > genStamp) {
            violations.looked(invariant);
            continue;
          }
          const state = pool.replicas.state(handle);
          const numBytes = pool.replicas.numBytes(handle);
          violations.check(
            pool.replicas.genStamp(handle) === genStamp,
            invariant,
            () => `${what}, and serves generation ${pool.replicas.genStamp(handle)}`,
          );
          if (isFinalized(wanted)) {
            violations.check(
              (state === ReplicaState.FINALIZED || state === ReplicaState.RUR) && numBytes === wanted.bytes.length,
              invariant,
              () => `${what}, and takes its ${wanted.bytes.length} bytes for ${numBytes} in state ${state}`,
            );
          } else if (state === ReplicaState.RWR) {
            const proven = provenBytes(wanted);
            violations.check(
              numBytes >= proven &&
                numBytes <= wanted.bytes.length &&
                isProven(wanted, numBytes, tails.get(wanted.path.replace(/blk_(?=-?\d+$)/, 'tail_'))),
              invariant,
              () => `${what}, and takes ${numBytes} bytes for proved, ${proven} of ${wanted.bytes.length} are`,
            );
          }
        }
      };
      look(MOST_POLLS);
    };
  }
}
