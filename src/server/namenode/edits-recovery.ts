// Finds the segments of the edit log, mends what a crash left, and replays them. A segment that was being written is
// cut after its last intact record and finalized; copies in other directories that end earlier are replaced by the
// longest. Damage with intact records behind it is never skipped: another copy is read, or the start stops with the file,
// the offset and the way out.

import { BEING_WRITTEN } from '../../base/being-written.ts';
import { HdfsError, messageOf } from '../../base/errors.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { LoggedOp } from '../../core/edits/ops.ts';
import type { EditLogEnd } from '../../format/edit-log/decoder.ts';
import { EDIT_LOG_HEADER_BYTES, PADDING_BYTE } from '../../format/edit-log/encoder.ts';
import { readEditLog } from '../../format/edit-log/reader.ts';
import { editsInProgressName, editsName, parseStorageFileName } from '../../format/storage/names.ts';
import { DiskFailure } from '../../host/disk-error.ts';
import type { Host } from '../../host/host.ts';
import { currentOf, type NameDirectory } from './directories.ts';
import type { StartupProgress } from './startup-progress.ts';

const CHUNK_BYTES = 1024 * 1024;

export interface SegmentFile {
  readonly path: string;
  readonly directory: NameDirectory;
  readonly firstTxid: number;
  /** Undefined while the segment is in progress. */
  readonly lastTxid: number | undefined;
}

export interface RecoveryOptions {
  readonly maxOpBytes: number;
  /** Cut a damaged log at the damage instead of stopping (`namenode -recover`). */
  readonly cutAtDamage: boolean;
  /** Told of a start's replay. */
  readonly progress?: StartupProgress | undefined;
}

/** Chunks of a file, in one buffer that is used again for each. */
export async function* fileChunks(host: Host, path: string, from = 0): AsyncGenerator<Buffer> {
  const file = await host.disk.open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let position = from; ; ) {
      const length = await file.read(buffer, 0, buffer.length, position);
      if (length === 0) return;
      position += length;
      yield buffer.subarray(0, length);
    }
  } finally {
    await file.close();
  }
}

/** All segments of all edits directories, by their first txid. */
export async function listSegments(host: Host, directories: readonly NameDirectory[]): Promise<SegmentFile[]> {
  const found: SegmentFile[] = [];
  for (const directory of directories) {
    for (const name of await host.disk.readdir(currentOf(directory))) {
      const parsed = parseStorageFileName(name);
      const path = `${currentOf(directory)}/${name}`;
      if (parsed?.kind === 'edits') found.push({ path, directory, firstTxid: parsed.firstTxid, lastTxid: parsed.lastTxid });
      if (parsed?.kind === 'edits-in-progress')
        found.push({ path, directory, firstTxid: parsed.firstTxid, lastTxid: undefined });
    }
  }
  return found.sort((a, b) => a.firstTxid - b.firstTxid);
}

interface Examined {
  readonly lastTxid: number;
  readonly end: EditLogEnd;
}

/** No further than `upTo`. What the disk cannot read is damaged. */
async function examine(host: Host, { path, firstTxid }: SegmentFile, maxOpBytes: number, upTo?: number): Promise<Examined> {
  const reading = readEditLog(fileChunks(host, path), { firstTxid, lastTxid: upTo, maxOpBytes });
  let lastTxid = firstTxid - 1;
  let offset = 0;
  for (;;) {
    let step: Awaited<ReturnType<typeof reading.next>>;
    try {
      step = await reading.next();
    } catch (error) {
      return { lastTxid, end: unreadable(error, offset) };
    }
    if (step.done) return { lastTxid, end: step.value };
    const last = step.value.at(-1);
    if (last !== undefined) [lastTxid, offset] = [last.txid, last.offset + last.length];
  }
}

/** `offset`: where the last record that was read ends. Throws what is no error of a disk. */
function unreadable(error: unknown, offset: number): EditLogEnd & { kind: 'corrupt' } {
  if (!(error instanceof DiskFailure)) throw error;
  return { kind: 'corrupt', offset, reason: messageOf(error), next: undefined };
}

