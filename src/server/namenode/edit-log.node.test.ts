// If these fail, many clients that change something each wait for a sync of their own, clients that only read wait for a slow disk,
// or a disk that was slow once is waited for in other threads for good.
import { describe, expect, test } from 'vitest';
import type { DiskFile, Host, Log } from '../../host/host.ts';
import { EditLog } from './edit-log.ts';

const silent: Log = { log: () => undefined };

/** A log on a disk of which each call takes `diskMs`, turn by turn. */
class Bench {
  diskMs = 0.1;
  inPlace = 0;
  pooled = 0;
  readonly log: EditLog;
  private nowMs = 0;
  private deferred: (() => void)[] = [];

  constructor() {
    const file: Partial<DiskFile> = {
      writeSync: () => undefined,
      datasyncSync: () => {
        this.inPlace++;
        this.nowMs += this.diskMs;
      },
      write: () => Promise.resolve(),
      datasync: () => {
        this.pooled++;
        this.nowMs += this.diskMs;
        return Promise.resolve();
      },
      sync: () => Promise.resolve(),
    };
    const host = {
      clock: { monotonic: () => this.nowMs, defer: (fn: () => void) => void this.deferred.push(fn) },
      disk: { open: () => Promise.resolve(file), syncDirectory: () => Promise.resolve() },
      log: silent,
    } as unknown as Host;
    this.log = new EditLog(host, {
      directories: [{ path: '/edits', required: false }],
      minimumDirectories: 1,
      maxOpBytes: 1_000_000,
      onFatal: (error) => {
        throw error;
      },
      onSegmentStart: () => Promise.resolve(),
      onDurable: () => undefined,
      onDropped: () => undefined,
      usable: () => Promise.resolve(new Set()),
    });
  }

  /** Begins the log; nothing of it counts. */
  async open(): Promise<void> {
    const opened = this.log.open(0);
    while (!this.log.isDurable(1)) await this.turn();
    await opened;
    this.inPlace = 0;
    this.pooled = 0;
  }

  change(count: number): void {
    for (let i = 0; i < count; i++) this.log.append({ kind: 'SET_PERMISSIONS', path: '/f', mode: 0o644 });
  }

  /** What was left for the end of this turn, and what promises lead to. */
  async turn(): Promise<void> {
    for (const fn of this.deferred.splice(0)) fn();
    await new Promise((resolve) => setImmediate(resolve));
  }

  get isDurable(): boolean {
    return this.log.isDurable(this.log.lastTxid);
  }

  /** So many changes, to their end. */
  async sync(count: number): Promise<void> {
    this.change(count);
    for (let turns = 0; !this.isDurable; turns++) {
      expect(turns).toBeLessThan(10);
      await this.turn();
    }
  }
}

async function bench(): Promise<Bench> {
  const made = new Bench();
  await made.open();
  return made;
}

test('changes that come in turns one after the other share a sync', async () => {
  const b = await bench();
  for (const count of [30, 20, 20]) {
    b.change(count);
    await b.turn();
    expect(b.isDurable).toBe(false);
  }
  await b.turn();
  expect(b.isDurable).toBe(true);
  expect(b.inPlace).toBe(1);
});

test('a few changes wait for nobody, and many for no more than a turn', async () => {
  const b = await bench();
  b.change(3);
  await b.turn();
  expect(b.isDurable).toBe(true);
  b.change(128);
  await b.turn();
  expect(b.isDurable).toBe(true);
  // However they come, it has an end.
  let turns = 0;
  for (b.change(4); !b.isDurable; turns++) {
    await b.turn();
    if (!b.isDurable) b.change(40);
  }
  expect(turns).toBe(5);
  expect(b.inPlace).toBe(3);
});

test('where others read, changes are written at the end of their turn', async () => {
  const b = await bench();
  b.change(30);
  b.log.reads++;
  await b.turn();
  expect(b.isDurable).toBe(true);
});

