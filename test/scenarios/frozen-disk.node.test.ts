// If this fails, a disk that hangs in the kernel stops the DataNode that it belongs to: its heartbeats, and the blocks on its
// other disks. TUSKFS_HANG_SECONDS says for how long it hangs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FrozenDiskRun } from './frozen-disk.ts';
import { cannotMount } from './real-disks.ts';

const hangMs = Number(process.env.TUSKFS_HANG_SECONDS ?? 20) * 1000;
const reason = cannotMount('ext4');

test.skipIf(reason !== undefined)(
  `a file system that is frozen for ${hangMs / 1000} s delays its own blocks only${reason === undefined ? '' : ` (${reason})`}`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tuskfs-frozen-'));
    const result = await new FrozenDiskRun({ directory, hangMs, log: (line) => console.log(line) }).run();
    console.log(JSON.stringify(result));
    // Whole seconds, and a busy machine: without this, it would be the length of the hang.
    expect(result.longestSilence).toBeLessThan(hangMs / 2000);
    expect(result.reads).toBeGreaterThan(5);
    expect(result.longestReadMs).toBeLessThan(hangMs / 2);
    expect(result.failed).toEqual([]);
    expect(result.written).toBeGreaterThan(5);
    // Somebody met the frozen disk, or nothing was tried.
    expect(result.longestWriteMs).toBeGreaterThan(3000);
    // Once the disk was seen to hang, new blocks go elsewhere.
    expect(result.longestLateWriteMs).toBeLessThan(hangMs / 2);
    expect(result.checked).toBeGreaterThan(12 + 5);
    rmSync(directory, { recursive: true });
  },
  hangMs + 240_000,
);
