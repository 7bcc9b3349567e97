// If this fails, a seed that nobody has played before has found something that was promised and is not kept. The seed is in
// the message; `npm run sim -- --from SEED --seeds 1 --scenario ... --minimize` plays it again and makes it smaller.
import { expect, test } from 'vitest';
import type { Scenario } from './faults.ts';
import { runSeed } from './run.ts';

/** Each kind is played for so long, and one seed of it at least. */
const PLAY_MS = 30_000;
/** Far enough apart that no seed is played as two kinds. */
const APART = 10_000;

/** Other ones each time. */
const first = Number(process.env.TUSKFS_SEED ?? Math.floor(Math.random() * 2 ** 31));

test.each<[Scenario, number]>([
  ['blackout', first],
  ['faults', first + APART],
  ['swarm', first + 2 * APART],
])(
  '%s, seeds from %i on',
  async (scenario, from) => {
    const untilMs = performance.now() + PLAY_MS;
    let seed = from;
    do {
      const { violations } = await runSeed({ seed, scenario, steps: 8, spanMs: 30_000 });
      expect(violations, `seed ${seed}, ${scenario}`).toEqual([]);
      seed++;
    } while (performance.now() < untilMs);
  },
  900_000,
);
