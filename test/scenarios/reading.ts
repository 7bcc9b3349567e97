// Readers beside the writers of a workload: they read closed files of the ledgers, whatever fails meanwhile. An error is nothing
// to wonder at then; a byte that was not written is.
import type { SeededRandom } from '../../src/base/random.ts';
import type { Hdfs } from '../../src/client/index.ts';
import { contentOf, type WriterLedger } from './ledger.ts';
import { sleep } from './processes.ts';

const READERS = 2;
const PAUSE_MS = 20;

export class Readers {
  private readonly fs: Hdfs;
  private readonly writers: readonly WriterLedger[];
  private readonly random: SeededRandom;
  reads = 0;
  readonly wrong: string[] = [];

  constructor(fs: Hdfs, writers: readonly WriterLedger[], random: SeededRandom) {
    this.fs = fs;
    this.writers = writers;
    this.random = random;
  }

  async run(stopping: () => boolean): Promise<void> {
    const one = async (): Promise<void> => {
      while (!stopping()) {
        await this.read();
        await sleep(PAUSE_MS);
      }
    };
    await Promise.all(Array.from({ length: READERS }, one));
  }

  private async read(): Promise<void> {
    const writer = this.writers[this.random.below(this.writers.length)];
    const files = [...(writer?.tree ?? [])].filter(([, entry]) => entry.kind === 'file');
    const [path, entry] = files[this.random.below(Math.max(1, files.length))] ?? [];
    if (writer === undefined || path === undefined || entry?.kind !== 'file') return;
    let bytes: Buffer;
    try {
      bytes = await this.fs.readFile(path);
    } catch {
      // The file may be gone, or nobody who has it answers; once all is healed, checker.ts reads it again.
      return;
    }
    // A name may stand for another file meanwhile.
    if (writer.tree.get(path) !== entry || writer.pending !== undefined) return;
    this.reads++;
    if (!bytes.equals(contentOf(entry.tag, entry.length)))
      this.wrong.push(`${path} was read with other bytes than were written`);
  }
}
