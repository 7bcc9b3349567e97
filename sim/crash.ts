// Power cuts and dead processes under a write load, at random moments of virtual time. In most rounds everything goes dark,
// the client too, and all bytes and names that were not synced are gone; in others some machines fail and the writers go on
// as far as they can. What was acknowledged must be there when all runs again. One seed is one story, in every process.
import { messageOf } from '../src/base/errors.ts';
import type { SeededRandom } from '../src/base/random.ts';
import type { SimLogLine, SimNode } from '../src/host/sim/index.ts';
import { check } from '../test/scenarios/checker.ts';
import { Workload } from '../test/scenarios/workload.ts';
import { SimCluster } from './power-cluster.ts';

export interface CrashOptions {
  readonly seed: number;
  readonly rounds?: number | undefined;
  readonly log?: ((line: SimLogLine) => void) | undefined;
  readonly trace?: ((line: string) => void) | undefined;
}

export interface CrashStory {
  readonly seed: number;
  readonly violations: readonly string[];
  /** Over all that happened: equal for equal seeds. */
  readonly hash: string;
  readonly acknowledged: number;
  readonly files: number;
  readonly recovered: number;
  readonly virtualMs: number;
  /** What was done, for whoever has to understand a failure. */
  readonly steps: readonly string[];
}

const BLOCK_BYTES = 16 * 1024;
const PATIENCE_MS = 300_000;

type Victims = 'everything' | 'servers' | 'namenode' | 'datanodes' | 'one datanode';

/** How often each fails, of eight. */
const VICTIMS: readonly Victims[] = [
  'everything',
  'everything',
  'everything',
  'everything',
  'servers',
  'namenode',
  'datanodes',
  'one datanode',
];

interface Failure {
  readonly victims: Victims;
  readonly how: 'power' | 'process';
  /** Some of what was not synced had reached the disk. */
  readonly luck: boolean;
}

function planFailure(plan: SeededRandom): Failure {
  const victims = VICTIMS[plan.below(VICTIMS.length)] as Victims;
  return { victims, how: plan.below(5) === 0 ? 'process' : 'power', luck: plan.below(3) === 0 };
}

/** Flushed bytes outlive processes, and a power cut that leaves members of each pipeline alone; synced ones everything. */
function survivingBytes({ victims, how }: Failure): 'flushed' | 'synced' {
  return how === 'process' || victims === 'namenode' || victims === 'one datanode' ? 'flushed' : 'synced';
}

class Story {
  readonly steps: string[] = [];
  readonly violations: string[] = [];
  readonly cluster: SimCluster;
  readonly workload: Workload;
  files = 0;
  recovered = 0;
  private readonly plan: SeededRandom;

  constructor(options: CrashOptions) {
    const { seed, log, trace } = options;
    this.cluster = new SimCluster({
      seed,
      log,
      trace,
      configuration: {
        'dfs.blocksize': String(BLOCK_BYTES),
        // A last block that nobody tells of is given up when its holders count as dead; a DataNode may need a minute to see
        // that its NameNode was restarted.
        'dfs.namenode.heartbeat.recheck-interval': '40000',
        'dfs.client-write-packet-size': '4096',
        'dfs.client.socket-timeout': '5000',
        'dfs.namenode.checkpoint.txns': '60',
        'dfs.namenode.checkpoint.check.period': '1',
        'dfs.namenode.num.checkpoints.retained': '1',
        'dfs.namenode.num.extra.edits.retained': '0',
        'ipc.client.connect.max.retries': '20',
        'ipc.client.rpc-timeout.ms': '5000',
      },
    });
    const { sim } = this.cluster;
    this.plan = sim.random('crash');
    this.workload = new Workload(sim.random('workload'), {
      writers: 3,
      blockSize: BLOCK_BYTES,
      maxFileBytes: 4 * BLOCK_BYTES,
      maxFiles: 12,
      maxPauseMs: 20,
    });
  }

