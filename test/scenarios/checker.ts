// Holds a cluster that came back after a failure against the ledger: every name is as acknowledged, what was never answered
// happened wholly or not at all, and every byte is the one that was written. Files that were left open are closed first, as
// their writers' heirs would do, and must then show at least what was flushed or synced.
import type { Hdfs } from '../../src/client/index.ts';
import type { Clock, Host } from '../../src/host/host.ts';
import { RpcClient } from '../../src/rpc/client.ts';
import { ClientNamenodeProtocol, SafeModeActionProto } from '../../src/wire/messages/client-namenode.ts';
import { contentOf, type Entry, type Progress, type Tree } from './ledger.ts';
import { type Daemon, PATIENCE_MS } from './processes.ts';
import { describe, type Workload } from './workload.ts';

export interface CheckOptions {
  /** Which acknowledgement of an open file's bytes must have survived. */
  readonly openBytes: 'flushed' | 'synced';
  /** Longest wait for safe mode to end and for leases to be recovered. */
  readonly patienceMs: number;
  /** Which of the closed files are read; default all. */
  readonly reads?: ((entry: Entry) => boolean) | undefined;
}

export interface CheckResult {
  /** What is not as promised; empty when all is well. */
  readonly violations: readonly string[];
  readonly files: number;
  readonly bytesRead: number;
  /** Files that were open and had to be recovered. */
  readonly recovered: number;
}

type Found = { readonly kind: 'directory' } | { readonly kind: 'file'; readonly length: number };

const POLL_MS = 100;
const RECOVERY_POLL_MS = 1000;
/** How long a file is waited for of which no byte was promised. */
const NOTHING_PROMISED_MS = 5000;
const READS_AT_ONCE = 4;

/** Calls of ClientProtocol that the library has no method for. */
export class Admin {
  private readonly clock: Clock;
  private readonly client: RpcClient;

  constructor(host: Host, address: { readonly host: string; readonly port: number }, user: string) {
    this.clock = host.clock;
    this.client = new RpcClient(host, {
      address,
      user,
      protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
      connectTimeoutMs: 5000,
      timeoutMs: 10_000,
    });
  }

  /** Waits until the NameNode answers, is out of safe mode and knows so many live DataNodes. */
  async ready(datanodes: number, patienceMs: number): Promise<void> {
    const until = this.clock.monotonic() + patienceMs;
    for (;;) {
      let state: string;
      try {
        const { result } = await this.client.call(ClientNamenodeProtocol, 'setSafeMode', {
          action: SafeModeActionProto.SAFEMODE_GET,
        });
        const { di } = await this.client.call(ClientNamenodeProtocol, 'getDatanodeReport', { type: 2 });
        if (!result && di.length >= datanodes) return;
        state = `safe mode is ${result ? 'on' : 'off'}, ${di.length} DataNodes are live`;
      } catch (error) {
        state = describe(error);
      }
      if (this.clock.monotonic() > until) throw new Error(`the cluster is not ready after ${patienceMs} ms: ${state}`);
      await this.clock.sleep(POLL_MS);
    }
  }

  /** True when the file is closed now. */
  async recoverLease(path: string): Promise<boolean> {
    const { result } = await this.client.call(ClientNamenodeProtocol, 'recoverLease', { src: path, clientName: 'checker' });
    return result;
  }

  close(): void {
    this.client.close();
  }
}

/** Waits until each of the daemons says that it serves, and the NameNode that it knows so many DataNodes. */
export async function allServe(daemons: readonly Daemon[], ask: () => Admin, dataNodes: number): Promise<void> {
  await Promise.all(daemons.map((daemon) => daemon.serving()));
  const admin = ask();
  try {
    await admin.ready(dataNodes, PATIENCE_MS);
  } finally {
    admin.close();
  }
}

