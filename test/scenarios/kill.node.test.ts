// If this fails, a file whose close was acknowledged is gone or damaged after the daemons were killed, or a delete, a rename
// or flushed bytes were forgotten. TUSKFS_KILL_ROUNDS plays more rounds, TUSKFS_SEED a certain story.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KillRun } from './kill.ts';

const rounds = Number(process.env.TUSKFS_KILL_ROUNDS ?? 10);
const seed = Number(process.env.TUSKFS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const basePort = process.env.TUSKFS_BASE_PORT === undefined ? undefined : Number(process.env.TUSKFS_BASE_PORT);

test(
  `what was acknowledged survives ${rounds} rounds of SIGKILL under load`,
  async () => {
    const directory = process.env.TUSKFS_DIRECTORY ?? mkdtempSync(join(tmpdir(), 'tuskfs-kill-'));
    const result = await new KillRun({ rounds, seed, directory, basePort, log: (line) => console.log(line) }).run();
    console.log(JSON.stringify({ seed, ...result }));
    expect(result.violations, `seed ${seed}`).toEqual([]);
    expect(result.rounds).toBe(rounds);
    expect(result.acknowledged).toBeGreaterThan(rounds);
  },
  60_000 + rounds * 60_000,
);
