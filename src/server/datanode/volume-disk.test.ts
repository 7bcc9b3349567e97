// If this fails, readers wait for threads that they do not need, or the DataNode's one thread waits for a disk.
import { expect, test } from 'vitest';
import type { CachedFile, Disk, Host } from '../../host/host.ts';
import { Simulation } from '../../host/sim/index.ts';
import { VolumeDisk, type VolumeFile } from './volume-disk.ts';
import { VolumeIo } from './volume-io.ts';

const BYTES = Buffer.from('0123456789');

/** A disk that tells how its files were opened, read and closed; `inMemory` says whether the machine has them there. */
async function volume(host: Host, inMemory: { is: boolean }, bytes = BYTES) {
  const { disk } = host;
  for (const path of ['/trial', '/block', '/other']) await disk.writeFileAtomic(path, bytes);
  const calls: string[] = [];
  let trials = 0;
  const cachedOf = async (path: string): Promise<CachedFile> => {
    const file = await disk.open(path, 'r');
    return Object.assign(Object.create(file) as CachedFile, {
      readNow(buffer: Uint8Array, offset: number, length: number, position: number): number | undefined {
        if (!inMemory.is) return undefined;
        calls.push(`readNow ${length}`);
        return file.readSync(buffer, offset, length, position);
      },
      closeNow(): void {
        calls.push('closeNow');
        file.closeSync();
      },
      read(...args: Parameters<CachedFile['read']>): Promise<number> {
        calls.push('read');
        return file.read(...args);
      },
      close(): Promise<void> {
        calls.push('close');
        return file.close();
      },
    });
  };
  const ready = [await cachedOf('/block'), await cachedOf('/block')];
  const machine: Disk = {
    ...disk,
    open: (...args) => {
      calls.push('open');
      return disk.open(...args);
    },
    cachedReads: async (file) => {
      expect(file).toBe('/trial');
      trials++;
      return { open: () => (inMemory.is ? ready.pop() : undefined) };
    },
  };
  const io = new VolumeIo(host.clock, '/');
  const volumeDisk = new VolumeDisk(io, machine, '/trial');
  const first = await volumeDisk.openFinal('/other');
  await first.close();
  await host.clock.sleep(1);
  expect([calls.splice(0), trials]).toEqual([['open'], 1]);
  return { io, disk: volumeDisk, calls, trials: () => trials };
}

/** Plays it on a machine's disk. */
const onMachine = (story: (host: Host) => Promise<void>) => (): Promise<void> => {
  const simulation = new Simulation({ seed: 1 });
  return simulation.run(story(simulation.node('dn').host));
};

async function readsBytes(file: VolumeFile): Promise<void> {
  const into = Buffer.alloc(BYTES.length);
  expect(await file.read(into, 0, into.length, 0)).toBe(into.length);
  expect(into.equals(BYTES)).toBe(true);
}

test(
  'a file in memory is opened, read and closed without a thread',
  onMachine(async (host) => {
    const { io, disk, calls, trials } = await volume(host, { is: true });
    const file = await disk.openFinal('/block');
    expect(io.queuedCalls).toBe(0);
    await readsBytes(file);
    await file.close();
    expect(calls).toEqual(['readNow 10', 'closeNow']);
    expect(trials()).toBe(1);
  }),
);

test(
  'a file that leaves the memory, or was never there, is read by a thread',
  onMachine(async (host) => {
    const inMemory = { is: true };
    const { disk, calls } = await volume(host, inMemory);
    const file = await disk.openFinal('/block');
    inMemory.is = false;
    await readsBytes(file);
    await file.close();
    await readsBytes(await disk.openFinal('/block'));
    expect(calls).toEqual(['read', 'closeNow', 'open']);
  }),
);

test.each(['unlink', 'rename', 'removeTree', 'truncate'] as const)(
  'a file that may have lost its name or its bytes meanwhile (%s) is closed by a thread',
  (how) =>
    onMachine(async (host) => {
      const { disk, calls } = await volume(host, { is: true });
      const other = await disk.open('/other', 'r+');
      const file = await disk.openFinal('/block');
      if (how === 'truncate') await other.truncate(0);
      else if (how === 'rename') await disk.rename('/block', '/new');
      else await disk[how]('/block');
      await readsBytes(file);
      await file.close();
      expect(calls).toEqual(['open', 'readNow 10', 'close']);
    })(),
);

test(
  'who reads on and on from memory lets others have their turn',
  onMachine(async (host) => {
    const into = Buffer.alloc(512 * 1024);
    const { disk, calls } = await volume(host, { is: true }, into);
    const file = await disk.openFinal('/block');
    const names = (): string[] => calls.splice(0).map((call) => call.split(' ')[0] as string);
    for (let i = 0; i < 18; i++) await file.read(into, 0, into.length / 4, 0);
    expect(names()).toEqual([...Array(8).fill('readNow'), 'read', ...Array(8).fill('readNow'), 'read']);
    // Much at a time is another thread's, unless it is wanted now.
    for (let i = 0; i < 2; i++) await file.read(into, 0, into.length, 0);
    expect(names()).toEqual(['read', 'read']);
    const now = (): number | undefined => file.readNow(into, 0, into.length, 0);
    expect([now(), now(), now()]).toEqual([into.length, into.length, undefined]);
    file.beginTurn();
    expect(now()).toBe(into.length);
  }),
);
