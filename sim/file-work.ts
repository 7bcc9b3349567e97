// What clients of a run do to the bytes of files: write, append, cut, put together, read. Each notes what it does in the
// ghost of its file, and compares what it is given with it.
import type { SeededRandom } from '../src/base/random.ts';
import type { Hdfs } from '../src/client/index.ts';
import type { Clock } from '../src/host/host.ts';
import type { SimCluster } from './cluster.ts';
import { keyOf } from './content.ts';
import type { GhostFile } from './ghost-file.ts';
import { GhostWriter, type Scene } from './ghost-writer.ts';
import { codeOf, type Ledger } from './ledger.ts';

export const MAX_REPLICATION = 3;
const BLOCK_SIZES = [4_096, 8_192, 16_384];
const MAX_FILE_BYTES = 60_000;
const MAX_APPENDED_BYTES = 20_000;
const MAX_CONCAT_SOURCES = 3;
/** Fewer bytes bear no name of the file that they are of. */
const NAMED_BYTES = 16;

export class FileWork implements Scene {
  readonly cluster: SimCluster;
  readonly ledger: Ledger;
  readonly actor: string;
  private readonly random: SeededRandom;
  private readonly clock: Clock;
  private readonly minReplication: number;
  private readonly allSyncs: boolean;

  constructor(
    cluster: SimCluster,
    ledger: Ledger,
    actor: string,
    random: SeededRandom,
    clock: Clock,
    { minReplication, allSyncs = false }: { readonly minReplication: number; readonly allSyncs?: boolean | undefined },
  ) {
    this.cluster = cluster;
    this.ledger = ledger;
    this.actor = actor;
    this.random = random;
    this.clock = clock;
    this.minReplication = minReplication;
    this.allSyncs = allSyncs;
  }

  private get nowMs(): number {
    return this.cluster.simulation.nowMs;
  }

  async write(fs: Hdfs, directory: string): Promise<void> {
    const { ledger, random, minReplication } = this;
    const path = `${directory}/${ledger.freshName('f')}`;
    const blockSize = BLOCK_SIZES[random.below(BLOCK_SIZES.length)] as number;
    const key = ledger.freshKey(random);
    const replication = minReplication + random.below(MAX_REPLICATION - minReplication + 1);
    const writer = await GhostWriter.create(this, fs, path, { key, blockSize, replication });
    await this.fill(writer, this.length(blockSize));
  }

  async append(fs: Hdfs, path: string): Promise<void> {
    const { ledger, random } = this;
    const key = ledger.freshKey(random);
    const writer = await GhostWriter.append(this, fs, path, { key, newBlock: random.below(4) === 0 });
    if (writer !== undefined) await this.fill(writer, 1 + random.below(MAX_APPENDED_BYTES));
  }

  async truncate(fs: Hdfs, path: string): Promise<void> {
    const { random, actor } = this;
    const { size } = await fs.stat(path);
    if (size === 0) return;
    // Now and then at the border of a block.
    const within = random.below(size);
    const length = random.below(4) === 0 ? within - (within % 4_096) : within;
    const wait = random.below(2) === 0;
    await this.ledger.call(actor, 'truncate', path, String(length), () => fs.truncate(path, length, { wait }));
  }

  async concat(fs: Hdfs): Promise<void> {
    const { ledger, random } = this;
    const files = ledger.paths('file');
    const target = files[random.below(Math.max(1, files.length))];
    if (target === undefined) return;
    const parent = target.slice(0, target.lastIndexOf('/'));
    const beside = files.filter((path) => path !== target && path.slice(0, path.lastIndexOf('/')) === parent);
    const sources: string[] = [];
    for (let left = 1 + random.below(MAX_CONCAT_SOURCES); left > 0 && beside.length > 0; left--)
      sources.push(...beside.splice(random.below(beside.length), 1));
    if (sources.length === 0) return;
    await ledger.call(this.actor, 'concat', target, sources.join(' '), () => fs.concat(target, sources));
    for (const source of sources) ledger.forget(source);
  }

  /** Writes behind what is there, flushes now and then, and mostly closes. */
  private async fill(writer: GhostWriter, length: number): Promise<void> {
    const { random } = this;
    const flushEvery = random.below(4);
    const end = writer.at + length;
    while (writer.at < end) {
      await writer.write(Math.min(end - writer.at, 1 + random.below(6_000)));
      if (flushEvery > 0 && random.below(flushEvery + 1) === 0) await this.flush(writer);
      if (random.below(8) === 0) await this.clock.sleep(random.below(400));
    }
    // Some writers walk away: their leases run out.
    if (random.below(12) > 0) await writer.close();
  }

