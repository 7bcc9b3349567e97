// Kills real daemons under a write load: a NameNode and three DataNodes as `hdfs --config DIR namenode|datanode` runs them,
// on loopback, with SIGKILL at random moments, all of them or some; then starts them on the same directories and ports and
// holds what they show against what was acknowledged (checker.ts). A killed process keeps what it gave to the kernel:
// what a power cut takes is the simulator's to find (sim).
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from '../../src/base/random.ts';
import type { Hdfs } from '../../src/client/index.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { check } from './checker.ts';
import { PlainCluster } from './plain-cluster.ts';
import { bundle, type Daemon, PATIENCE_MS, sleep } from './processes.ts';
import { Workload } from './workload.ts';

const DATANODES = 3;
const BLOCK_BYTES = 64 * 1024;
/** Old files that are read again in each round, of a hundred. */
const OLD_READS_PERCENT = 10;

export interface KillOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Made, and removed when all is well. */
  readonly directory: string;
  /** All ports from here up; undefined: free ones. */
  readonly basePort?: number | undefined;
  readonly log: (line: string) => void;
}

export interface KillResult {
  /** With the round that each was found in. */
  readonly violations: readonly string[];
  readonly rounds: number;
  readonly kills: number;
  readonly acknowledged: number;
  readonly filesChecked: number;
  readonly bytesRead: number;
  readonly recovered: number;
}

type Victims = 'all' | 'namenode' | 'datanodes' | 'one datanode';

/** How often each happens, of ten. */
const VICTIMS: readonly Victims[] = [
  'all',
  'all',
  'all',
  'all',
  'all',
  'all',
  'namenode',
  'namenode',
  'datanodes',
  'one datanode',
];

export class KillRun {
  private readonly options: KillOptions;
  private readonly random: SeededRandom;
  private readonly workload: Workload;
  private readonly host = nodeHost({ logLevel: 'error' });
  private kills = 0;

  constructor(options: KillOptions) {
    this.options = options;
    this.random = new SeededRandom(options.seed, 'kill');
    this.workload = new Workload(new SeededRandom(options.seed, 'workload'), {
      writers: 6,
      blockSize: BLOCK_BYTES,
      maxFileBytes: 5 * BLOCK_BYTES,
      maxFiles: 40,
      maxPauseMs: 5,
    });
  }