export async function check(
  workload: Pick<Workload, 'writers'>,
  fs: Hdfs,
  admin: Admin,
  clock: Clock,
  options: CheckOptions,
): Promise<CheckResult> {
  const violations: string[] = [];
  const { recovered, stillOpen } = await closeOpenFiles(workload, fs, admin, clock, options, violations);
  const found = await listing(fs);
  let files = 0;
  const reads: { readonly path: string; readonly entry: Entry; readonly length: number }[] = [];
  for (const writer of workload.writers) {
    const home = `/${writer.name}`;
    const own = new Map([...found].filter(([path]) => path === home || path.startsWith(`${home}/`)));
    const tried = writer.possible().map((tree) => ({ tree, differences: compare(tree, own, options) }));
    const fitting = tried.find(({ differences }) => differences.length === 0);
    if (fitting === undefined) {
      const doubt = writer.pending === undefined ? '' : ` (without an answer: ${writer.pending.what})`;
      const [fewest] = tried.sort((a, b) => a.differences.length - b.differences.length);
      for (const difference of fewest?.differences ?? []) violations.push(`${writer.name}${doubt}: ${difference}`);
    }
    const tree: Tree = new Map((fitting ?? tried[0])?.tree);
    for (const [path, entry] of tree) {
      const there = own.get(path);
      if (entry.kind === 'directory' || there?.kind !== 'file') continue;
      if (entry.kind === 'open' && stillOpen.has(path)) {
        // Flushes that this failure may have taken are promised no more.
        if (options.openBytes === 'synced') entry.progress.flushed = entry.progress.synced;
        continue;
      }
      files++;
      if (entry.kind === 'open' || options.reads === undefined || options.reads(entry))
        reads.push({ path, entry, length: there.length });
      // Closed by now: from here on it has to stay what it was found to be.
      if (entry.kind === 'open') tree.set(path, { kind: 'file', tag: entry.tag, length: there.length });
    }
    writer.settle(tree);
  }
  let bytesRead = 0;
  const queue = reads.values();
  await Promise.all(
    Array.from({ length: READS_AT_ONCE }, async () => {
      for (const { path, entry, length } of queue) {
        if (entry.kind === 'directory') continue;
        bytesRead += length;
        const wrong = await readFault(fs, path, entry.tag, length);
        if (wrong !== undefined) violations.push(wrong);
      }
    }),
  );
  return { violations, files, bytesRead, recovered };
}

/**
 * Closes what was left open. A file of which no byte was promised need not be closed soon: when nothing of its last block is
 * on any DataNode, the NameNode waits until those that stay away count as dead.
 */
async function closeOpenFiles(
  workload: Pick<Workload, 'writers'>,
  fs: Hdfs,
  admin: Admin,
  clock: Clock,
  options: CheckOptions,
  violations: string[],
): Promise<{ readonly recovered: number; readonly stillOpen: ReadonlySet<string> }> {
  const open = new Map<string, number>();
  for (const writer of workload.writers) {
    for (const tree of writer.possible()) {
      for (const [path, entry] of tree) if (entry.kind === 'open') open.set(path, leastBytes(entry.progress, options));
    }
  }
  const count = open.size;
  const began = clock.monotonic();
  const { patienceMs } = options;
  while (open.size > 0) {
    for (const path of open.keys()) {
      // One that may be there under another name, or not at all, need not be.
      if (!(await fs.exists(path)) || (await fs.stat(path)).isDirectory() || (await admin.recoverLease(path)))
        open.delete(path);
    }
    const waitedMs = clock.monotonic() - began;
    const isPromised = [...open.values()].some((bytes) => bytes > 0);
    if (open.size === 0 || (!isPromised && waitedMs > NOTHING_PROMISED_MS)) break;
    if (waitedMs > patienceMs) {
      for (const path of open.keys()) violations.push(`${path} was left open and could not be closed within ${patienceMs} ms`);
      break;
    }
    await clock.sleep(RECOVERY_POLL_MS);
  }
  return { recovered: count - open.size, stillOpen: new Set(open.keys()) };
}

function leastBytes(progress: Progress, { openBytes }: CheckOptions): number {
  return openBytes === 'synced' ? progress.synced : progress.flushed;
}

async function listing(fs: Hdfs): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  for await (const entry of fs.opendir('/', { recursive: true })) {
    found.set(entry.path, entry.isDirectory() ? { kind: 'directory' } : { kind: 'file', length: entry.stats.size });
  }
  return found;
}

function compare(tree: Tree, found: ReadonlyMap<string, Found>, options: CheckOptions): string[] {
  const differences: string[] = [];
  for (const [path, entry] of tree) {
    const there = found.get(path);
    if (there === undefined) differences.push(`${path} (${entry.kind}) is not there`);
    else if ((entry.kind === 'directory') !== (there.kind === 'directory')) differences.push(`${path} is a ${there.kind}`);
    else if (there.kind === 'file' && entry.kind === 'file' && there.length !== entry.length) {
      differences.push(`${path} has ${there.length} bytes, ${entry.length} were acknowledged`);
    } else if (there.kind === 'file' && entry.kind === 'open') {
      const least = leastBytes(entry.progress, options);
      if (there.length < least) differences.push(`${path} has ${there.length} bytes, ${least} were ${options.openBytes}`);
      if (there.length > entry.progress.written)
        differences.push(`${path} has ${there.length} bytes, only ${entry.progress.written} were written`);
    }
  }
  for (const path of found.keys()) if (!tree.has(path)) differences.push(`${path} is there and should not be`);
  return differences;
}

async function readFault(fs: Hdfs, path: string, tag: number, length: number): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await fs.readFile(path);
  } catch (error) {
    return `${path} cannot be read: ${describe(error)}`;
  }
  const wanted = contentOf(tag, length);
  if (bytes.equals(wanted)) return undefined;
  if (bytes.length !== wanted.length) return `${path} gave ${bytes.length} bytes instead of ${wanted.length}`;
  let at = 0;
  while (bytes[at] === wanted[at]) at++;
  return `${path} has wrong bytes from offset ${at} on, of ${length}`;
}
