// How much faster than real time a common load is simulated: one NameNode, five DataNodes, four writers, fifty namespace
// operations and half a MiB of block data in each virtual second, with Hadoop's defaults of time and size. The smaller the files
// are in which the data comes, the more of it is creating them, their pipelines and their deletion.
import type { SeededRandom } from '../src/base/random.ts';
import type { Hdfs } from '../src/client/index.ts';
import { SimCluster } from './cluster.ts';
import { contentOf } from './content.ts';

const WRITERS = 4;
const OPERATIONS_PER_SECOND = 50;
const BYTES_PER_SECOND = 512 * 1024;
export const FILE_BYTES: readonly number[] = [1024 * 1024, 256 * 1024];
/** What a writer calls for each file beside its other operations: create, addBlock, complete. */
const CALLS_PER_FILE = 3;

interface Span {
  readonly virtualMs: number;
  readonly realMs: number;
  readonly events: number;
}

export interface SpeedResult extends Span {
  readonly fileBytes: number;
  /** Its second half: the process has compiled by then most of what it runs. */
  readonly warm: Span;
  readonly operations: number;
  readonly bytesWritten: number;
}

class Writer {
  operations = 0;
  bytesWritten = 0;
  private readonly fs: Hdfs;
  private readonly home: string;
  private readonly random: SeededRandom;
  /** Of all files: making bytes is not what is measured. */
  private readonly content: Buffer;
  private files = 0;
  private directories = 0;

  constructor(fs: Hdfs, home: string, random: SeededRandom, content: Buffer) {
    this.fs = fs;
    this.home = home;
    this.random = random;
    this.content = content;
  }

  /** One file written, and one old enough read back and deleted. */
  async file(): Promise<void> {
    const { fs, home, content } = this;
    const index = this.files++;
    const path = `${home}/f${index}`;
    await fs.writeFile(path, content);
    this.operations += CALLS_PER_FILE;
    this.bytesWritten += content.length;
    if (index < 8) return;
    if (index % 8 === 0) {
      const bytes = await fs.readFile(path);
      this.operations++;
      if (!bytes.equals(content)) throw new Error(`${path} has wrong bytes`);
    }
    await fs.rm(`${home}/f${index - 8}`, { skipTrash: true });
    this.operations += 2;
  }

  async namespaceOperation(): Promise<void> {
    const { fs, home, random } = this;
    this.operations++;
    const chance = random.below(10);
    // One call each: without its parents, a client asks first whether the directory is there.
    if (chance < 3 || this.directories === 0) await fs.mkdir(`${home}/d${this.directories++}`, { recursive: true });
    else if (chance < 5) {
      const last = this.directories - 1;
      await fs.rename(`${home}/d${last}`, `${home}/d${++this.directories - 1}`);
    } else if (chance < 6) await fs.chmod(home, 0o755);
    else await fs.stat(`${home}/d${this.directories - 1}`);
  }
}

export async function measureSpeed(seconds: number, fileBytes: number, nowMs: () => number): Promise<SpeedResult> {
  const cluster = new SimCluster({ seed: 1, dataNodes: 5, clients: WRITERS, hadoopDefaults: true });
  const { simulation } = cluster;
  await cluster.start();
  const content = contentOf(1, 0, fileBytes);
  const writers: Writer[] = [];
  for (const [index, machine] of cluster.clients.entries()) {
    const fs = await simulation.run(cluster.connect(machine));
    const home = `/writer${index}`;
    await simulation.run(fs.mkdir(home));
    writers.push(new Writer(fs, home, simulation.random(`writer ${index}`), content));
  }
  const everyFileMs = (fileBytes * WRITERS * 1000) / BYTES_PER_SECOND;
  const callsOfFiles = (BYTES_PER_SECOND / fileBytes) * (CALLS_PER_FILE + 2);
  const everyOperationMs = (WRITERS * 1000) / (OPERATIONS_PER_SECOND - callsOfFiles);
  const loop = async (machine: number, everyMs: number, work: () => Promise<void>): Promise<void> => {
    const { clock } = (cluster.clients[machine] as (typeof cluster.clients)[number]).host;
    for (let dueMs = clock.monotonic() + (everyMs * machine) / WRITERS; ; dueMs += everyMs) {
      await clock.sleep(Math.max(0, dueMs - clock.monotonic()));
      await work();
    }
  };
  let failure: unknown;
  for (const [index, writer] of writers.entries()) {
    for (const [everyMs, work] of [
      [everyFileMs, () => writer.file()],
      [everyOperationMs, () => writer.namespaceOperation()],
    ] as const) {
      loop(index, everyMs, work).catch((error: unknown) => {
        failure ??= error;
      });
    }
  }
  await simulation.advance(5_000);
  const read = () => ({ virtualMs: simulation.nowMs, realMs: nowMs(), events: simulation.scheduler.events, ...sums(writers) });
  const before = read();
  await simulation.advance(seconds * 500);
  const half = read();
  await simulation.advance(seconds * 500);
  if (failure !== undefined) throw failure;
  const after = read();
  return {
    ...between(before, after),
    fileBytes,
    warm: between(half, after),
    operations: after.operations - before.operations,
    bytesWritten: after.bytesWritten - before.bytesWritten,
  };
}

const between = (from: Span, to: Span): Span => ({
  virtualMs: to.virtualMs - from.virtualMs,
  realMs: to.realMs - from.realMs,
  events: to.events - from.events,
});

const sums = (writers: readonly Writer[]) => ({
  operations: writers.reduce((sum, writer) => sum + writer.operations, 0),
  bytesWritten: writers.reduce((sum, writer) => sum + writer.bytesWritten, 0),
});

const rates = ({ virtualMs, realMs, events }: Span): string =>
  `${(virtualMs / realMs).toFixed(0)} times real time, ${Math.round(events / (realMs / 1000))} events/s`;

export function describeSpeed(result: SpeedResult): string {
  const { virtualMs, realMs, events, operations, bytesWritten, fileBytes, warm } = result;
  const seconds = virtualMs / 1000;
  return (
    `${seconds.toFixed(0)} virtual seconds in ${(realMs / 1000).toFixed(2)} s of one core: ${rates(result)}, ` +
    `${rates(warm)} in the second half; ${(events / seconds).toFixed(0)} events, ` +
    `${(operations / seconds).toFixed(1)} namespace operations and ${(bytesWritten / seconds / 1024).toFixed(0)} KiB in each virtual second, ` +
    `in files of ${fileBytes / 1024} KiB`
  );
}
