// The checks of a cluster at rest: it comes to rest in bounded time, shows the tree that the log tells of, and every file
// has its bytes, for a client and on every disk.
import type { Hdfs } from '../src/client/index.ts';
import type { NameSystem } from '../src/server/namenode/namesystem.ts';
import type { SimCluster } from './cluster.ts';
import type { GhostFile } from './ghost-file.ts';
import { codeOf, type Ledger } from './ledger.ts';
import { checkLog } from './log-checks.ts';
import { lostTails } from './lost-tails.ts';
import { lengthOf, type Model, type ModelFile } from './model.ts';
import { checkBlocks, checkNamespace } from './predicates/namespace.ts';
import { byBlock, coreReplicas, metaFault, placedReplicas } from './replicas.ts';
import type { Witness } from './witness.ts';

/** Leases run out, dead nodes are found, copies are made: all of it in this, virtual. */
const REST_LIMIT_MS = 600_000;
/** More blocks than any run makes. */
const SCAN_LIMIT = 1_000_000;
const REST_POLL_MS = 2_000;
const READ_LIMIT_MS = 120_000;

/** What is not yet at rest; empty when all is. RP1, RP5, LR2, LR6, SM4, DL5. */
function unrest(cluster: SimCluster, ledger: Ledger, witness: Witness): string[] {
  const system = cluster.nameNode.running?.system;
  if (system === undefined) return ['X1 the NameNode is down'];
  const reasons: string[] = [];
  const { blockManager, namespace } = system;
  if (blockManager.safeMode.isOn) reasons.push(`SM4 safe mode is on: ${blockManager.safeMode.tip()}`);
  const alive = blockManager.datanodes.aliveCount;
  if (alive !== cluster.core.length) reasons.push(`SM4 ${alive} DataNodes are live`);
  const [leases, open] = [namespace.leases.fileCount, namespace.openFiles().length];
  const lost = leases > 0 || open > 0 ? lostTails(cluster, ledger, witness.model()) : new Map<string, bigint>();
  if (leases > lost.size) reasons.push(`LR6 ${leases} files have leases`);
  if (open > lost.size) reasons.push(`LR2 ${open} files are open`);
  for (const { decommissioning, enteringMaintenance, id } of blockManager.datanodes.all) {
    if (decommissioning || enteringMaintenance) reasons.push(`RP5 ${id.hostName} is still on its way out`);
  }
  const figures = blockManager.statistics();
  for (const name of [
    'underReplicated',
    'missing',
    'corruptReplicaBlocks',
    'pendingReplication',
    'postponed',
    'excess',
    'pendingDeletion',
  ] as const) {
    if (figures[name] > 0) reasons.push(`RP1 ${name} is ${figures[name]}`);
  }
  if (reasons.length > 0) return [...reasons, ...poor(system)];
  return misplaced(cluster, witness.model(), new Set(lost.values()));
}

/** Names the blocks that the NameNode believes to have too few replicas, or too many. */
function poor({ namespace, blockManager }: NameSystem): string[] {
  const found: string[] = [];
  namespace.blocks.scan(1, SCAN_LIMIT, (block) => {
    const owner = namespace.blocks.owner(block);
    const wanted = owner === 0 ? 0 : namespace.inodes.replication(owner);
    const live = blockManager.liveReplicas(block);
    if (live !== wanted) found.push(`RP1 blk_${namespace.blocks.id(block)} has ${live} live replicas, ${wanted} are wanted`);
  });
  return found;
}

/** Racks that so many replicas of a block are to stand in, of those that there are. */
function racksWanted({ configuration }: SimCluster, replicas: number, racks: number): number {
  const isSpread = configuration.require('dfs.block.replicator.classname') === 'rack-spread';
  return Math.min(replicas, racks, isSpread ? replicas : 2);
}