  async run(): Promise<KillResult> {
    const { directory, log, seed, rounds } = this.options;
    const program = await bundle();
    const total = { files: 0, bytes: 0, recovered: 0 };
    const violations: string[] = [];
    let round = 0;
    let cluster: PlainCluster | undefined;
    try {
      cluster = await this.make(program);
      await this.startMissing(cluster);
      for (; round < rounds && violations.length === 0; round++) {
        const began = performance.now();
        const { what, found } = await this.round(cluster, round === rounds - 1);
        total.files += found.files;
        total.bytes += found.bytesRead;
        total.recovered += found.recovered;
        log(
          `seed=${seed} round=${round + 1}/${rounds} killed=${what} acknowledged=${this.workload.acknowledged} files=${found.files} ` +
            `read=${found.bytesRead} recovered=${found.recovered} violations=${found.violations.length} ms=${Math.round(performance.now() - began)}`,
        );
        violations.push(...found.violations.map((violation) => `round ${round + 1}: ${violation}`));
      }
    } catch (error) {
      violations.push(`round ${round + 1}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    } finally {
      await cluster?.end();
      rmSync(program, { force: true });
    }
    if (violations.length === 0) rmSync(directory, { recursive: true, force: true });
    else for (const violation of violations) log(`seed=${seed} BROKEN ${violation} (directory kept: ${directory})`);
    const { acknowledged } = this.workload;
    const { files: filesChecked, bytes: bytesRead, recovered } = total;
    return { violations, rounds: round, kills: this.kills, acknowledged, filesChecked, bytesRead, recovered };
  }

  private make(program: string): Promise<PlainCluster> {
    const { directory, basePort } = this.options;
    rmSync(directory, { recursive: true, force: true });
    return PlainCluster.make({
      host: this.host,
      program,
      directory,
      basePort,
      nameDirectories: ['name1', 'name2'].map((name) => join(directory, name)),
      dataDirectories: Array.from({ length: DATANODES }, (_, i) =>
        ['a', 'b'].map((volume) => join(directory, `datanode${i + 1}`, volume)),
      ),
      keys: [
        ['dfs.blocksize', String(BLOCK_BYTES)],
        ['dfs.namenode.safemode.extension', '0'],
        ['dfs.namenode.checkpoint.txns', '500'],
        ['dfs.namenode.checkpoint.check.period', '1'],
        ['dfs.namenode.num.checkpoints.retained', '1'],
        ['dfs.namenode.num.extra.edits.retained', '0'],
        // A last block that nobody tells of is given up when its holders count as dead: after 12 s here.
        ['dfs.namenode.heartbeat.recheck-interval', '1000'],
      ],
    });
  }

  private connect(cluster: PlainCluster, connectRetries: number): Promise<Hdfs> {
    return cluster.connect({
      'dfs.blocksize': String(BLOCK_BYTES),
      'dfs.replication': '3',
      'dfs.client-write-packet-size': '16384',
      'dfs.client.socket-timeout': '10000',
      'dfs.client.retry.window.base': '500',
      'ipc.client.connect.max.retries': String(connectRetries),
      'ipc.client.connect.retry.interval': '100',
    });
  }

  /** Starts what does not run, in random order, and waits until all of it serves. */
  private async startMissing(cluster: PlainCluster): Promise<void> {
    const missing = cluster.daemons.filter((daemon) => !daemon.running);
    for (let i = missing.length - 1; i > 0; i--) {
      const j = this.random.below(i + 1);
      [missing[i], missing[j]] = [missing[j] as Daemon, missing[i] as Daemon];
    }
    await cluster.start(missing);
  }

  private async kill(victims: readonly Daemon[]): Promise<void> {
    this.kills += victims.length;
    await Promise.all(victims.map((victim) => victim.kill()));
  }

  private victims({ daemons, nameNode, dataNodes }: PlainCluster, what: Victims): readonly Daemon[] {
    switch (what) {
      case 'all':
        return daemons;
      case 'namenode':
        return [nameNode];
      case 'datanodes':
        return dataNodes;
      case 'one datanode':
        return [dataNodes[this.random.below(DATANODES)] as Daemon];
    }
  }

  private async round(
    cluster: PlainCluster,
    readAll: boolean,
  ): Promise<{ readonly what: string; readonly found: Awaited<ReturnType<typeof check>> }> {
    const { random, workload } = this;
    const what = VICTIMS[random.below(VICTIMS.length)] as Victims;
    const fs = await this.connect(cluster, what === 'all' ? 0 : 600);
    let stopping = false;
    let wrong: unknown;
    const load = workload
      .run(fs, this.host.clock, () => stopping)
      .catch((error: unknown) => {
        wrong = error;
      });
    await sleep(random.below(3000));
    const early = [...workload.ended];
    await this.kill(this.victims(cluster, what));
    let told = what.replace(' ', '-');
    if (what !== 'all') {
      // The writers go on meanwhile, as far as they can.
      await sleep(random.below(300));
      await this.startMissing(cluster);
      await sleep(random.below(500));
    }
    const ended = [...workload.ended];
    stopping = true;
    if (what !== 'all') await Promise.race([load, sleep(20_000)]);
    await fs.close();
    await load;
    while (random.below(5) === 0) {
      for (const daemon of cluster.daemons) if (!daemon.running) daemon.start();
      await sleep(random.below(500));
      await this.kill(cluster.daemons);
      told += '+starting';
    }
    await this.startMissing(cluster);
    const reader = await this.connect(cluster, 10);
    const admin = cluster.admin();
    try {
      const settled = new Set(workload.writers.flatMap((writer) => [...writer.settled]));
      const found = await check(workload, reader, admin, this.host.clock, {
        openBytes: 'flushed',
        patienceMs: PATIENCE_MS,
        reads: (entry) => readAll || !settled.has(entry) || random.below(100) < OLD_READS_PERCENT,
      });
      const violations = [...found.violations];
      if (wrong !== undefined) violations.push(String(wrong));
      for (const end of early) violations.push(`before anything failed: ${end}`);
      if (what !== 'all') for (const end of ended) this.options.log(`  a writer gave up: ${end.split('\n')[0]}`);
      return { what: told, found: { ...found, violations } };
    } finally {
      admin.close();
      await reader.close();
    }
  }
}
