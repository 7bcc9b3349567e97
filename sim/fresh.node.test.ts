// If this fails, a seed that nobody has played before has found something that was promised and is not kept. The seed is in
// the message; `npm run sim -- --from SEED --seeds 1 --scenario ... --minimize` plays it again and makes it smaller.
import { expect, test } from 'vitest';
import type { Scenario } from './faults.ts';
import { runSeed } from './run.ts';

/** Other ones each time where somebody looks; the same where a change is judged by them. */
const any = process.env.CI === undefined ? Math.floor(Math.random() * 2 ** 31) : 1;
const fresh = Number(process.env.TUSKFS_SEED ?? any);

test.each<[Scenario, number]>([
  ['blackout', fresh],
  ['faults', fresh + 1],
  ['swarm', fresh + 2],
])(
  '%s, seed %i',
  async (scenario, seed) => {
    const { violations } = await runSeed({ seed, scenario, steps: 8, spanMs: 30_000 });
    expect(violations, `seed ${seed}, ${scenario}`).toEqual([]);
  },
  900_000,
);
