// How many files of an image have which size, in steps. Apache: FileDistributionCalculator.
import { assert } from '../../../base/assert.ts';
import { binaryPrefix } from '../../../base/sizes.ts';
import { INodeSection, INodeSection_INode, INodeSection_INode_Type } from '../../../wire/messages/fsimage.ts';
import type { ImageSections } from '../image-sections.ts';
import type { TextSink } from './text-sink.ts';

const DEFAULT_MAX_SIZE = 2n ** 37n;
const DEFAULT_STEP = 2n ** 21n;
/** Apache: MAX_INTERVALS. */
const MAX_INTERVALS = 2n ** 27n;
/** Inodes after which progress is told. */
const PROGRESS = 2 ** 20;

export interface DistributionOptions {
  /** Larger files count as the last step. 0: 128 GiB. */
  readonly maxSize: bigint;
  /** Bytes of a step. 0: 2 MiB. */
  readonly step: bigint;
  /** Sizes as ranges with units. */
  readonly format: boolean;
}

const sizesOf = ({ maxSize, step }: DistributionOptions): { readonly maxSize: bigint; readonly step: bigint } => ({
  maxSize: maxSize === 0n ? DEFAULT_MAX_SIZE : maxSize,
  step: step === 0n ? DEFAULT_STEP : step,
});

/** Why there would be too many steps; undefined where there are not. */
export function tooManyIntervals(options: DistributionOptions): string | undefined {
  const { maxSize, step } = sizesOf(options);
  const intervals = maxSize / step;
  if (intervals <= MAX_INTERVALS) return undefined;
  return `Too many distribution intervals (maxSize/step): ${intervals}, should be less than ${MAX_INTERVALS + 1n}.`;
}

/** Throws ProtocolError. */
export async function writeFileDistribution(image: ImageSections, sink: TextSink, options: DistributionOptions): Promise<void> {
  assert(tooManyIntervals(options) === undefined, 'there are too many steps');
  const { maxSize: most, step: width } = sizesOf(options);
  const [maxSize, step, last] = [Number(most), Number(width), Number(most / width)];
  const files = new Map<number, number>();
  let totalFiles = 0;
  let totalDirectories = 0;
  let totalBlocks = 0;
  let totalSpace = 0;
  let maxFileSize = 0;
  const reader = await image.open('INODE');
  const { numInodes } = await reader.first(INodeSection);
  for (let i = 0; i < (numInodes ?? 0); i++) {
    if (!(await reader.fill())) throw reader.error(`${numInodes} inodes are announced, but ${i} are there`);
    const { type, file } = reader.next(INodeSection_INode);
    if (type === INodeSection_INode_Type.FILE) {
      totalFiles++;
      const blocks = file?.blocks ?? [];
      totalBlocks += blocks.length;
      const size = blocks.reduce((sum, { numBytes }) => sum + (numBytes ?? 0), 0);
      maxFileSize = Math.max(maxFileSize, size);
      totalSpace += size * (file?.replication ?? 0);
      const bucket = size > maxSize ? last : Math.min(last, Math.ceil(size / step));
      files.set(bucket, (files.get(bucket) ?? 0) + 1);
    } else if (type === INodeSection_INode_Type.DIRECTORY) totalDirectories++;
    if (i % PROGRESS === 0) {
      sink.put(`Processed ${i} inodes.\n`);
      await sink.flush();
    }
  }
  const bytes = (size: number): string => binaryPrefix(size, 2, 'B');
  sink.put(`${options.format ? 'Size Range' : 'Size'}\tNumFiles\n`);
  for (const [bucket, count] of [...files].sort(([a], [b]) => a - b)) {
    const from = bucket === 0 ? 0 : (bucket - 1) * step;
    const to = bucket === last ? maxFileSize : bucket * step;
    const range = options.format ? `${bucket === 0 ? '[' : '('}${bytes(from)}, ${bytes(to)}]` : String(bucket * step);
    sink.put(`${range}\t${count}\n`);
  }
  sink.put(`totalFiles = ${totalFiles}\ntotalDirectories = ${totalDirectories}\ntotalBlocks = ${totalBlocks}\n`);
  sink.put(`totalSpace = ${totalSpace}\nmaxFileSize = ${maxFileSize}\n`);
  await sink.flush();
}
