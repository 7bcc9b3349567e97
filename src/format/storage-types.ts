// Storage types have two numberings in Hadoop: that of the wire (StorageTypeProto), which all of tuskfs uses, and the
// order of Java's enum org.apache.hadoop.fs.StorageType, which stands in the edit log and orders quotas in an image.
import { StorageTypeProto } from '../wire/messages/hdfs.ts';

/** Wire numbers in the order of Java's enum. */
const JAVA_ORDER: readonly StorageTypeProto[] = [
  StorageTypeProto.RAM_DISK,
  StorageTypeProto.SSD,
  StorageTypeProto.DISK,
  StorageTypeProto.ARCHIVE,
  StorageTypeProto.PROVIDED,
  StorageTypeProto.NVDIMM,
];

/** Wire number of a Java ordinal, or undefined when there is none. */
export function storageTypeOfOrdinal(ordinal: number): StorageTypeProto | undefined {
  return JAVA_ORDER[ordinal];
}

/** Java ordinal of a wire number; -1 when there is none. */
export function storageTypeOrdinal(type: number): number {
  return (JAVA_ORDER as readonly number[]).indexOf(type);
}
