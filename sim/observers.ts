// All that looks on at a run, set up once before its cluster starts.
import type { SimCluster } from './cluster.ts';
import { Keepers } from './keepers.ts';
import { Ledger } from './ledger.ts';
import { AckChecks, IdChecks } from './log-checks.ts';
import { onStarted } from './predicates/hooks.ts';
import { watchPredicates } from './predicates/index.ts';
import { watchSafeMode } from './safe-mode-watch.ts';
import { Witness, watchPurges } from './witness.ts';

export interface Observers {
  readonly ledger: Ledger;
  readonly witness: Witness;
}

/** How long the NameNode keeps what is moved to the trash; 0: there is none. */
export const trashIntervalMs = ({ configuration }: SimCluster): number => configuration.getFloat('fs.trash.interval') * 60_000;

/** The directory with all of the log: the first one, until a full disk has made the NameNode leave it out and go on with another. */
export function logDirectory(cluster: SimCluster): (before: string) => string {
  return (before) => {
    const working = cluster.nameNode.running?.storage.working.map(({ root }) => `${root}/current`) ?? [];
    return working.includes(before) ? before : (working[0] ?? before);
  };
}

/** One flush in so many, at most, is looked for on all disks. */
const MOST_FLUSHES = 4;

/** `lookEvery`: one acknowledgement in so many is looked for on the disk at once. */
export function observe(cluster: SimCluster, lookEvery: number): Observers {
  const { simulation, violations } = cluster;
  const ledger = new Ledger(() => simulation.nowMs);
  const witness = new Witness(cluster.nameNode.machine.disk, violations, logDirectory(cluster));
  const keepers = new Keepers(cluster, witness, ledger);
  witness.follow(ledger.follower(violations, (file) => keepers.changed(file), trashIntervalMs(cluster)));
  ledger.refresh = () => void witness.model();
  const acks = new AckChecks(witness, violations);
  const ids = new IdChecks(violations);
  witness.onOp = (testimony) => ids.check(testimony);
  const looks = simulation.random('looks');
  ledger.onAck = (call) => {
    if (looks.below(lookEvery) === 0) acks.check(call);
  };
  // A directory that a start has left out is to be known as such, though the NameNode dies again at once.
  onStarted(cluster.nameNode, () => void witness.read());
  watchSafeMode(cluster, witness);
  watchPurges(cluster.nameNode, witness);
  watchPredicates(cluster, witness, ledger, Math.min(lookEvery, MOST_FLUSHES));
  return { ledger, witness };
}