  /** Some syncs tell the NameNode the length, or end the block. */
  private flush(writer: GhostWriter): Promise<void> {
    const { random } = this;
    if (random.below(2) > 0) return writer.flush('flush');
    if (!this.allSyncs) return writer.flush('sync');
    return writer.flush('sync', { updateLength: random.below(4) === 0, endBlock: random.below(8) === 0 });
  }

  /** None, a border of a block, or anything. */
  private length(blockSize: number): number {
    const chance = this.random.below(10);
    if (chance === 0) return 0;
    if (chance === 1) return blockSize * (1 + this.random.below(3));
    if (chance < 6) return 1 + this.random.below(5_000);
    return 1 + this.random.below(MAX_FILE_BYTES);
  }

  /** BK6: what a reader gets is what was written. BK4, BK5: what was flushed or seen before is there. */
  async read(fs: Hdfs): Promise<void> {
    const { ledger, cluster, random } = this;
    const files = ledger.paths('file');
    const path = files[random.below(Math.max(1, files.length))];
    if (path === undefined) return;
    const believed = ledger.files.get(ledger.keys.get(path) ?? -1);
    const losses = cluster.dataPowerLosses;
    const sinceMs = this.nowMs;
    const since = ledger.now();
    const promised = believed?.owed ?? 0;
    const offset = random.below(2) === 0 ? 0 : random.below(Math.max(1, promised));
    const length = random.below(2) === 0 ? MAX_FILE_BYTES * 2 : 1 + random.below(20_000);
    let bytes: Buffer;
    try {
      bytes = await this.readBy(ledger.reads % 2 === 0 ? 'handle' : 'stream', fs, path, offset, length);
    } catch (error) {
      ledger.failed('read', codeOf(error));
      throw error;
    }
    ledger.reads++;
    ledger.bytesRead += bytes.length;
    const end = offset + bytes.length;
    // A power loss on the way may have taken what was only flushed; so may a cut that has not been noticed.
    const owed = Math.min(promised, believed?.owed ?? 0, offset + length);
    if (end < owed) ledger.refresh();
    const file = this.heldBy(bytes, offset, believed, sinceMs);
    if (file === undefined) return;
    const most = file.writtenSince(sinceMs);
    if (end > most) cluster.violations.add('BK5', `${path} has ${end} bytes, ${most} were written`);
    const isSame = file === believed && file.changedMs < sinceMs;
    // Few bytes may be of a file that took the place of this one while the reader waited for who has its last block.
    if (isSame && end < owed && (bytes.length >= NAMED_BYTES || !ledger.wasMovedTo(path, since))) {
      cluster.violations.add('BK5', `${path} (written as ${file.createPath}) shows ${end} bytes, ${owed} were promised`);
    }
    // What is about to be cut away may be seen once more.
    const isAsItWas = (): boolean => file.changedMs < sinceMs && file.cutTo === undefined;
    if (end > file.seen && isAsItWas()) {
      const seen = file.open ? (cluster.shownByAll?.(file, end) ?? end) : end;
      // A cut may have been noticed just now, when its holders were asked.
      if (seen > file.seen && isAsItWas()) {
        file.seen = seen;
        cluster.keepers?.promised(file, losses);
      }
    }
  }

  private async readBy(way: 'handle' | 'stream', fs: Hdfs, path: string, offset: number, length: number): Promise<Buffer> {
    if (way === 'handle') return fs.readFile(path, { offset, length });
    const pieces: Buffer[] = [];
    // Full after each piece, and emptied at once.
    const options = { start: offset, end: offset + length - 1, highWaterMark: 512 };
    for await (const piece of fs.createReadStream(path, options)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** The file that has, or had since, these bytes: the one that is meant, or any. Undefined: no file, which is told. */
  private heldBy(bytes: Buffer, offset: number, believed: GhostFile | undefined, sinceMs: number): GhostFile | undefined {
    const { ledger, cluster } = this;
    const start = bytes.subarray(0, NAMED_BYTES);
    const fits = (file: GhostFile): boolean =>
      file.firstWrongByte(offset, start, sinceMs) < 0 && file.firstWrongByte(offset, bytes, sinceMs) < 0;
    const find = (): GhostFile | undefined => {
      if (believed !== undefined && fits(believed)) return believed;
      const named = ledger.ofKey(keyOf(bytes, offset));
      if (named !== undefined && fits(named)) return named;
      return [...ledger.files.values()].find(fits);
    };
    let found = find();
    if (found === undefined) {
      ledger.refresh();
      found = find();
    }
    if (found !== undefined) return found;
    const named = ledger.ofKey(keyOf(bytes, offset));
    const what =
      named === undefined
        ? `${bytes.length} bytes at ${offset} that no file ever held`
        : `a wrong byte at ${named.firstWrongByte(offset, bytes, sinceMs)} of what was written as ${named.createPath}`;
    cluster.violations.add('BK6', `${this.actor} read ${what}`);
    return undefined;
  }
}
