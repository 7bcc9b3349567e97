// Every predicate about one NameNode and its DataNodes: what it says in a line, when it is looked at and in which file.
// table.test.ts holds the first column against what runs really evaluate.

/** event: at each such event; periodic: from time to time; rest: once the cluster is at rest; restart: after each start. */
export type Cadence = 'event' | 'periodic' | 'rest' | 'restart';

export interface Predicate {
  readonly id: string;
  readonly says: string;
  readonly when: readonly Cadence[];
  readonly where: string;
}

const at = (id: string, says: string, where: string, ...when: Cadence[]): Predicate => ({ id, says, when, where });

export const PREDICATES: readonly Predicate[] = [
  at('NS1', "acknowledged changes are in the log once, in order; the tree is the log's", 'log-checks.ts, checks.ts', 'rest'),
  at(
    'NS2',
    'one root, no cycles, names unique and sorted, ids find their inodes',
    'predicates/namespace.ts, checks.ts',
    'periodic',
    'rest',
  ),
  at('NS3', 'ids and generation stamps never go back, over restarts', 'log-checks.ts', 'event'),
  at('NS4', 'a call is carried out at most once', 'log-checks.ts', 'event'),
  at('NS6', 'an error leaves no change and no edit', 'predicates/namenode.ts', 'event'),
  at(
    'NS7',
    'what is counted against a quota is what is there, and no more than may be',
    'predicates/quotas.ts',
    'periodic',
    'rest',
  ),
  at(
    'NS8',
    'each decision is that of a reference function of permissions',
    'predicates/authz.ts, drills/permissions.ts',
    'event',
  ),
  at('NS9', 'each file has the blocks, with the lengths, that the log tells of', 'predicates/namespace.ts', 'rest'),
  at('EL1', 'txids have no gap; what is finalized never changes', 'witness.ts', 'event'),
  at('EL2', 'what is acknowledged is durable', 'log-checks.ts', 'event'),
  at(
    'EL3',
    'a segment in progress is read as its longest intact prefix',
    'witness.ts, predicates/log-start.ts',
    'event',
    'restart',
  ),
  at('EL4', 'a file of the log is never written or synced again after a failure', 'predicates/namenode-disk.ts', 'event'),
  at('EL5', 'an image has its name only with its bytes and digest; two are kept', 'predicates/namenode-disk.ts', 'periodic'),
  at('EL6', 'an image holds only what was durable', 'predicates/namenode-disk.ts', 'event', 'periodic'),
  at('EL7', 'ops are applied in the order of their txids', 'predicates/namenode.ts', 'event'),
  at('EL8', 'no op of the log contradicts those before it', 'model.ts, witness.ts', 'event'),
  at('EL9', 'the way back from an upgrade ends at what was before it', 'explore/upgrade-workloads.ts', 'restart'),
  at('FE6', 'all of this holds under any jump of a clock', 'predicates/clocks.ts; nemesis.ts jumps them', 'event'),
  at('BK1', "a block's stamp never goes back, and was handed out", 'predicates/namenode.ts', 'event'),
  at('BK2', 'a finalized replica agrees with its meta file', 'checks.ts', 'rest'),
  at(
    'BK3',
    'the length of a closed file is what its writer agreed upon',
    'ledger.ts, checks.ts, predicates/namenode.ts',
    'event',
    'rest',
  ),
  at(
    'BK4',
    "every replica of a closed file, or of what was flushed, holds the file's bytes",
    'checks.ts, predicates/flushed.ts',
    'event',
    'rest',
  ),
  at(
    'BK5',
    'bytes that a reader has seen, and every holder shows, stay, and nobody sees more than was written',
    'file-work.ts, predicates/shown.ts, checks.ts',
    'event',
    'rest',
  ),
  at('BK6', 'a read gives the bytes that were written', 'workload.ts, checks.ts', 'event', 'rest'),
  at('BK7', 'a replica that counts as bad is bad', 'predicates/namenode.ts', 'periodic'),
  at('BK8', 'a DataNode takes no stamp and no length on trust', 'drills/trust.ts', 'event'),
  at('BK9', 'of two copies on a DataNode the better one stays', 'predicates/datanode-start.ts', 'restart'),
  at(
    'BK10',
    'a restarted DataNode takes up what is proved, and nothing else',
    'predicates/datanode-start.ts, explore/',
    'restart',
  ),
  at('PR1', 'an acknowledged packet is on every node of the pipeline, synced if asked', 'predicates/flushed.ts', 'event'),
  at('PR2', 'what is acknowledged is acknowledged by who has the present generation', 'predicates/flushed.ts', 'event'),
  at('PR3', 'a recovered replica is an exact prefix, with its checksums', 'predicates/namenode.ts', 'event'),
  at('PR4', 'two appenders never both succeed', 'ledger.ts, file-work.ts', 'event'),
  at('PR5', 'a write ends in bounded time, well or not', 'run.ts', 'rest'),
  at('LR1', 'who holds the lease of a file is who writes it', 'predicates/namespace.ts, predicates/thief.ts', 'periodic'),
  at('LR2', 'the files with leases are those that are open', 'predicates/namespace.ts, checks.ts', 'periodic', 'rest'),
  at('LR3', 'only the recovery that runs decides, about the last block', 'predicates/namenode.ts', 'event'),
  at('LR4', 'a recovered file has what was flushed or synced', 'ledger.ts, checks.ts', 'event', 'rest'),
  at('LR5', 'a block is dropped only when nothing of it was synced', 'predicates/namenode.ts', 'event'),
  at('LR6', 'a file that its writer left closes in bounded time', 'checks.ts', 'rest'),
  at('RP1', 'each block has the replicas that it should, in as many racks', 'checks.ts', 'rest'),
  at('RP2', 'nothing is copied from a bad or old replica', 'predicates/namenode.ts', 'event'),
  at('RP3', 'a DataNode sends no more blocks at a time than the keys allow', 'predicates/namenode.ts', 'event'),
  at('RP4', "a decommissioned node's blocks are elsewhere", 'predicates/leaving.ts, drills/redundancy.ts', 'event'),
  at('RP5', 'no node is on its way out, or back, for ever', 'checks.ts, story.ts', 'rest'),
  at('SM1', 'nothing changes, is copied or deleted in safe mode', 'safe-mode-watch.ts, predicates/namenode.ts', 'event'),
  at('SM2', 'safe mode ends when enough blocks are known to be somewhere', 'safe-mode-watch.ts', 'restart'),
  at('SM3', 'replicas from the future hold safe mode', 'safe-mode-watch.ts, drills/namenode.ts', 'restart'),
  at('SM4', 'safe mode ends once all DataNodes have reported', 'checks.ts', 'rest'),
  at('ST1', 'a storage is stale until a whole report came since its node registered', 'predicates/namenode.ts', 'event'),
  at('ST3', 'a report counts when it is whole, and only then', 'predicates/namenode.ts', 'event'),
  at('ST4', 'no more DataNodes report at a time than may, and each in slices', 'predicates/turns.ts', 'event'),
  at(
    'DL1',
    'no last good replica is ordered away or deleted; excess leaves enough',
    'predicates/namenode.ts, replicas.ts',
    'event',
  ),
  at('DL2', 'nothing is deleted before its deletion is durable', 'predicates/unlinks.ts', 'event'),
  at('DL3', 'nothing of a later stamp than was ordered is deleted', 'predicates/namenode.ts, predicates/unlinks.ts', 'event'),
  at('DL4', 'a DataNode deletes on order only, or for a newer generation', 'predicates/unlinks.ts', 'event'),
  at('DL5', 'nothing is left over on the disks', 'checks.ts', 'rest'),
  at('DL6', 'what was deleted is taken apart in slices', 'predicates/turns.ts', 'event'),
  at('TR1', 'what is moved to the trash is at its path or there at every instant', 'ledger.ts', 'event'),
  at('TR2', 'the trash is emptied by a clock that does not jump', 'ledger.ts, drills/namenode.ts', 'event'),
  at('X1', 'whatever was killed starts again', 'cluster.ts', 'restart'),
  at('X2', 'nothing breaks off', 'run.ts', 'event'),
  at('X3', 'nothing gives up without a reason', 'cluster.ts', 'event'),
];

export interface Waiting {
  readonly ids: readonly string[];
  /** What has to be there first. */
  readonly needs: string;
}

const many = (family: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${family}${i + 1}`);

/** Not looked at yet: each is about something that simulated clusters do not have. */
export const WAITING: readonly Waiting[] = [
  { ids: ['NS5', 'ST2', ...many('FE', 9).filter((id) => id !== 'FE6')], needs: 'a second NameNode' },
  { ids: many('QJ', 14), needs: 'JournalNodes' },
  { ids: many('SN', 6), needs: 'snapshots' },
  { ids: many('EC', 7), needs: 'erasure coding' },
  { ids: many('BL', 2), needs: 'a balancer' },
  { ids: many('RB', 4), needs: 'routers' },
  { ids: ['GW1'], needs: 'clients that come over HTTP' },
];

/** What `npm run sim -- --predicates` prints. */
export function tellPredicates(): string[] {
  const width = Math.max(...PREDICATES.map(({ id }) => id.length));
  return [
    ...PREDICATES.map(({ id, says, when, where }) => `${id.padEnd(width)}  ${says} [${when.join(', ')} in ${where}]`),
    ...WAITING.map(({ ids, needs }) => `not yet, for want of ${needs}: ${ids.join(' ')}`),
  ];
}
