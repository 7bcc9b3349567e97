// Small file systems of their own for the directories of daemons, to be filled up, made read-only, or frozen. Mounting takes
// root on Linux; where it is not permitted, a plain directory stands in and the faults of a disk are left out.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BALLAST = '.ballast';
const CHUNK = Buffer.alloc(1024 * 1024);

/** What a directory lies on. Only an ext4 image can be frozen. */
export type DiskKind = 'plain' | 'tmpfs' | 'ext4';

export class RealDisk {
  readonly path: string;
  readonly kind: DiskKind;
  private isFrozen = false;

  /** Makes and mounts it. `directory` is its mount point. */
  constructor(directory: string, kind: DiskKind, mib: number) {
    this.path = directory;
    this.kind = kind;
    mkdirSync(directory, { recursive: true });
    if (kind === 'tmpfs') execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tuskfs-scenario', directory]);
    else if (kind === 'ext4') {
      const image = `${directory}.image`;
      execFileSync('truncate', ['-s', `${mib}M`, image]);
      execFileSync('mkfs.ext4', ['-q', image]);
      execFileSync('mount', ['-o', 'loop', image, directory]);
    }
  }

  /** Leaves no room. */
  fill(): void {
    const file = openSync(join(this.path, BALLAST), 'a');
    try {
      for (;;) writeSync(file, CHUNK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(join(this.path, BALLAST), { force: true });
  }

  /** No file on it may be open for writing. */
  remount(how: 'ro' | 'rw'): void {
    execFileSync('mount', ['-o', `remount,${how}`, this.path]);
  }

  /** Whoever writes waits in the kernel, and not even SIGKILL ends that. */
  freeze(): void {
    execFileSync('fsfreeze', ['-f', this.path]);
    this.isFrozen = true;
  }

  thaw(): void {
    if (!this.isFrozen) return;
    execFileSync('fsfreeze', ['-u', this.path]);
    this.isFrozen = false;
  }

  remove(): void {
    this.thaw();
    if (this.kind !== 'plain') execFileSync('umount', [this.path]);
  }
}

const attempt = (file: string, args: readonly string[]): boolean => spawnSync(file, args, { stdio: 'ignore' }).status === 0;

/** Why there can be no mounts of this kind here; undefined: there can. */
export function cannotMount(kind: DiskKind): string | undefined {
  if (kind === 'plain') return undefined;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it takes root on Linux to mount a file system';
  if (kind === 'ext4') {
    for (const tool of ['mkfs.ext4', 'fsfreeze', 'losetup']) {
      if (spawnSync(tool, ['--help']).error !== undefined) return `there is no ${tool}`;
    }
    if (!attempt('losetup', ['-f'])) return 'there is no loop device';
  }
  const probe = mkdtempSync(join(tmpdir(), 'tuskfs-mount-'));
  try {
    if (!attempt('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tuskfs-probe', probe])) return 'mounting is not permitted';
    return attempt('umount', [probe]) ? undefined : 'a mount could not be undone';
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}