/** RP1, DL5: each block has as many replicas as it should on the disks, in as many racks, and nothing else lies there. */
function misplaced(cluster: SimCluster, model: Model, lost: ReadonlySet<bigint>): string[] {
  const reasons: string[] = [];
  const left = new Set(placedReplicas(cluster));
  const byId = byBlock(left);
  const racksOf = (names: readonly string[]): number => new Set(names.map((name) => cluster.rackOf(name))).size;
  const allRacks = racksOf(cluster.core.map(({ name }) => name));
  for (const [path, file] of model.files()) {
    for (const block of file.blocks) {
      if (lost.has(block.id)) continue;
      const own = (byId.get(block.id) ?? []).filter(
        ({ state, genStamp }) => state === 'finalized' && genStamp === block.genStamp,
      );
      for (const replica of own) left.delete(replica);
      const wanted = Math.min(file.replication, cluster.core.length);
      if (own.length !== wanted)
        reasons.push(`RP1 blk_${block.id} of ${path} has ${own.length} replicas, ${wanted} are wanted`);
      const [racks, racksDue] = [racksOf(own.map(({ dataNode }) => dataNode)), racksWanted(cluster, own.length, allRacks)];
      if (racks < racksDue) reasons.push(`RP1 blk_${block.id} of ${path} is in ${racks} racks, not in ${racksDue}`);
    }
  }
  for (const { dataNode, path } of left) reasons.push(`DL5 ${path} on ${dataNode} is left over`);
  return reasons;
}

/** Where thousands of blocks lack a replica the keys that throttle copying allow it more time, while one a second is made. */
async function comesToRest(cluster: SimCluster, ledger: Ledger, witness: Witness): Promise<boolean> {
  const lacking = (): number => cluster.nameNode.running?.system.blockManager.statistics().underReplicated ?? 0;
  const rests = (): Promise<boolean> =>
    cluster.until(() => unrest(cluster, ledger, witness).length === 0, REST_LIMIT_MS, REST_POLL_MS);
  if (await rests()) return true;
  for (let before = lacking(); before > 0; before = lacking()) {
    if (await rests()) return true;
    if (before - lacking() < REST_LIMIT_MS / 1_000) return false;
  }
  return false;
}

/** Waits for rest, then checks all there is to check. Files without an acknowledged close are settled at what they have. */
export async function checkAtRest(cluster: SimCluster, ledger: Ledger, witness: Witness): Promise<void> {
  const { violations, simulation } = cluster;
  for (const invariant of ['SM4', 'LR6', 'LR2', 'RP1', 'RP5', 'DL5', 'X1']) violations.looked(invariant);
  const atRest = await comesToRest(cluster, ledger, witness);
  if (!atRest) {
    for (const reason of unrest(cluster, ledger, witness)) {
      const [invariant = '', ...words] = reason.split(' ');
      violations.add(invariant, `after ${REST_LIMIT_MS / 1000} s: ${words.join(' ')}`);
    }
    // A NameNode that is down or in safe mode answers nothing.
    if (!cluster.ready) return;
  }
  const log = witness.read();
  const model = witness.model();
  checkLog(ledger, log, model, violations);
  const lost = lostTails(cluster, ledger, model);
  const byPath = ledger.byCreatePath;
  checkDisks(cluster, model, byPath);
  const system = cluster.nameNode.running?.system;
  if (system !== undefined) {
    checkNamespace(system.namespace, violations);
    checkBlocks(system.namespace, model, violations);
  }
  const client = cluster.clients[0] ?? simulation.node('client0');
  const fs = await simulation.run(cluster.connect(client));
  try {
    await simulation.run(checkTree(cluster, fs, model), READ_LIMIT_MS);
    for (const [path, file] of model.files()) {
      const ghost = byPath.get(file.createPath);
      if (ghost === undefined) violations.add('NS1', `${path} is there, and nobody wrote ${file.createPath}`);
      else if (!lost.has(file.createPath)) await simulation.run(checkFile(cluster, fs, path, file, ghost), READ_LIMIT_MS);
    }
  } catch (error) {
    violations.add('PR5', `reading everything back fails: ${codeOf(error)}: ${(error as Error).message}`);
  }
  await simulation.run(fs.close());
}

