// All drills, by name.
import type { SimLogLine } from '../../src/host/sim/index.ts';
import { BYTES_DRILLS } from './bytes.ts';
import { NAMENODE_DRILLS } from './namenode.ts';
import { PERMISSION_DRILLS } from './permissions.ts';
import { REDUNDANCY_DRILLS } from './redundancy.ts';
import { type Drill, type Played, playDrill } from './stage.ts';
import { TRUST_DRILLS } from './trust.ts';
import { TURN_DRILLS } from './turns.ts';

const DRILLS = {
  ...NAMENODE_DRILLS,
  ...REDUNDANCY_DRILLS,
  ...BYTES_DRILLS,
  ...PERMISSION_DRILLS,
  ...TRUST_DRILLS,
  ...TURN_DRILLS,
} as const;

export type DrillName = keyof typeof DRILLS;

export const DRILL_NAMES = Object.keys(DRILLS) as DrillName[];

export function playDrillNamed(name: DrillName, seed: number, log?: (line: SimLogLine) => void): Promise<Played> {
  const drill: Drill = DRILLS[name];
  return playDrill(drill, seed, log);
}
