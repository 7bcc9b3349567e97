// If this failed, a DataNode would take more memory than it may, or push those replicas out of it that are read most.
import { describe, expect, it } from 'vitest';
import { blockId } from '../../base/ids.ts';
import { LockedMemory } from './locked-memory.ts';
import { RamDiskTracker } from './ram-disk-tracker.ts';

const replica = (key: string, bytes: number) => ({ key, pool: 'BP-1', id: blockId(1n), bytes, createdMs: 0 });

describe('the memory for replicas', () => {
  it('is counted in pages, and never given twice', () => {
    const memory = new LockedMemory(3 * 4096);
    expect(memory.reserve(1)).toBe(4096);
    expect(memory.reserve(4097)).toBe(8192);
    expect(memory.reserve(1)).toBeUndefined();
    expect(memory.free).toBe(0);
    memory.release(4096);
    expect(memory.reserve(4096)).toBe(4096);
  });

  it('takes nothing where none is configured', () => {
    expect(new LockedMemory(0).reserve(1)).toBeUndefined();
    expect(new LockedMemory(0).reserve(0)).toBe(0);
  });
});

describe('replicas in memory', () => {
  const tracker = () => {
    const made = new RamDiskTracker<string>();
    for (const key of ['a', 'b', 'c']) made.add(replica(key, 10));
    return made;
  };
  const save = (of: RamDiskTracker<string>): string | undefined => {
    const next = of.takeWaiting();
    return next !== undefined && of.recordSaved(next, `disk/${next.key}`) ? next.key : undefined;
  };

  it('are saved in the order in which they came, those that fail after all others', () => {
    const of = tracker();
    const first = of.takeWaiting();
    expect(first?.key).toBe('a');
    if (first !== undefined) of.waitAgain(first);
    expect([save(of), save(of), save(of), save(of)]).toEqual(['b', 'c', 'a', undefined]);
    expect(of.waiting).toBe(0);
  });

  it('leave when they are saved, the least recently read first', () => {
    const of = tracker();
    expect(of.takeLeastRecentlyUsed()).toBeUndefined();
    save(of);
    save(of);
    of.touch('a');
    expect(of.get('a')?.reads).toBe(1);
    expect(of.takeLeastRecentlyUsed()?.key).toBe('b');
    save(of);
    expect([of.takeLeastRecentlyUsed()?.key, of.takeLeastRecentlyUsed()?.key]).toEqual(['a', 'c']);
    expect(of.takeLeastRecentlyUsed()).toBeUndefined();
  });

  it('that were deleted, or changed, while they were saved have no copy', () => {
    const of = tracker();
    const first = of.takeWaiting();
    of.forget('a');
    of.add(replica('a', 11));
    expect(first !== undefined && of.recordSaved(first, 'disk/a')).toBe(false);
    of.forget('b');
    expect([save(of), save(of), save(of)]).toEqual(['c', 'a', undefined]);
    expect(of.forget('c')?.saved).toBe('disk/c');
    expect(of.takeLeastRecentlyUsed()?.bytes).toBe(11);
  });
});
