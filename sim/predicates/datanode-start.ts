// What a DataNode takes up when it starts, against what lay on its disk a moment before. BK10: finalized replicas as they
// are, written ones as far as their checksums prove, copies in the making not at all. BK9: of two copies the better one.
import { firstBadChunk } from '../../src/base/crc.ts';
import { type BlockId, blockId } from '../../src/base/ids.ts';
import { ReplicaState } from '../../src/core/replica/states.ts';
import { ChecksumType, META_HEADER_BYTES } from '../../src/format/storage/block-files.ts';
import type { DiskTree } from '../../src/host/sim/disk-tree.ts';
import type { BlockPool } from '../../src/server/datanode/block-pool.ts';
import type { Dataset } from '../../src/server/datanode/dataset.ts';
import { finalizedDir, rbwDir } from '../../src/server/datanode/layout.ts';
import type { SimCluster } from '../cluster.ts';
import { type DiskReplica, metaFault, metaHeaderOf, replicasOn } from '../replicas.ts';
import type { Violations } from '../violations.ts';
import { wrap } from './hooks.ts';

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

/** What the pool took a replica for; undefined: it has none. One that is under recovery since is what the recovery found. */
function takenFor(
  { replicas, recoveries }: BlockPool,
  id: BlockId,
): { readonly genStamp: number; readonly state: ReplicaState; readonly numBytes: number } | undefined {
  const handle = replicas.find(id);
  if (handle === 0) return undefined;
  const recovery = recoveries.get(handle);
  return {
    genStamp: replicas.genStamp(handle),
    state: recovery?.original ?? replicas.state(handle),
    numBytes: recovery?.offered ?? replicas.numBytes(handle),
  };
}

export function watchDataNodeStarts(cluster: SimCluster): void {
  for (const daemon of cluster.dataNodes) {
    const start = daemon.start.bind(daemon);
    daemon.start = async () => {
      const { host } = daemon.machine;
      const before = replicasOn(daemon.name, daemon.machine.disk);
      const tails = tailsOn(daemon.machine.disk);
      await start();
      const dataNode = daemon.running;
      if (before.length === 0 || dataNode?.isRunning !== true || daemon.machine.host !== host) return;
      const { dataset } = dataNode;
      let isTakenUp = false;
      // The NameNode is asked first whose blocks they are, so none is taken up yet. To be looked at before anybody else gets at
      // them: a moment later a recovery may have cut one that has its old generation stamp still.
      wrap(dataset, 'addPool', async (add, ...args) => {
        const pool = await add(...args);
        if (!isTakenUp && dataNode.isRunning) checkTakenUp(cluster.violations, daemon.name, dataset, pool, before, tails);
        isTakenUp = true;
        return pool;
      });
    };
  }
}

function checkTakenUp(
  violations: Violations,
  dataNode: string,
  { volumes }: Dataset,
  pool: BlockPool,
  before: readonly DiskReplica[],
  tails: ReadonlyMap<string, Buffer>,
): void {
  // Those of a volume that has failed, or does not answer yet, cannot be served.
  const served = volumes.flatMap(({ path }) => [`${finalizedDir(path, pool.id)}/`, `${rbwDir(path, pool.id)}/`]);
  const byId = new Map<bigint, DiskReplica[]>();
  for (const replica of before) {
    if (!served.some((directory) => replica.path.startsWith(directory))) continue;
    byId.set(replica.id, [...(byId.get(replica.id) ?? []), replica]);
  }
  for (const [id, copies] of byId) {
    const wanted = best(copies);
    const genStamp = wanted?.meta?.genStamp;
    if (wanted === undefined || genStamp === undefined || (isFinalized(wanted) && metaFault(wanted) !== undefined)) continue;
    const invariant = copies.length > 1 ? 'BK9' : 'BK10';
    const what = `${dataNode} starts with ${wanted.path}, generation ${genStamp}`;
    const taken = takenFor(pool, blockId(id));
    violations.check(taken !== undefined, invariant, () => `${what}, and does not serve it`);
    if (taken === undefined) continue;
    const { state, numBytes } = taken;
    violations.check(taken.genStamp === genStamp, invariant, () => `${what}, and serves generation ${taken.genStamp}`);
    if (isFinalized(wanted)) {
      violations.check(
        state === ReplicaState.FINALIZED && numBytes === wanted.bytes.length,
        invariant,
        () => `${what}, and takes its ${wanted.bytes.length} bytes for ${numBytes} in state ${state}`,
      );
    } else {
      const proven = provenBytes(wanted);
      violations.check(
        state === ReplicaState.RWR &&
          numBytes >= proven &&
          numBytes <= wanted.bytes.length &&
          isProven(wanted, numBytes, tails.get(wanted.path.replace(/blk_(?=-?\d+$)/, 'tail_'))),
        invariant,
        () => `${what}, and takes ${numBytes} bytes in state ${state} for proved, ${proven} of ${wanted.bytes.length} are`,
      );
    }
  }
}
