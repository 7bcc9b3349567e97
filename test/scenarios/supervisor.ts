// Real daemons under clients and a nemesis. Rounds: clients begin, some faults (faults.ts) come and go, everything is healed, and
// what the cluster shows is held against what was acknowledged (checker.ts). Then every block has to have its replicas
// again in bounded time, and each damaged replica has to be found out by readers and replaced. Which faults, on whom and when
// comes from the seed; what the daemons make of it does not, so that a seed tells a story again only roughly.
import { rmSync } from 'node:fs';
import { SeededRandom } from '../../src/base/random.ts';
import type { Hdfs } from '../../src/client/index.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { type CheckResult, check } from './checker.ts';
import { draw, FAULT_KINDS, type Fault, type FaultContext, type FaultKind, type Rotten } from './faults.ts';
import { contentOf, type WriterLedger } from './ledger.ts';
import { PATIENCE_MS, sleep } from './processes.ts';
import { Readers } from './reading.ts';
import { BLOCK_BYTES, type Command, RealCluster } from './real-cluster.ts';
import type { DiskKind } from './real-disks.ts';
import { Workload } from './workload.ts';

const WRITERS = 5;
const MAX_FILES = 25;
/** Longest time until every block has its replicas again. */
const RESTORED_MS = 60_000;
/** Longest wait for clients that go on once all is healed. */
const CALM_MS = 25_000;
/** Old files that are read again in each round, of a hundred. */
const OLD_READS_PERCENT = 10;

/** A client that is a program of its own: what it is acknowledged stands in its ledger. */
export interface ForeignClient {
  readonly ledger: WriterLedger;
  /** Goes on from where it is until told to stop or it meets a failure. */
  begin(): void;
  /** Resolves with what it found wrong, and why it ended early. */
  stop(): Promise<{ readonly wrong: readonly string[]; readonly ended: readonly string[] }>;
  close(): Promise<void>;
}

export interface SupervisorOptions {
  readonly seed: number;
  readonly rounds: number;
  /** Ends after the round in which so much time has gone; undefined: never. */
  readonly limitMs?: number | undefined;
  /** Also what takes long. */
  readonly long: boolean;
  readonly directory: string;
  readonly dataNodes: number;
  readonly disks: { readonly name: DiskKind; readonly data: readonly DiskKind[] };
  /** Undefined: all of them. */
  readonly kinds?: readonly FaultKind[];
  command(role: string, conf: string): Command;
  foreign?(cluster: RealCluster): Promise<ForeignClient>;
  readonly log: (line: string) => void;
}

export interface SupervisorResult {
  readonly violations: readonly string[];
  readonly rounds: number;
  readonly faults: readonly string[];
  readonly acknowledged: number;
  readonly reads: number;
  readonly filesChecked: number;
  readonly bytesRead: number;
  readonly rottenReplaced: number;
}

interface Planned {
  readonly fault: Fault;
  readonly atMs: number;
}

