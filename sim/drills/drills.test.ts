// If this fails, one kind of trouble, played by itself, loses or spoils something that was acknowledged, or leaves the cluster
// unhealed. `npm run sim -- --drill NAME --verbose` shows it again.
import { expect, test } from 'vitest';
import { DRILL_NAMES, playDrillNamed } from './index.ts';

test.each(DRILL_NAMES)(
  '%s',
  async (name) => {
    expect((await playDrillNamed(name, 1)).violations).toEqual([]);
  },
  120_000,
);