test('a slow disk is waited for in place while all wait for it, and in the pool while others read', async () => {
  const b = await bench();
  b.diskMs = 2;
  await b.sync(10);
  await b.sync(10);
  expect([b.inPlace, b.pooled]).toEqual([2, 0]);
  b.log.reads++;
  await b.sync(10);
  expect([b.inPlace, b.pooled]).toEqual([2, 1]);
  // With so many, or while more come with each look, there is enough to do meanwhile.
  await b.sync(200);
  expect([b.inPlace, b.pooled]).toEqual([2, 2]);
  for (let look = 0; look < 4; look++) {
    b.change(40);
    await b.turn();
  }
  expect([b.inPlace, b.pooled]).toEqual([2, 3]);
  b.diskMs = 30;
  await b.sync(10);
  await b.sync(10);
  expect([b.inPlace, b.pooled]).toEqual([3, 4]);
});

test('a disk that was slow is tried again, unless it is very slow', async () => {
  const b = await bench();
  b.diskMs = 30;
  await b.sync(10);
  for (let i = 0; i < 40; i++) await b.sync(10);
  expect([b.inPlace, b.pooled]).toEqual([1, 40]);
  b.diskMs = 10;
  await b.sync(10);
  expect([b.inPlace, b.pooled]).toEqual([1, 41]);
  b.diskMs = 0.1;
  await b.sync(10);
  await b.sync(10);
  expect([b.inPlace, b.pooled]).toEqual([3, 41]);
});

describe('a full disk among others', () => {
  /** A log in /one and /two, of which those named have no room to grow. */
  async function logIn(full: ReadonlySet<string>, minimumDirectories: number): Promise<{ log: EditLog; dropped: string[] }> {
    const dropped: string[] = [];
    const open = (path: string): Promise<Partial<DiskFile>> =>
      Promise.resolve({
        writeSync: () => undefined,
        datasyncSync: () => undefined,
        write: (bytes: Uint8Array) =>
          bytes.length >= 1024 * 1024 && full.has(path.slice(0, 4))
            ? Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))
            : Promise.resolve(),
        datasync: () => Promise.resolve(),
        sync: () => Promise.resolve(),
      });
    const host = {
      clock: { monotonic: () => 0, defer: (fn: () => void) => setImmediate(fn) },
      disk: { open, syncDirectory: () => Promise.resolve() },
      log: silent,
    } as unknown as Host;
    const log = new EditLog(host, {
      directories: ['/one', '/two'].map((path) => ({ path, required: false })),
      minimumDirectories,
      maxOpBytes: 1_000_000,
      onFatal: (error) => {
        throw error;
      },
      onSegmentStart: () => Promise.resolve(),
      onDurable: () => undefined,
      onDropped: (path) => void dropped.push(path),
      usable: () => Promise.resolve(new Set()),
    });
    await log.open(0);
    return { log, dropped };
  }

  const fill = async (log: EditLog, bytes: number): Promise<void> => {
    for (let i = 0; i < bytes / 100_000; i++) {
      log.append({ kind: 'SET_OWNER', path: `/${'f'.repeat(60_000)}`, user: 'u'.repeat(40_000), group: undefined });
      await log.sync();
    }
  };

  test('is left out when there is no room for more, as long as enough others have room', async () => {
    const full = new Set<string>();
    const { log, dropped } = await logIn(full, 1);
    full.add('/two');
    // Behind the first growth that fails, and beyond what has room there.
    await fill(log, 800_000);
    expect(log.lowSpace).toBeUndefined();
    expect(dropped).toEqual([]);
    await fill(log, 2_000_000);
    expect(log.lowSpace).toBeUndefined();
    expect(dropped).toEqual(['/two']);
  });

  test('is a reason to refuse changes where it is needed', async () => {
    const full = new Set<string>();
    const { log, dropped } = await logIn(full, 2);
    full.add('/two');
    await fill(log, 800_000);
    expect(log.lowSpace).toMatch(/^No room left for the edit log in \/two/);
    expect(dropped).toEqual([]);
    full.clear();
    await log.retryGrowth();
    expect(log.lowSpace).toBeUndefined();
  });

  test('is one when it is every one', async () => {
    const full = new Set<string>();
    const { log } = await logIn(full, 1);
    full.add('/one').add('/two');
    await fill(log, 800_000);
    expect(log.lowSpace).toMatch(/^No room left for the edit log in \/one/);
  });
});