/** NS2, NS1: the tree that a client sees is the log's, each name once, in the order of bytes. */
async function checkTree({ violations }: SimCluster, fs: Hdfs, model: Model): Promise<void> {
  const shown = new Map<
    string,
    { readonly isFile: boolean; readonly inode: number; readonly size: number; readonly replication: number }
  >();
  const previous = new Map<string, string>();
  for await (const entry of fs.opendir('/', { recursive: true })) {
    const { path, stats } = entry;
    violations.check(!shown.has(path), 'NS2', () => `${path} is listed twice`);
    shown.set(path, { isFile: stats.isFile(), inode: stats.ino, size: stats.size, replication: stats.replication });
    const parent = path.slice(0, path.lastIndexOf('/'));
    const before = previous.get(parent);
    const inOrder = before === undefined || Buffer.compare(Buffer.from(before), Buffer.from(path)) < 0;
    violations.check(inOrder, 'NS2', () => `${before} is listed before ${path}`);
    previous.set(parent, path);
  }
  for (const [path, entry] of model.entries) {
    if (path === '/') continue;
    const there = shown.get(path);
    shown.delete(path);
    if (there === undefined) violations.add('NS1', `${path} should be there and is not`);
    else if (there.isFile !== (entry.kind === 'file')) violations.add('NS1', `${path} should be a ${entry.kind}`);
    else if (there.inode !== entry.inodeId) violations.add('NS1', `${path} is inode ${there.inode}, not ${entry.inodeId}`);
    else if (entry.kind === 'file') {
      // BK3: the NameNode's length is the sum of the blocks' lengths that were agreed upon.
      const length = lengthOf(entry);
      violations.check(
        entry.open || there.size === length,
        'BK3',
        () => `${path} has ${there.size} bytes, its blocks ${length}`,
      );
      violations.check(there.replication === entry.replication, 'NS1', () => `${path} has replication ${there.replication}`);
    }
  }
  for (const path of shown.keys()) violations.add('NS1', `${path} is there and should not be`);
}

/** BK3, BK4, BK5, BK6, LR4: as long as was promised, no longer than was written, and nothing but what was written. */
async function checkFile(cluster: SimCluster, fs: Hdfs, path: string, model: ModelFile, ghost: GhostFile): Promise<void> {
  const { violations } = cluster;
  const named = path === ghost.createPath ? path : `${path} (written as ${ghost.createPath})`;
  const bytes = await fs.readFile(path);
  const wrong = ghost.firstWrongByte(0, bytes);
  violations.check(wrong < 0, 'BK6', () => `${named} has a wrong byte at ${wrong} of ${bytes.length}`);
  violations.check(
    bytes.length <= ghost.written,
    'BK5',
    () => `${named} has ${bytes.length} bytes, ${ghost.written} were written`,
  );
  const { owed } = ghost;
  const invariant = ghost.kept === owed ? 'BK3' : 'LR4';
  violations.check(bytes.length >= owed, invariant, () => `${named} has ${bytes.length} bytes, ${owed} were promised`);
  // Closed by whomever, it stays as it is.
  violations.check(
    model.open || bytes.length === lengthOf(model),
    'BK3',
    () => `${named} has ${bytes.length} bytes, its blocks ${lengthOf(model)}`,
  );
}

/** BK1, BK2, and every replica of a closed file holds the file's bytes. */
function checkDisks(cluster: SimCluster, model: Model, byPath: ReadonlyMap<string, GhostFile>): void {
  const { violations } = cluster;
  // What a fault has damaged is found when it is read or scanned, and may not have been yet.
  const replicas = coreReplicas(cluster).filter(({ dataNode, path }) => !cluster.damaged.has(`${dataNode}${path}`));
  for (const replica of replicas) {
    if (replica.state !== 'finalized') continue;
    const fault = metaFault(replica);
    violations.check(fault === undefined, 'BK2', () => `${replica.path} on ${replica.dataNode}: ${fault}`);
  }
  for (const [path, file] of model.files()) {
    const ghost = byPath.get(file.createPath);
    if (file.open || ghost === undefined) continue;
    let offset = 0;
    for (const block of file.blocks) {
      for (const { dataNode, id, state, meta, bytes } of replicas) {
        if (id !== block.id || state !== 'finalized' || meta?.genStamp !== block.genStamp) continue;
        const name = `blk_${id} of ${path} on ${dataNode}`;
        violations.check(
          bytes.length === block.numBytes,
          'BK2',
          () => `${name} has ${bytes.length} bytes, not ${block.numBytes}`,
        );
        const wrong = ghost.firstWrongByte(offset, bytes);
        violations.check(wrong < 0, 'BK4', () => `${name} has a wrong byte at ${wrong - offset}`);
      }
      offset += block.numBytes;
    }
  }
}
