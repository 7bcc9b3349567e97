// If these fail, a flush takes a way to another thread for each file, or what went wrong with one that took a single way is
// taken for something else.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { DiskFailure } from '../../host/disk-error.ts';
import type { Disk, FileStep } from '../../host/host.ts';
import { Simulation } from '../../host/sim/index.ts';
import { InFlightReplica } from './replica.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, sumsOf, testVolume } from './test-dataset.ts';

/** What was asked for. */
interface Question {
  readonly steps: readonly string[];
  end(error?: Error): void;
}

const STEPS: Readonly<Record<string, string>> = { blk_5: 'data', 'blk_5_1001.meta': 'sums', tail_5: 'note' };
const wordOf = ({ file }: FileStep): string => `write ${STEPS[file.path.slice(file.path.lastIndexOf('/') + 1)]}`;

/** A replica whose disk takes every question for steps in turn, and answers when it is told to. */
async function replicaOn(simulation: Simulation) {
  const { disk, clock } = simulation.node('dn').host;
  await disk.mkdir('/data');
  const questions: Question[] = [];
  const machine: Disk = {
    ...disk,
    inTurn: (steps) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => (error === undefined ? resolve() : reject(error));
        questions.push({ steps: steps.map(wordOf), end });
      }),
  };
  const name = { pool: 'BP-1', id: blockId(5n), genStamp: genStamp(1001), numBytes: 0 };
  const replica = new InFlightReplica(name, ReplicaState.RBW, testVolume({ disk: machine, clock }, '/data'), '/data', 0);
  const files = await ReplicaFiles.create(replica, CHECKSUM);
  questions.shift()?.end();
  await files.drained();
  let end = 0;
  const flush = (bytes: number): void => {
    const offset = end - (end % CHECKSUM.bytesPerChecksum);
    end += bytes;
    const data = Buffer.alloc(end - offset, 7);
    replica.lengths.receive(end);
    files.add({ offset, data, sums: sumsOf(data) });
    files.flush(() => undefined);
  };
  /** Ends the oldest question. */
  const answer = async (error?: Error): Promise<Question> => {
    await simulation.advance(1);
    const question = questions.shift() as Question;
    question.end(error);
    await simulation.advance(1);
    return question;
  };
  return { files, replica, questions, flush, answer };
}

const onMachine = (story: (simulation: Simulation) => Promise<void>) => (): Promise<void> => story(new Simulation({ seed: 1 }));

test(
  'a flush is one question, the checksums behind the bytes, and what comes meanwhile the next',
  onMachine(async (simulation) => {
    const { replica, questions, flush, answer } = await simulation.run(replicaOn(simulation));
    flush(100);
    flush(100);
    flush(100);
    expect(questions).toHaveLength(1);
    expect((await answer()).steps).toEqual(['write data', 'write sums']);
    expect(replica.lengths.onDisk).toBe(100);
    expect((await answer()).steps).toEqual(['write data', 'write sums']);
    expect(replica.lengths.onDisk).toBe(300);
    flush(20_000);
    await simulation.advance(10);
    // So much is written from where it lies.
    expect(questions).toHaveLength(0);
    expect(replica.lengths.onDisk).toBe(20_300);
  }),
);

test(
  'a flush that fails makes the replica ragged',
  onMachine(async (simulation) => {
    const { files, replica, flush, answer } = await simulation.run(replicaOn(simulation));
    const failures: Error[] = [];
    files.onFailed = (error) => failures.push(error);
    flush(100);
    const full = new DiskFailure('ENOSPC', 'full');
    await answer(full);
    expect(failures).toEqual([full]);
    expect([replica.isRagged, replica.syncFailed, replica.lengths.onDisk]).toEqual([true, false, 0]);
  }),
);

test(
  'the note of an hsync goes the same way, and its file is not closed before',
  onMachine(async (simulation) => {
    const { files, questions, flush, answer } = await simulation.run(replicaOn(simulation));
    flush(100);
    await answer();
    const synced = files.sync();
    await simulation.advance(50);
    expect(questions.map(({ steps }) => steps)).toEqual([['write note']]);
    let isClosed = false;
    void files.close(false).then(() => {
      isClosed = true;
    });
    await simulation.advance(50);
    expect(isClosed).toBe(false);
    await answer();
    await simulation.run(synced);
    await simulation.advance(1);
    expect(isClosed).toBe(true);
  }),
);
