// A DataNode with two volumes, one of them on a file system that is frozen: every write to it waits in the kernel, in whatever
// thread makes it, and not even SIGKILL ends that. The other volume, the heartbeats and the clients have to go on. Needs root
// and a loop device.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Hdfs } from '../../src/client/index.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { PlainCluster } from './plain-cluster.ts';
import { bundle, sleep } from './processes.ts';
import { RealDisk } from './real-disks.ts';

/** Sparse; a DataNode passes over a volume with less than 1 GiB to spare. */
const IMAGE_MIB = 4096;
const BLOCK_BYTES = 1024 * 1024;
const STEP_MS = 500;

export interface FrozenDiskOptions {
  readonly directory: string;
  readonly hangMs: number;
  readonly log: (line: string) => void;
}

export interface FrozenDiskResult {
  /** The longest silence of the DataNode with the frozen disk that the NameNode saw, in seconds. */
  readonly longestSilence: number;
  /** Reads of a block on its other disk during the hang, and the longest. */
  readonly reads: number;
  readonly longestReadMs: number;
  /** Files that were begun and closed during the hang, those that failed, and the slowest of those begun once the hang was known. */
  readonly written: number;
  readonly failed: readonly string[];
  readonly longestLateWriteMs: number;
  readonly longestWriteMs: number;
  /** Files read back, byte for byte, after the hang. */
  readonly checked: number;
}

const contentOf = (i: number): Buffer => Buffer.alloc(BLOCK_BYTES - i, (i * 7) & 0xff);

export class FrozenDiskRun {
  private readonly options: FrozenDiskOptions;

  constructor(options: FrozenDiskOptions) {
    this.options = options;
  }

  async run(): Promise<FrozenDiskResult> {
    const { directory } = this.options;
    const program = await bundle();
    let disk: RealDisk | undefined;
    let cluster: PlainCluster | undefined;
    try {
      disk = new RealDisk(join(directory, 'mount'), 'ext4', IMAGE_MIB);
      cluster = await PlainCluster.make({
        host: nodeHost({ logLevel: 'error' }),
        program,
        directory,
        nameDirectories: [join(directory, 'name')],
        dataDirectories: [[join(disk.path, 'data'), join(directory, 'free')], [join(directory, 'other')]],
        keys: [['dfs.blocksize', String(BLOCK_BYTES)]],
      });
      await cluster.start();
      return await this.story(cluster, disk);
    } finally {
      // Thawed first: a process that waits in the kernel cannot be ended.
      disk?.thaw();
      await cluster?.end();
      disk?.remove();
      rmSync(program, { force: true });
    }
  }

  private async story(cluster: PlainCluster, disk: RealDisk): Promise<FrozenDiskResult> {
    const { hangMs, log } = this.options;
    const fs = await cluster.connect({ 'dfs.blocksize': String(BLOCK_BYTES), 'dfs.client.socket-timeout': '5000' });
    try {
      // By turns on both disks, and on the other node: which of them are on the free disk is told by their lengths.
      const before = Array.from({ length: 12 }, (_, i) => i);
      for (const i of before) await fs.writeFile(`/before-${i}`, contentOf(i), { replication: 1 });
      const below = (path: string): number[] => {
        const sizes = execFileSync('find', [path, '-name', 'blk_*', '-printf', '%s\n'], { encoding: 'utf8' });
        return before.filter((i) => sizes.split('\n').includes(String(contentOf(i).length)));
      };
      const onFree = below(join(this.options.directory, 'free'));
      if (onFree.length === 0 || below(disk.path).length === 0) throw new Error('one of the two disks got no block');
      disk.freeze();
      log(`frozen; ${onFree.length} blocks are on the free disk of the same node`);
      const during = await this.during(cluster, fs, onFree, hangMs);
      disk.thaw();
      log('thawed');
      const written = await during.writes;
      for (const i of before) await expectContent(fs, `/before-${i}`, contentOf(i));
      for (const i of written.closed) await expectContent(fs, `/during-${i}`, contentOf(i));
      return {
        longestSilence: during.longestSilence,
        reads: during.reads,
        longestReadMs: during.longestReadMs,
        written: written.closed.length,
        failed: written.failed,
        longestLateWriteMs: written.longestLateMs,
        longestWriteMs: written.longestMs,
        checked: before.length + written.closed.length,
      };
    } finally {
      await fs.close();
    }
  }

  private async during(cluster: PlainCluster, fs: Hdfs, onFree: readonly number[], hangMs: number) {
    const began = performance.now();
    const closed: number[] = [];
    const failed: string[] = [];
    const writes: Promise<void>[] = [];
    let longestSilence = 0;
    let longestReadMs = 0;
    let longestLateMs = 0;
    let longestMs = 0;
    let reads = 0;
    for (let step = 0; performance.now() - began < hangMs; step++) {
      const start = performance.now();
      const late = start - began > hangMs / 2;
      writes.push(
        fs.writeFile(`/during-${step}`, contentOf(step), { replication: 2 }).then(
          () => {
            closed.push(step);
            longestMs = Math.max(longestMs, performance.now() - start);
            if (late) longestLateMs = Math.max(longestLateMs, performance.now() - start);
          },
          (error: unknown) => void failed.push(`/during-${step}: ${error instanceof Error ? error.message : String(error)}`),
        ),
      );
      const i = onFree[step % onFree.length] as number;
      // A node that stands still altogether is not waited for longer than the hang.
      const read = expectContent(fs, `/before-${i}`, contentOf(i)).then(() => 'read' as const);
      read.catch(() => undefined);
      const left = Math.max(1, hangMs - (start - began));
      if ((await Promise.race([read, sleep(left)])) === 'read') reads++;
      longestReadMs = Math.max(longestReadMs, performance.now() - start);
      longestSilence = Math.max(longestSilence, await silence(cluster));
      await sleep(STEP_MS);
    }
    return {
      longestSilence,
      longestReadMs,
      reads,
      writes: Promise.all(writes).then(() => ({ closed, failed, longestLateMs, longestMs })),
    };
  }
}

/** Seconds since the NameNode last heard of the DataNode with the frozen disk, the first. */
async function silence(cluster: PlainCluster): Promise<number> {
  const url = `http://127.0.0.1:${cluster.httpPort}/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo`;
  const answer = (await (await fetch(url)).json()) as { readonly beans: readonly { readonly LiveNodes: string }[] };
  const nodes = JSON.parse(answer.beans[0]?.LiveNodes ?? '{}') as Record<
    string,
    { readonly xferaddr: string; readonly lastContact: number }
  >;
  const node = Object.values(nodes).find(({ xferaddr }) => xferaddr.endsWith(`:${cluster.transferPorts[0]}`));
  return node?.lastContact ?? Number.POSITIVE_INFINITY;
}

async function expectContent(fs: Hdfs, path: string, content: Buffer): Promise<void> {
  const read = await fs.readFile(path);
  if (!read.equals(content)) throw new Error(`${path} is not what was written`);
}