/** Whether anything but padding stands from there on. What cannot be read may be anything. */
async function holdsMore(host: Host, path: string, offset: number): Promise<boolean> {
  try {
    for await (const chunk of fileChunks(host, path, offset)) {
      if (chunk.some((byte) => byte !== PADDING_BYTE && byte !== 0)) return true;
    }
    return false;
  } catch (error) {
    if (!(error instanceof DiskFailure)) throw error;
    return true;
  }
}

function damage(segment: SegmentFile, end: EditLogEnd & { kind: 'corrupt' }): HdfsError {
  const behind =
    end.next === undefined ? '' : `; intact transactions follow, from txid ${end.next.txid} at offset ${end.next.offset}`;
  return new HdfsError(
    'EIO',
    `Edit log ${segment.path} is damaged at offset ${end.offset}: ${end.reason}${behind}. ` +
      'Restore this file from another edits directory or a backup; or, accepting that everything from the damage on is lost, ' +
      'run `hdfs namenode -recover`.',
  );
}

interface Whole {
  readonly path: string;
  readonly lastTxid: number;
}

/** Finalizes what a crash left in progress. Throws HdfsError when the only copies are damaged. */
export async function recoverUnclosed(
  host: Host,
  directories: readonly NameDirectory[],
  options: RecoveryOptions,
): Promise<void> {
  const segments = await listSegments(host, directories);
  const unclosed = segments.filter((segment) => segment.lastTxid === undefined);
  for (const firstTxid of new Set(unclosed.map((segment) => segment.firstTxid))) {
    const copies = unclosed.filter((segment) => segment.firstTxid === firstTxid);
    let closed: Whole | undefined;
    for (const { path, firstTxid: first, lastTxid } of segments)
      if (first === firstTxid && lastTxid !== undefined && lastTxid > (closed?.lastTxid ?? 0)) closed = { path, lastTxid };
    let best = closed;
    const shorter: SegmentFile[] = [];
    let broken: HdfsError | undefined;
    const examined: { readonly copy: SegmentFile; readonly result: Examined }[] = [];
    for (const copy of copies) examined.push({ copy, result: await examine(host, copy, options.maxOpBytes) });
    const longest = Math.max(
      closed?.lastTxid ?? 0,
      ...examined.map(({ result }) => (usable(result, options) ? result.lastTxid : 0)),
    );
    // A copy that ends earlier, as that of a directory which failed, does not stand for one that is damaged. Copies are alike
    // to the byte.
    const ends = examined.flatMap(({ result: { end } }) => (end.kind === 'clean' || end.kind === 'torn' ? [end.offset] : []));
    for (const { copy, result } of examined) {
      if (result.end.kind !== 'corrupt' || options.cutAtDamage || closed !== undefined || longest === 0) continue;
      if (await holdsMore(host, copy.path, Math.max(EDIT_LOG_HEADER_BYTES, ...ends))) throw damage(copy, result.end);
    }
    // A directory that takes nothing any more keeps its copy as it is: there is a whole one elsewhere, or the start stops.
    let refused: DiskFailure | undefined;
    const attempt = async ({ path }: SegmentFile, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof DiskFailure)) throw error;
        host.log.log('error', 'edits', `${path} stays as it is: ${error.message}`);
        refused = error;
      }
    };
    for (const { copy, result } of examined) {
      if (result.end.kind === 'corrupt' && !options.cutAtDamage) {
        broken = damage(copy, result.end);
        host.log.log('error', 'edits', broken.message);
        shorter.push(copy);
      } else if (result.lastTxid < firstTxid) {
        // Nothing was ever written to it. Apache: moveAsideEmptyFile.
        await attempt(copy, () => host.disk.rename(copy.path, `${copy.path}.empty`));
      } else if (result.lastTxid !== (closed === undefined ? longest : closed.lastTxid)) {
        shorter.push(copy);
      } else {
        // All of it is here: if the other copy should turn out to be damaged, this one is needed.
        await attempt(copy, async () => {
          best = { path: await finalizeCut(host, copy, result), lastTxid: result.lastTxid };
        });
      }
    }
    // A damaged copy alone decides nothing away: without a good one the start stops.
    const whole = best;
    if (whole === undefined) {
      if (broken !== undefined || refused !== undefined) throw broken ?? refused;
      continue;
    }
    for (const copy of shorter) await attempt(copy, () => replaceBy(host, copy, whole));
  }
}

