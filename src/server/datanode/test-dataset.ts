// For tests: the blocks of a DataNode with one volume, /data, and one pool, as a start makes them; and sums of bytes.
import { genStamp } from '../../base/ids.ts';
import type { Host } from '../../host/host.ts';
import { ChecksumTypeProto, StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { DataChecksum } from './data-checksum.ts';
import { Dataset, type DatasetEvents } from './dataset.ts';
import type { BlockName } from './replica.ts';
import { ReplicaFiles } from './replica-files.ts';
import { Storages } from './storages.ts';
import { Volume, type VolumeIdentity } from './volume.ts';

export const POOL = 'BP-1-10.0.0.1-1';
export const RBW = `/data/current/${POOL}/current/rbw`;
export const FINALIZED = `/data/current/${POOL}/current/finalized/subdir0/subdir0`;
export const CHUNK = 512;
export const CHECKSUM = DataChecksum.of(ChecksumTypeProto.CHECKSUM_CRC32C, CHUNK);

const QUIET: DatasetEvents = { receiving: () => undefined, received: () => undefined, deleted: () => undefined };

export async function openDataset(host: Host, events: DatasetEvents = QUIET): Promise<Dataset> {
  const storages = await Storages.open(host, [{ path: '/data', storageType: StorageTypeProto.DISK }], 0, 0);
  await storages.bind({ clusterId: 'CID-1', namespaceId: 7, pool: POOL, cTime: 0 });
  const dataset = new Dataset(storages.volumes, host.log, events);
  await dataset.addPool(POOL);
  return dataset;
}

/** A finalized replica. */
export async function writeReplica(dataset: Dataset, name: BlockName, content: Buffer): Promise<void> {
  const replica = await dataset.createRbw({ ...name, numBytes: 0 }, StorageTypeProto.DISK, content.length, genStamp(0));
  const files = await ReplicaFiles.create(replica, CHECKSUM);
  replica.lengths.receive(content.length);
  files.add({ offset: 0, data: content, sums: sumsOf(content) });
  files.flush(() => undefined);
  await files.close(true);
  await dataset.finalize(replica, true);
}

/** A volume by itself, which nobody else would lock. */
export function testVolume(
  { disk, clock }: Pick<Host, 'disk' | 'clock'>,
  path: string,
  more: Partial<VolumeIdentity> = {},
): Volume {
  const lock = { release: () => Promise.resolve() };
  return new Volume(disk, clock, { path, storageType: StorageTypeProto.DISK, lock, reservedBytes: 0, ...more });
}

/** Checksums of data that begins with a chunk. */
export function sumsOf(data: Uint8Array, checksum: DataChecksum = CHECKSUM): Buffer {
  const sums = Buffer.alloc(checksum.sumBytes(data.length));
  checksum.compute(data, sums, 0);
  return sums;
}
