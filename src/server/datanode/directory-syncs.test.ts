// If this fails, a closed block may vanish in a power cut: its directory was synced before its file had moved there.
import { expect, test } from 'vitest';
import type { Disk } from '../../host/host.ts';
import { afterMicrotasks } from '../../host/sim/turn.ts';
import { DirectorySyncs } from './directory-syncs.ts';

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function fakeDisk(): { disk: Disk; pending: Pending[] } {
  const pending: Pending[] = [];
  const syncDirectory = (): Promise<void> => new Promise((resolve, reject) => pending.push({ resolve, reject }));
  return { disk: { syncDirectory } as unknown as Disk, pending };
}

const turn = (): Promise<void> => new Promise(afterMicrotasks);

test('who asks during a sync gets one that began afterwards, and shares it', async () => {
  const { disk, pending } = fakeDisk();
  const syncs = new DirectorySyncs(disk);
  const done: string[] = [];
  const ask = (name: string): void => {
    void syncs.sync('/d').then(() => done.push(name));
  };
  ask('a');
  ask('b');
  ask('c');
  expect(pending.length).toBe(1);
  pending[0]?.resolve();
  await turn();
  expect(done).toEqual(['a']);
  expect(pending.length).toBe(2);
  ask('d');
  pending[1]?.resolve();
  await turn();
  expect(done).toEqual(['a', 'b', 'c']);
  expect(pending.length).toBe(3);
  pending[2]?.resolve();
  await turn();
  expect(done).toEqual(['a', 'b', 'c', 'd']);
  ask('e');
  expect(pending.length).toBe(4);
});

test('a failed sync fails those who wait behind it too', async () => {
  const { disk, pending } = fakeDisk();
  const syncs = new DirectorySyncs(disk);
  const results = Promise.allSettled([syncs.sync('/d'), syncs.sync('/d'), syncs.sync('/d')]);
  pending[0]?.reject(new Error('EIO'));
  expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(pending.length).toBe(1);
});