function usable(result: Examined, options: RecoveryOptions): boolean {
  return result.end.kind !== 'corrupt' || options.cutAtDamage;
}

/** Cuts the file after its last intact record and gives it its final name. */
async function finalizeCut(host: Host, segment: SegmentFile, { end, lastTxid }: Examined): Promise<string> {
  if (end.kind === 'torn') sometimes('torn tail of the edit log cut');
  if (end.kind === 'torn') host.log.log('warn', 'edits', `cutting ${segment.path} at offset ${end.offset}: ${end.reason}`);
  const path = `${currentOf(segment.directory)}/${editsName(segment.firstTxid, lastTxid)}`;
  if (end.kind === 'corrupt') {
    host.log.log('warn', 'edits', `cutting ${segment.path} at its damage, offset ${end.offset}: ${end.reason}`);
    await cutAside(host, segment.path, end.offset, path);
    return path;
  }
  if (end.kind !== 'empty') {
    const file = await host.disk.open(segment.path, 'r+');
    await file.truncate(end.offset);
    await file.sync();
    await file.close();
  }
  await host.disk.rename(segment.path, path);
  await host.disk.syncDirectory(currentOf(segment.directory));
  return path;
}

/** What is in front of the damage gets the name `path`; the whole stays, for whoever wants to look at it. Apache names such files .corrupt. */
async function cutAside(host: Host, damaged: string, end: number, path: string): Promise<void> {
  await copySegment(host, damaged, path, end);
  await host.disk.rename(damaged, `${damaged}.corrupt`);
  await host.disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
}

/** The first `length` bytes under another name, whole or not at all. In chunks: a segment may be larger than any one read or buffer. */
async function copySegment(host: Host, from: string, to: string, length: number): Promise<void> {
  const { disk } = host;
  const aside = `${to}${BEING_WRITTEN}`;
  const file = await disk.open(aside, 'w');
  try {
    let position = 0;
    for await (const chunk of fileChunks(host, from)) {
      const wanted = chunk.subarray(0, length - position);
      await file.write(wanted, position);
      position += wanted.length;
      if (position >= length) break;
    }
    await file.sync();
  } catch (error) {
    await file.close();
    await disk.unlink(aside);
    throw error;
  }
  await file.close();
  await disk.rename(aside, to);
  await disk.syncDirectory(to.slice(0, to.lastIndexOf('/')));
}

async function replaceBy(host: Host, copy: SegmentFile, best: Whole): Promise<void> {
  host.log.log('warn', 'edits', `replacing ${copy.path} by the longer copy ${best.path}`);
  const directory = currentOf(copy.directory);
  const path = `${directory}/${editsName(copy.firstTxid, best.lastTxid)}`;
  await copySegment(host, best.path, path, (await host.disk.stat(best.path)).size);
  await host.disk.rename(copy.path, `${directory}/${editsInProgressName(copy.firstTxid)}.stale`);
  await host.disk.syncDirectory(directory);
}

/**
 * Applies everything after `afterTxid`, in order, and answers the last txid. Stops with an HdfsError at a gap, or when
 * no copy of a segment is intact; `atLeastTxid` must be reached (seen_txid).
 */
