// Finds out whether a disk that failed a call has failed altogether: looks at the directories of every block pool and writes
// a few bytes. Asked for by every failed disk call, done once in dfs.datanode.disk.check.min.gap for each volume, beside
// all other work. A file that is missing says little, and is often nobody's fault: it has the directories looked at, and
// does not put off the check that a real failure asks for. A check that does not come back within dfs.datanode.disk.check.timeout is an answer too. A directory that
// is missing is not made anew, as Apache does: it would lie on another disk once a mount is gone. Apache:
// DatasetVolumeChecker, ThrottledAsyncChecker, BlockPoolSlice.checkDirs.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import type { Clock, Log } from '../../host/host.ts';
import { finalizedDir, rbwDir, tmpDir } from './layout.ts';
import type { Volume } from './volume.ts';
import type { VolumeDisk } from './volume-disk.ts';

/** Lies in tmp/, which is emptied at every start. */
const PROBE_FILE = '.disk-check';
/** Least time between two looks at the directories because of a missing file. */
const LOOK_GAP_MS = 10_000;
const PROBE = Buffer.alloc(512, 0x5a);

export interface VolumeCheckerOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** dfs.datanode.disk.check.min.gap. */
  readonly minGapMs: number;
  /** dfs.datanode.disk.check.timeout. */
  readonly timeoutMs: number;
  pools(): readonly string[];
  failed(volume: Volume, reason: string): void;
}

export class VolumeChecker {
  private readonly options: VolumeCheckerOptions;
  private readonly running = new Set<Volume>();
  private readonly lastCheck = new WeakMap<Volume, number>();
  private readonly lastLook = new WeakMap<Volume, number>();

  constructor(options: VolumeCheckerOptions) {
    this.options = options;
  }

  /** A call failed: the volume is checked soon, unless it was a short while ago. */
  suspect(volume: Volume, error: unknown): void {
    const { clock, log, minGapMs } = this.options;
    if (volume.failure !== undefined || this.running.has(volume)) return;
    const code = diskErrorCode(error);
    const thorough = code !== 'ENOENT' && code !== 'ENOTDIR';
    const last = (thorough ? this.lastCheck : this.lastLook).get(volume);
    if (last !== undefined && clock.monotonic() - last < (thorough ? minGapMs : Math.min(minGapMs, LOOK_GAP_MS))) return;
    log.log('info', 'datanode', `checking volume ${volume.path} because of: ${messageOf(error)}`);
    this.running.add(volume);
    this.within(volume, this.check(volume, thorough))
      .then(
        () => log.log('info', 'datanode', `volume ${volume.path} is healthy`),
        (reason: unknown) => {
          if (volume.failure === undefined) this.options.failed(volume, messageOf(reason));
        },
      )
      .finally(() => {
        this.running.delete(volume);
        (thorough ? this.lastCheck : this.lastLook).set(volume, clock.monotonic());
      });
  }

  private within(volume: Volume, check: Promise<void>): Promise<void> {
    const { clock, timeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(timeoutMs, () => {
        reject(new HdfsError('EDISK', `the check of ${volume.path} has not come back in ${timeoutMs} ms`));
      });
      check.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /** Rejects with what is wrong. Does not go through the volume's own queue: a full one says nothing. */
  private async check(volume: Volume, thorough: boolean): Promise<void> {
    const { probes: disk } = volume;
    for (const pool of this.options.pools()) {
      for (const dir of [finalizedDir(volume.path, pool), tmpDir(volume.path, pool), rbwDir(volume.path, pool)]) {
        const stat = await disk.stat(dir);
        if (!stat.isDirectory) throw new HdfsError('EDISK', `Not a directory: ${dir}`);
        await disk.readdir(dir);
      }
      if (thorough) await this.probe(disk, `${tmpDir(volume.path, pool)}/${PROBE_FILE}`);
    }
  }

  private async probe(disk: VolumeDisk, path: string): Promise<void> {
    try {
      const file = await disk.open(path, 'w');
      try {
        await file.write(PROBE, 0);
        await file.datasync();
      } finally {
        await file.close();
      }
      await disk.unlink(path);
    } catch (error) {
      // A full disk serves what it has; too many open files are no fault of the disk.
      const code = diskErrorCode(error);
      if (code !== 'ENOSPC' && code !== 'EMFILE') throw error;
    }
  }
}
