// How a run of the supervisor is told what to play, by its environment: TUSKFS_SEED a certain story, TUSKFS_ROUNDS or TUSKFS_MINUTES
// a longer one, TUSKFS_FAULTS (a comma between two) certain faults only.
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { cannotMount, type DiskKind } from './real-disks.ts';
import type { SupervisorOptions } from './supervisor.ts';

const MOST_ROUNDS = 1_000_000;
const ROUND_LIMIT_MS = 120_000;
const MINUTE_MS = 60_000;

export function optionsOf(usual: {
  readonly rounds: number;
}): Omit<SupervisorOptions, 'directory' | 'dataNodes' | 'command'> & { readonly timeoutMs: number } {
  const { TUSKFS_MINUTES, TUSKFS_ROUNDS, TUSKFS_SEED, TUSKFS_FAULTS } = process.env;
  const minutes = Number(TUSKFS_MINUTES ?? 0);
  const rounds = Number(TUSKFS_ROUNDS ?? (minutes > 0 ? MOST_ROUNDS : usual.rounds));
  const seed = Number(TUSKFS_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const kinds = TUSKFS_FAULTS?.split(',').map((name) => {
    const kind = FAULT_KINDS.find((known) => known === name);
    if (kind === undefined) throw new Error(`there is no fault ${name}, but ${FAULT_KINDS.join(', ')}`);
    return kind satisfies FaultKind;
  });
  const forRoundsMs = minutes > 0 ? 2 * minutes * MINUTE_MS : rounds * ROUND_LIMIT_MS;
  return {
    seed,
    rounds,
    limitMs: minutes > 0 ? minutes * MINUTE_MS : undefined,
    long: rounds > usual.rounds,
    disks: { name: disk('tmpfs'), data: [disk('tmpfs'), disk('ext4')] },
    ...(kinds === undefined ? {} : { kinds }),
    log: (line) => console.log(line),
    timeoutMs: 2 * ROUND_LIMIT_MS + forRoundsMs,
  };
}

/** Plain where there can be no such mount. */
function disk(kind: DiskKind): DiskKind {
  const why = cannotMount(kind);
  if (why !== undefined) console.warn(`no faults of ${kind} disks, because ${why}`);
  return why === undefined ? kind : 'plain';
}
