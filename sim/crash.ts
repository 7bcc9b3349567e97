// Power cuts under a write load: everything, the client too, loses its power at a random moment of virtual time, with all
// bytes and names that were not synced; what was acknowledged must be there after the restart. A round may cut again while
// the daemons come up. One seed is one story, in every process.

import type { SimLogLine } from '../src/host/sim/index.ts';
import { check } from './checker.ts';
import { SimCluster } from './cluster.ts';
import { Workload } from './workload.ts';

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

export async function crashStory(options: CrashOptions): Promise<CrashStory> {
  const { seed } = options;
  const cluster = new SimCluster({
    seed,
    log: options.log,
    trace: options.trace,
    configuration: {
      'dfs.blocksize': String(BLOCK_BYTES),
      'dfs.client-write-packet-size': '4096',
      'dfs.namenode.checkpoint.txns': '60',
      'dfs.namenode.checkpoint.check.period': '1',
      'dfs.namenode.num.checkpoints.retained': '1',
      'dfs.namenode.num.extra.edits.retained': '0',
      'ipc.client.connect.max.retries': '0',
      'ipc.client.rpc-timeout.ms': '20000',
    },
  });
  const { sim } = cluster;
  const plan = sim.random('crash');
  const workload = new Workload(sim.random('workload'), {
    writers: 3,
    blockSize: BLOCK_BYTES,
    maxFileBytes: 4 * BLOCK_BYTES,
    maxFiles: 12,
    maxPauseMs: 20,
  });
  const steps: string[] = [];
  const violations: string[] = [];
  let files = 0;
  let recovered = 0;
  const note = (text: string): void => void steps.push(`${sim.nowMs.toFixed(1)} ms: ${text}`);
  await cluster.format();
  try {
    await cluster.start(PATIENCE_MS);
    for (let round = 0; round < (options.rounds ?? 2) && violations.length === 0; round++) {
      const fs = await sim.run(cluster.connect());
      let wrong: unknown;
      workload
        .run(fs, cluster.clientMachine.host.clock, () => false)
        .catch((error: unknown) => {
          wrong = error;
        });
      const luck = plan.below(3) === 0;
      const loadMs = 50 + plan.below(1500);
      await sim.advance(loadMs);
      // Nothing has failed so far, so nothing may have been refused.
      for (const end of workload.ended) violations.push(`before anything failed: ${end}`);
      cluster.losePower(cluster.machines, luck);
      note(
        `power lost${luck ? ', with luck' : ''}, after ${workload.acknowledged} acknowledgements; ${workload.ended.join('; ')}`,
      );
      if (wrong !== undefined) throw wrong;
      while (plan.below(4) === 0) {
        for (const start of [cluster.startNameNode(), ...cluster.dataNodes.map((_, i) => cluster.startDataNode(i))]) {
          start.catch((error: unknown) => note(`a start was cut off: ${String(error)}`));
        }
        await sim.advance(plan.below(400));
        cluster.losePower(cluster.machines, plan.below(3) === 0);
        note('power lost while starting');
      }
      await cluster.start(PATIENCE_MS);
      const admin = cluster.admin();
      const checking = await sim.run(cluster.connect({ 'ipc.client.connect.max.retries': '10' }));
      const result = await sim.run(
        check(workload, checking, admin, cluster.clientMachine.host.clock, { openBytes: 'synced', patienceMs: PATIENCE_MS }),
        2 * PATIENCE_MS,
      );
      violations.push(...result.violations);
      files += result.files;
      recovered += result.recovered;
      note(`checked ${result.files} files, ${result.recovered} of them recovered`);
      admin.close();
      await sim.run(checking.close());
    }
  } catch (error) {
    violations.push(`the story broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  for (const error of cluster.fatal) violations.push(`the NameNode stopped: ${error.message}`);
  return {
    seed,
    violations,
    hash: sim.hash,
    acknowledged: workload.acknowledged,
    files,
    recovered,
    virtualMs: sim.nowMs,
    steps,
  };
}
