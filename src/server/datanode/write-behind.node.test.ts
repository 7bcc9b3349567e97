// If this fails, the end of a synced block waits for all of its bytes to be put on the disk, or a file is closed under a call.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import type { Disk, DiskFile } from '../../host/host.ts';
import { nodeHost } from '../../host/node/index.ts';
import { ChecksumTypeProto } from '../../wire/messages/hdfs.ts';
import { DataChecksum } from './data-checksum.ts';
import { InFlightReplica } from './replica.ts';
import { ReplicaFiles } from './replica-files.ts';
import { sumsOf, testVolume } from './test-dataset.ts';

const MIB = 1024 * 1024;
const checksum = DataChecksum.of(ChecksumTypeProto.CHECKSUM_CRC32C, 512);
const host = nodeHost({ logLevel: 'silent' });
const content = Buffer.alloc(MIB, 'written behind');
const sums = sumsOf(content, checksum);

/** What a file was asked to hand over. */
interface Piece {
  readonly file: string;
  readonly position: number;
  readonly length: number;
}

interface Written {
  readonly files: ReplicaFiles;
  readonly replica: InFlightReplica;
}

let dir: string;
let asked: Piece[];
let closed: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tuskfs-behind-'));
  asked = [];
  closed = [];
});

afterEach(() => rmSync(dir, { recursive: true }));

/** The host's disk, where `answer` is what handing over comes to. */
function diskWith(answer: () => Promise<boolean>): Disk {
  const open: Disk['open'] = async (path, flags) => {
    const file: DiskFile = await host.disk.open(path, flags);
    const close = file.close.bind(file);
    return Object.assign(file, {
      beginWriteback: (position: number, length: number) => {
        asked.push({ file: path, position, length });
        return answer();
      },
      close: () => {
        closed.push(path);
        return close();
      },
    });
  };
  return { ...host.disk, open };
}

/** A system that takes whatever it is given. */
const takes = (): Promise<boolean> => Promise.resolve(true);

/** The open files of a new replica, and the lengths that belong to it. */
async function open(disk: Disk, writesBehind: boolean): Promise<Written> {
  const volume = testVolume({ disk, clock: host.clock }, dir);
  const name = { pool: 'BP-1', id: blockId(5n), genStamp: genStamp(1001), numBytes: 0 };
  const replica = new InFlightReplica(name, ReplicaState.RBW, volume, dir, 0);
  const files = await ReplicaFiles.create(replica, checksum);
  files.writesBehind = writesBehind;
  return { files, replica };
}

async function write({ files, replica }: Written, mib: number, from = 0): Promise<void> {
  for (let i = from; i < from + mib; i++) {
    replica.lengths.receive((i + 1) * MIB);
    files.add({ offset: i * MIB, data: content, sums });
    files.flush(() => undefined);
    await files.drained();
  }
}

const blockFile = (): string => join(dir, 'blk_5');

test('the data goes to the disk in pieces while it is written', async () => {
  const written = await open(diskWith(takes), true);
  await write(written, 20);
  await written.files.close(true);
  expect(asked.length).toBe(2);
  expect(new Set(asked.map(({ file }) => file))).toEqual(new Set([blockFile()]));
  let end = 0;
  for (const { position, length } of asked) {
    expect(position).toBe(end);
    end += length;
  }
  expect(end).toBeGreaterThanOrEqual(16 * MIB);
  expect(readFileSync(blockFile()).length).toBe(20 * MIB);
});

test('nothing is handed over where nobody waits for the disk at the end', async () => {
  const written = await open(diskWith(takes), false);
  await write(written, 20);
  await written.files.close(false);
  expect(asked).toEqual([]);
});

test('a system that does not do it is asked once, and a disk that refuses too', async () => {
  for (const answer of [() => Promise.resolve(false), () => Promise.reject(new Error('full'))]) {
    asked = [];
    const written = await open(diskWith(answer), true);
    await write(written, 20);
    await written.files.close(true);
    expect(asked.length).toBe(1);
    expect(readFileSync(blockFile()).length).toBe(20 * MIB);
    rmSync(blockFile());
    rmSync(join(dir, 'blk_5_1001.meta'));
  }
});

test('the files stay open until it has come back', async () => {
  let comesBack: (began: boolean) => void = () => undefined;
  const written = await open(
    diskWith(
      () =>
        new Promise((resolve) => {
          comesBack = resolve;
        }),
    ),
    true,
  );
  await write(written, 20);
  expect(asked.length).toBe(1);
  const closing = written.files.close(true);
  await host.clock.sleep(50);
  expect(closed).toEqual([]);
  comesBack(true);
  await closing;
  expect(closed).toContain(blockFile());
});

test('syncs that are waited for go first, and what was not handed over goes with the next piece', async () => {
  const written = await open(diskWith(takes), true);
  const ends: (() => void)[] = [];
  const syncs = Array.from({ length: 6 }, () =>
    written.replica.volume.io.sync(() => new Promise<void>((end) => ends.push(end))),
  );
  await write(written, 20);
  expect(asked).toEqual([]);
  for (const end of ends) end();
  await Promise.all(syncs);
  await write(written, 1, 20);
  await written.files.close(true);
  expect(asked).toEqual([{ file: blockFile(), position: 0, length: 21 * MIB }]);
});
