// If this fails, what was acknowledged is lost or read wrongly while daemons die or stand still, connections break and disks
// fill up, fail or rot; or a cluster does not mend itself once they have come back. TUSKFS_SEED plays a certain story,
// TUSKFS_ROUNDS or TUSKFS_MINUTES a longer one, TUSKFS_FAULTS (a comma between two) certain faults only.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FaultKind } from './faults.ts';
import { bundle } from './processes.ts';
import { cannotProxy } from './real-cluster.ts';
import { cannotMount, type DiskKind } from './real-disks.ts';
import { Supervisor } from './supervisor.ts';

const minutes = Number(process.env.TUSKFS_MINUTES ?? 0);
const rounds = Number(process.env.TUSKFS_ROUNDS ?? (minutes > 0 ? 1_000_000 : 2));
const seed = Number(process.env.TUSKFS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const kinds = process.env.TUSKFS_FAULTS?.split(',') as FaultKind[] | undefined;
const isLong = rounds > 2;
const reason = await cannotProxy();

/** Plain where there can be no such mount. */
function disk(kind: DiskKind): DiskKind {
  const why = cannotMount(kind);
  if (why !== undefined) console.warn(`no faults of ${kind} disks, because ${why}`);
  return why === undefined ? kind : 'plain';
}

test.skipIf(reason !== undefined)(
  `what was acknowledged is there, and all is mended, after ${minutes > 0 ? `${minutes} minutes` : `${rounds} rounds`} of faults${reason === undefined ? '' : ` (${reason})`}`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tuskfs-supervisor-'));
    const program = await bundle();
    try {
      const result = await new Supervisor({
        seed,
        rounds,
        limitMs: minutes > 0 ? minutes * 60_000 : undefined,
        long: isLong,
        directory,
        dataNodes: 4,
        disks: { name: disk('tmpfs'), data: [disk('tmpfs'), disk('ext4')] },
        ...(kinds === undefined ? {} : { kinds }),
        command: (role, conf) => ({
          file: process.execPath,
          args: [
            '--enable-source-maps',
            '--trace-warnings',
            program,
            '--config',
            conf,
            role === 'nn' ? 'namenode' : 'datanode',
          ],
          up: role === 'nn' ? /NameNode is up/ : /sent a full report/,
        }),
        log: (line) => console.log(line),
      }).run();
      console.log(JSON.stringify({ seed, ...result }));
      expect(result.violations, `seed ${seed}`).toEqual([]);
      expect(result.acknowledged).toBeGreaterThan(result.rounds);
      expect(result.rounds).toBe(minutes > 0 ? result.faults.length : rounds);
    } finally {
      rmSync(program, { force: true });
    }
  },
  120_000 + minutes * 120_000 + Math.min(rounds, 1000) * 120_000,
);
