// If this fails, the simulator no longer sees bugs that it is known to see: its alarm is broken.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const SAMPLE = ['edits-applied-out-of-order', 'error-leaves-edit', 'genstamp-reused'];

test('some known bugs are found', async () => {
  const args = ['scripts/mutants.mjs', '--no-control', '--only', SAMPLE.join(',')];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: `${import.meta.dirname}/../..` });
  for (const id of SAMPLE) expect(stdout).toMatch(new RegExp(`^found ${id} `, 'm'));
}, 300_000);
