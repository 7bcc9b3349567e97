// Who still has what was promised of an open file and is on no disk for certain: what was flushed, or shown to readers. It is
// owed while one of those DataNodes has not lost its power since, and the NameNode takes it for alive.
import type { SimCluster } from './cluster.ts';
import type { GhostFile } from './ghost-file.ts';
import type { Ledger } from './ledger.ts';
import { bytesBeforeLast, type ModelFile } from './model.ts';
import { onStarted, wrap } from './predicates/hooks.ts';
import { allReplicas } from './replicas.ts';
import type { Witness } from './witness.ts';

/** The NameNode counts from a little before it serves. */
const STARTING_MS = 5_000;

export class Keepers {
  private readonly cluster: SimCluster;
  private readonly witness: Witness;
  private readonly ledger: Ledger;
  /** Of files of whose DataNodes one has lost its power since. */
  private readonly left = new Map<GhostFile, Set<string>>();
  /** How many power losses there were when a DataNode had its last. */
  private readonly lossOf = new Map<string, number>();
  /** Taken for dead by the NameNode, which recovers without them. */
  private readonly dead = new Set<string>();

  constructor(cluster: SimCluster, witness: Witness, ledger: Ledger) {
    this.cluster = cluster;
    this.witness = witness;
    this.ledger = ledger;
    for (const { name, machine } of cluster.dataNodes) {
      const before = machine.onCrash;
      machine.onCrash = (how) => {
        before?.(how);
        if (how === 'power') this.powerLost(name);
      };
    }
    onStarted(cluster.nameNode, ({ system }) => {
      const { datanodes, recoveries } = system.blockManager;
      const { clock } = system.host;
      const startedAtMs = clock.monotonic();
      this.dead.clear();
      // Who has not come long after a start counts as dead.
      const lookRound = (): void => {
        if (clock.monotonic() - startedAtMs < datanodes.expiryMs - STARTING_MS) return;
        const alive = [...datanodes.alive].map(({ id }) => id.hostName);
        for (const { name } of cluster.dataNodes) if (!alive.includes(name)) this.gone(name);
      };
      wrap(datanodes, 'checkHeartbeats', (call, nowMs, limit) => {
        const found = call(nowMs, limit);
        for (const { id } of found) this.gone(id.hostName);
        lookRound();
        return found;
      });
      wrap(recoveries, 'start', (call, ...order) => {
        lookRound();
        return call(...order);
      });
      wrap(datanodes, 'register', (call, ...registration) => {
        const node = call(...registration);
        this.dead.delete(node.id.hostName);
        return node;
      });
    });
    cluster.keepers = this;
  }

  private powerLost(name: string): void {
    this.lossOf.set(name, this.cluster.dataPowerLosses);
    for (const [file] of this.left) this.leave(file, name);
    for (const [, entry] of this.witness.model().files()) {
      const file = entry.open ? this.ledger.byCreatePath.get(entry.createPath) : undefined;
      if (file === undefined || this.left.has(file) || file.owed <= file.certain) continue;
      this.look(file, entry, (each) => each !== name);
    }
  }

  /** Its last block may be with other DataNodes now, or one that had it is out of its pipeline. */
  changed(entry: ModelFile): void {
    const file = this.ledger.byCreatePath.get(entry.createPath);
    if (file !== undefined && this.left.has(file)) this.look(file, entry);
  }

  /** A promise is made of a file that was begun when DataNodes had lost their power so often. */
  promised(file: GhostFile, losses: number): void {
    if (this.cluster.dataPowerLosses === losses && !this.left.has(file)) return;
    const entry = this.witness.model().openFile(file.createPath);
    if (entry !== undefined) this.look(file, entry, (name) => (this.lossOf.get(name) ?? 0) <= losses);
  }

  private gone(name: string): void {
    this.dead.add(name);
    for (const [file] of this.left) this.leave(file, name);
  }

  private leave(file: GhostFile, name: string): void {
    const names = this.left.get(file);
    if (names?.delete(name) !== true || names.size > 0) return;
    file.lost();
    this.left.delete(file);
  }

  /** Who has it, of those that may count. */
  private look(file: GhostFile, entry: ModelFile, counts: (name: string) => boolean = () => true): void {
    const last = entry.blocks.at(-1);
    if (last === undefined) return;
    // Blocks before the last were synced when they ended.
    const offset = bytesBeforeLast(entry);
    file.isCertainTo(offset);
    const due = file.owed - offset;
    if (due <= 0) return;
    const { cluster, dead } = this;
    const names = allReplicas(cluster, last.id)
      .filter(({ dataNode, path, meta, bytes }) => {
        if (!counts(dataNode) || dead.has(dataNode) || cluster.isAway(dataNode, path)) return false;
        if (cluster.isDamaged(dataNode, path) || (meta?.genStamp ?? 0) < last.genStamp) return false;
        return bytes.length >= due && file.firstWrongByte(offset, bytes.subarray(0, due)) < 0;
      })
      .map(({ dataNode }) => dataNode);
    if (names.length > 0) this.left.set(file, new Set(names));
    else {
      this.left.delete(file);
      file.lost();
    }
  }
}
