// If this fails, a seed that has found something cannot be seen again: two processes make different runs of it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

/** Two processes that have to start, on a machine that may have others to serve. */
const LIMIT_MS = 300_000;

test('a seed gives the same run in every process', { timeout: LIMIT_MS }, async () => {
  const play = async (): Promise<string[]> => {
    const { stdout } = await run(process.execPath, ['scripts/sim.mjs', '--scenario', 'short', '--from', '3', '--seeds', '2'], {
      cwd: `${import.meta.dirname}/..`,
    });
    return stdout.split('\n').flatMap((line) => (line.startsWith('seed=') ? [line.replace(/real=\S+/, '')] : []));
  };
  const first = await play();
  expect(first.join('\n')).toMatch(/seed=3 hash=[0-9a-f]{24} /);
  expect(await play()).toEqual(first);
});