export class Supervisor {
  private readonly options: SupervisorOptions;
  private readonly random: SeededRandom;
  private readonly host = nodeHost({ logLevel: 'error' });
  private readonly workload: Workload;
  private readonly violations: string[] = [];
  private readonly rotten: Rotten[] = [];
  private readonly faults: string[] = [];
  private readonly total = { files: 0, bytes: 0, reads: 0, replaced: 0 };
  private foreign: ForeignClient | undefined;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.random = new SeededRandom(options.seed, 'supervisor');
    this.workload = new Workload(new SeededRandom(options.seed, 'workload'), {
      writers: WRITERS,
      blockSize: BLOCK_BYTES,
      maxFileBytes: 5 * BLOCK_BYTES,
      maxFiles: MAX_FILES,
      maxPauseMs: 20,
    });
  }

  async run(): Promise<SupervisorResult> {
    const { directory, log, seed, rounds, limitMs = Number.POSITIVE_INFINITY } = this.options;
    const began = performance.now();
    let round = 0;
    let cluster: RealCluster | undefined;
    try {
      cluster = await RealCluster.make({ ...this.options, host: this.host });
      await cluster.startMissing();
      if (this.options.foreign !== undefined) {
        this.foreign = await this.options.foreign(cluster);
      }
      for (; round < rounds && this.violations.length === 0 && performance.now() - began < limitMs; round++) {
        const start = performance.now();
        const found = await this.round(cluster, round === rounds - 1);
        log(
          `seed=${seed} round=${round + 1}/${rounds} faults=[${this.faults.at(-1)}] acknowledged=${this.acknowledged} ` +
            `reads=${this.total.reads} files=${found.files} read=${found.bytesRead} recovered=${found.recovered} ` +
            `violations=${this.violations.length} ms=${Math.round(performance.now() - start)}`,
        );
      }
    } catch (error) {
      this.violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      await this.foreign?.close();
      await cluster?.remove();
    }
    const violations = this.violations.map((violation) => `round ${round}: ${violation}`);
    if (violations.length === 0) rmSync(directory, { recursive: true, force: true });
    else for (const violation of violations) log(`seed=${seed} BROKEN ${violation} (directory kept: ${directory})`);
    return {
      violations,
      rounds: round,
      faults: this.faults,
      acknowledged: this.acknowledged,
      reads: this.total.reads,
      filesChecked: this.total.files,
      bytesRead: this.total.bytes,
      rottenReplaced: this.total.replaced,
    };
  }

  private get ledgers(): readonly WriterLedger[] {
    const { foreign, workload } = this;
    return foreign === undefined ? workload.writers : [...workload.writers, foreign.ledger];
  }

  private get acknowledged(): number {
    return this.ledgers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  private plan(cluster: RealCluster): Planned[] {
    const { random } = this;
    const context: FaultContext = {
      cluster,
      random,
      rotten: this.rotten,
      violation: (text) => void this.violations.push(text),
      long: this.options.long,
    };
    const kinds = this.options.kinds ?? FAULT_KINDS;
    const planned: Planned[] = [];
    const wanted = 1 + random.below(3);
    for (let tries = 0; tries < 20 && planned.length < wanted; tries++) {
      const fault = draw(kinds[random.below(kinds.length)] as FaultKind, context);
      if (fault === undefined || planned.some((other) => other.fault.about.some((name) => fault.about.includes(name))))
        continue;
      planned.push({ fault, atMs: 300 + random.below(1500) });
    }
    return planned.sort((a, b) => a.atMs - b.atMs);
  }

  private async round(cluster: RealCluster, readAll: boolean): Promise<CheckResult> {
    const { random, workload } = this;
    const planned = this.plan(cluster);
    this.faults.push(planned.map(({ fault }) => fault.name).join(', '));
    const fs = await cluster.connect(600);
    let stopping = false;
    const load = workload
      .run(fs, this.host.clock, () => stopping)
      .catch((error: unknown) => {
        this.violations.push(String(error));
      });
    const readers = new Readers(fs, this.ledgers, random);
    const reading = readers.run(() => stopping);
    this.foreign?.begin();
    await this.play(cluster, planned);
    await sleep(random.below(500));
    stopping = true;
    const foreign = await this.foreign?.stop();
    await Promise.race([Promise.all([load, reading]), sleep(CALM_MS)]);
    await fs.close();
    await Promise.all([load, reading]);
    this.total.reads += readers.reads;
    this.violations.push(...readers.wrong, ...(foreign?.wrong ?? []));
    for (const end of [...workload.ended, ...(foreign?.ended ?? [])]) {
      this.options.log(`  a writer gave up: ${end.split('\n')[0]}`);
    }
    return this.hold(cluster, readAll);
  }

  /** Faults come and go side by side; everything is healed and serves when it returns. */
  private async play(cluster: RealCluster, planned: readonly Planned[]): Promise<void> {
    const began: Fault[] = [];
    try {
      await Promise.all(
        planned.map(async ({ fault, atMs }, i) => {
          await sleep(atMs);
          if (i === 0) this.expectCalm();
          began.push(fault);
          await fault.begin();
          await sleep(fault.lastsMs);
        }),
      );
    } finally {
      for (const fault of began) await fault.heal();
    }
    // Before the logs of those that are started again are gone.
    this.expectSanity(cluster);
    await cluster.startMissing();
  }

  /** Before anything failed, nobody may have met a failure. */
  private expectCalm(): void {
    for (const end of this.workload.ended) this.violations.push(`before anything failed: ${end}`);
  }

  private expectSanity(cluster: RealCluster): void {
    for (const { wrong } of cluster.daemons) if (wrong !== undefined) this.violations.push(wrong);
  }

  private async hold(cluster: RealCluster, readAll: boolean): Promise<CheckResult> {
    const { random, ledgers } = this;
    const fs = await cluster.connect(10);
    const admin = cluster.admin();
    try {
      const settled = new Set(ledgers.flatMap((writer) => [...writer.settled]));
      const found = await check({ writers: ledgers }, fs, admin, this.host.clock, {
        openBytes: 'flushed',
        patienceMs: PATIENCE_MS,
        reads: (entry) => readAll || !settled.has(entry) || random.below(100) < OLD_READS_PERCENT,
      });
      this.violations.push(...found.violations);
      this.total.files += found.files;
      this.total.bytes += found.bytesRead;
      await this.findRotten(fs);
      const missing = await cluster.restored(RESTORED_MS);
      if (missing !== undefined) this.violations.push(missing);
      this.expectSanity(cluster);
      return found;
    } finally {
      admin.close();
      await fs.close();
    }
  }

  /** Reads the files of damaged replicas until somebody has met each, and it is gone or good. */
  private async findRotten(fs: Hdfs): Promise<void> {
    for (const { flip, block } of this.rotten.splice(0)) {
      const path = this.fileOf(block);
      for (const end = performance.now() + RESTORED_MS; !flip.isGone; ) {
        if (performance.now() > end) {
          this.violations.push(`${flip.name}, damaged, is still there; it belongs to ${path ?? 'no file'}`);
          break;
        }
        if (path !== undefined) await fs.readFile(path);
        else await sleep(200);
      }
      this.total.replaced++;
    }
  }

  private fileOf(block: Buffer): string | undefined {
    for (const { tree } of this.ledgers) {
      for (const [path, entry] of tree) {
        if (entry.kind === 'directory') continue;
        // Blocks of a file that is still open are finalized when they are full, and the last one when its writer is given up.
        const length = entry.kind === 'file' ? entry.length : entry.progress.written;
        if (length < block.length) continue;
        const content = contentOf(entry.tag, length);
        for (let at = 0; at < content.length; at += BLOCK_BYTES) {
          if (content.subarray(at, at + block.length).equals(block)) return path;
        }
      }
    }
    return undefined;
  }
}