  private note(text: string): void {
    this.steps.push(`${this.cluster.sim.nowMs.toFixed(1)} ms: ${text}`);
  }

  private machinesOf(victims: Victims): readonly SimNode[] {
    const { machines, nameNodeMachine, dataNodeMachines } = this.cluster;
    switch (victims) {
      case 'everything':
        return machines;
      case 'servers':
        return [nameNodeMachine, ...dataNodeMachines];
      case 'namenode':
        return [nameNodeMachine];
      case 'datanodes':
        return dataNodeMachines;
      case 'one datanode':
        return dataNodeMachines.slice(0, 1);
    }
  }

  async begin(): Promise<void> {
    await this.cluster.format();
    await this.cluster.start(PATIENCE_MS);
  }

  async round(): Promise<void> {
    const { cluster, workload, plan, violations } = this;
    const { sim } = cluster;
    const failure = planFailure(plan);
    const { victims, how, luck } = failure;
    const fs = await sim.run(cluster.connect());
    let stopping = false;
    let wrong: unknown;
    const load = workload
      .run(fs, cluster.clientMachine.host.clock, () => stopping)
      .catch((error: unknown) => {
        wrong = error;
      });
    await sim.advance(50 + plan.below(1500));
    // Nothing has failed so far, so nothing may have been refused.
    for (const end of workload.ended) violations.push(`before anything failed: ${end}`);
    cluster.crash(this.machinesOf(victims), how, luck);
    this.note(`${victims}: ${how} lost${luck ? ', with luck' : ''}, after ${workload.acknowledged} acknowledgements`);
    let openBytes = survivingBytes(failure);
    if (victims === 'everything') {
      if (await this.crashAgain()) openBytes = 'synced';
    } else {
      await sim.advance(plan.below(3000));
      await sim.run(Promise.all(cluster.beginStarts()), PATIENCE_MS);
      await sim.advance(plan.below(1500));
      stopping = true;
      await sim.run(load, PATIENCE_MS);
      await sim.run(fs.close());
      for (const end of workload.ended) this.note(`a writer gave up: ${end.split('\n')[0]}`);
    }
    if (wrong !== undefined) throw wrong;
    await cluster.start(PATIENCE_MS);
    const admin = cluster.admin();
    const reader = await sim.run(cluster.connect());
    const result = await sim.run(
      check(workload, reader, admin, cluster.clientMachine.host.clock, {
        openBytes,
        patienceMs: PATIENCE_MS,
      }),
      2 * PATIENCE_MS,
    );
    violations.push(...result.violations);
    this.files += result.files;
    this.recovered += result.recovered;
    this.note(`checked ${result.files} files, ${result.recovered} of them recovered`);
    admin.close();
    await sim.run(reader.close());
  }

  /** The power may fail again while the daemons come up. Answers whether it did. */
  private async crashAgain(): Promise<boolean> {
    const { cluster, plan } = this;
    let again = false;
    while (plan.below(4) === 0) {
      for (const start of cluster.beginStarts()) {
        start.catch((error: unknown) => this.note(`a start failed: ${messageOf(error)}`));
      }
      await cluster.sim.advance(plan.below(400));
      cluster.crash(cluster.machines, 'power', plan.below(3) === 0);
      this.note('power lost while starting');
      again = true;
    }
    return again;
  }
}

export async function crashStory(options: CrashOptions): Promise<CrashStory> {
  const story = new Story(options);
  const { violations, cluster, workload, steps } = story;
  try {
    await story.begin();
    for (let round = 0; round < (options.rounds ?? 2) && violations.length === 0; round++) await story.round();
  } catch (error) {
    violations.push(`the story broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  for (const error of cluster.fatal) violations.push(`the NameNode stopped: ${error.message}`);
  return {
    seed: options.seed,
    violations,
    hash: cluster.sim.hash,
    acknowledged: workload.acknowledged,
    files: story.files,
    recovered: story.recovered,
    virtualMs: cluster.sim.nowMs,
    steps,
  };
}