export async function replay(
  host: Host,
  directories: readonly NameDirectory[],
  afterTxid: number,
  atLeastTxid: number,
  apply: (op: LoggedOp) => void,
  options: RecoveryOptions,
): Promise<number> {
  const segments = (await listSegments(host, directories)).filter((segment) => segment.lastTxid !== undefined);
  let reached = afterTxid;
  for (;;) {
    const wanted = reached + 1;
    const copies = segments
      .filter(({ firstTxid, lastTxid }) => firstTxid <= wanted && lastTxid !== undefined && lastTxid >= wanted)
      .sort((a, b) => (b.lastTxid ?? 0) - (a.lastTxid ?? 0));
    if (copies.length === 0) break;
    let failure: HdfsError | undefined;
    const before = reached;
    for (const copy of copies) {
      const result = await replayOne(host, copy, reached, apply, options);
      reached = result.reached;
      failure = result.failure;
      if (failure === undefined) break;
      host.log.log('error', 'edits', failure.message);
    }
    if (failure !== undefined) {
      if (!options.cutAtDamage) throw failure;
      await leaveOut(host, segments, reached, options);
      return reached;
    }
    if (reached === before) break;
  }
  const later = segments.find(({ firstTxid }) => firstTxid > reached + 1);
  if (options.cutAtDamage) {
    if (later !== undefined) await leaveOut(host, segments, reached, options);
  } else if (later !== undefined || reached < atLeastTxid) {
    throw new HdfsError(
      'EIO',
      `Gap in transactions. Expected to be able to read up until at least txid ${Math.max(atLeastTxid, later?.lastTxid ?? 0)} but unable to ` +
        `find any edit logs containing txid ${reached + 1}. The directories looked at: ${directories.map(({ root }) => root).join(', ')}. ` +
        'Put the missing edits file back, or run `hdfs namenode -recover` to go on without what it held.',
    );
  }
  return reached;
}

/**
 * Puts everything after `reached` aside, so that the log goes on from there at this start and at later ones, and what is
 * logged from now on is not taken for what follows the damage.
 */
async function leaveOut(
  host: Host,
  segments: readonly SegmentFile[],
  reached: number,
  { maxOpBytes }: RecoveryOptions,
): Promise<void> {
  host.log.log('warn', 'edits', `recovery: everything after transaction ${reached} is left out`);
  for (const segment of segments) {
    const { path, directory, firstTxid, lastTxid = firstTxid } = segment;
    if (lastTxid <= reached) continue;
    if (firstTxid <= reached) {
      const found = await examine(host, segment, maxOpBytes, reached);
      // Another copy may be the one that was read as far.
      if (found.end.kind === 'clean' && found.lastTxid === reached) {
        await cutAside(host, path, found.end.offset, `${currentOf(directory)}/${editsName(firstTxid, reached)}`);
        continue;
      }
    }
    await host.disk.rename(path, `${path}.corrupt`);
    await host.disk.syncDirectory(currentOf(directory));
  }
}

async function replayOne(
  host: Host,
  segment: SegmentFile,
  afterTxid: number,
  apply: (op: LoggedOp) => void,
  { maxOpBytes, progress }: RecoveryOptions,
): Promise<{ readonly reached: number; readonly failure: HdfsError | undefined }> {
  let reached = afterTxid;
  const { path } = segment;
  const step = progress?.step('LoadingEdits', { file: path, size: (await host.disk.stat(path)).size });
  if (step !== undefined) {
    step.total = (segment.lastTxid ?? 0) - afterTxid;
    step.done = () => reached - afterTxid;
  }
  const reading = readEditLog(fileChunks(host, segment.path), {
    firstTxid: segment.firstTxid,
    lastTxid: segment.lastTxid,
    maxOpBytes,
  });
  let offset = 0;
  for (;;) {
    let next: Awaited<ReturnType<typeof reading.next>>;
    try {
      next = await reading.next();
    } catch (error) {
      return { reached, failure: damage(segment, unreadable(error, offset)) };
    }
    if (next.done) {
      const end = next.value;
      if (end.kind === 'corrupt') return { reached, failure: damage(segment, end) };
      if (reached < (segment.lastTxid ?? 0)) {
        const offset = end.kind === 'empty' ? 0 : end.offset;
        return {
          reached,
          failure: damage(segment, {
            kind: 'corrupt',
            offset,
            reason: `the file ends before transaction ${segment.lastTxid}`,
            next: undefined,
          }),
        };
      }
      step?.finish();
      return { reached, failure: undefined };
    }
    for (const record of next.value) {
      offset = record.offset + record.length;
      if (record.txid <= reached) continue;
      try {
        apply(record);
      } catch (error) {
        // An op that contradicts the tree: the log or the image is not what it should be, and no copy will differ.
        throw new HdfsError(
          'EIO',
          `Cannot apply transaction ${record.txid} at offset ${record.offset} of ${segment.path}: ${messageOf(error)}`,
          {
            cause: error,
          },
        );
      }
      reached = record.txid;
    }
  }
}
