// If this failed, a client's files would be taken from it while it lives, a repeated call would be carried out twice, or
// reads would wait for other people's fsync.
import { describe, expect, it } from 'vitest';
import { inodeId } from '../../base/ids.ts';
import { Leases } from './leases.ts';
import { RetryCache, retryCacheCapacity } from './retry-cache.ts';
import { rpcIds } from './testing.ts';
import { Touched } from './touched.ts';

describe('leases', () => {
  it('expire in the order of the last renewal', () => {
    const leases = new Leases({ softLimitMs: 10, hardLimitMs: 100 });
    leases.add('a', inodeId(1), 0);
    leases.add('b', inodeId(2), 1);
    leases.add('a', inodeId(3), 5);
    expect(leases.expired(102, 9).map((l) => l.holder)).toEqual(['b']);
    leases.renew('b', 50);
    expect(leases.expired(106, 9).map((l) => l.holder)).toEqual(['a']);
    expect(leases.expired(1000, 1)).toHaveLength(1);
    const a = leases.ofHolder('a');
    expect(a?.files.size).toBe(2);
    expect(a && leases.softLimitExpired(a, 15)).toBe(false);
    expect(a && leases.softLimitExpired(a, 16)).toBe(true);
  });

  it('belong to one holder for each file', () => {
    const leases = new Leases({ softLimitMs: 10, hardLimitMs: 100 });
    leases.add('a', inodeId(1), 0);
    leases.add('b', inodeId(1), 0);
    expect(leases.ofHolder('a')).toBeUndefined();
    expect(leases.ofFile(inodeId(1))?.holder).toBe('b');
    leases.remove(inodeId(1));
    expect([leases.holderCount, leases.fileCount]).toEqual([0, 0]);
  });
});

describe('the retry cache', () => {
  it('forgets by time and by number, the oldest first', () => {
    const cache = new RetryCache<string>(100, 3);
    for (let i = 1; i <= 4; i++) cache.add(rpcIds(i), i, `answer ${i}`, i);
    expect(cache.find(rpcIds(1), 5)).toBeUndefined();
    expect(cache.find(rpcIds(2), 5)).toMatchObject({ txid: 2, payload: 'answer 2' });
    expect(cache.find(rpcIds(2), 102)).toBeUndefined();
    expect(cache.size).toBe(3);
    cache.add(rpcIds(9), 9, 'nine', 104);
    expect(cache.size).toBe(1);
  });

  it('forgets a few at a time after a quiet hour, and answers none of the others', () => {
    const cache = new RetryCache<number>(100, 1000);
    for (let i = 1; i <= 1000; i++) cache.add(rpcIds(i), i, i, 0);
    for (let i = 1001; cache.size > i - 1000; i++) {
      const before = cache.size;
      cache.add(rpcIds(i), i, i, 150);
      expect(before + 1 - cache.size).toBeLessThanOrEqual(16);
      expect(cache.find(rpcIds(1000), 150)).toBeUndefined();
    }
    expect(cache.find(rpcIds(1001), 150)?.payload).toBe(1001);
  });

  it('keeps the newer of two answers to one call', () => {
    const cache = new RetryCache<string>(100, 10);
    cache.add(rpcIds(1), 1, 'old', 0);
    cache.add(rpcIds(1), 2, 'new', 60);
    cache.add(rpcIds(2), 3, 'other', 120);
    expect(cache.find(rpcIds(1), 120)?.payload).toBe('new');
  });

  it('has room by the share of the heap, as Hadoop counts it', () => {
    const heap = 1 << 30;
    expect([0.03, 0.25, 1, 100].map((percent) => retryCacheCapacity(heap, percent))).toEqual([
      2 ** 15,
      2 ** 18,
      2 ** 20,
      2 ** 27,
    ]);
    expect([retryCacheCapacity(heap, 0), retryCacheCapacity(1000, 0.03)]).toEqual([16, 16]);
  });

  it('passes over calls without an identity', () => {
    const cache = new RetryCache<string>(100, 10);
    cache.add({ clientId: new Uint8Array(0), callId: 3 }, 1, 'x', 0);
    cache.add({ clientId: new Uint8Array(16), callId: -2 }, 1, 'x', 0);
    expect(cache.size).toBe(0);
  });

  it('holds a long stream of calls in bounded room', () => {
    const cache = new RetryCache<number>(1000, 500);
    for (let i = 0; i < 20_000; i++) cache.add(rpcIds(i), i, i, i);
    expect(cache.size).toBe(500);
    expect(cache.find(rpcIds(19_999), 20_000)?.payload).toBe(19_999);
  });
});

describe('what is not durable yet', () => {
  it('is remembered until it is', () => {
    const touched = new Touched();
    touched.add(5, 1);
    expect(touched.of(5)).toBe(0);
    touched.enabled = true;
    touched.add(5, 10);
    touched.add(6, 11);
    touched.add(5, 12);
    expect(touched.ofAll([4, 5, 6])).toBe(12);
    touched.forget(11);
    expect([touched.of(5), touched.of(6), touched.highest]).toEqual([12, 0, 12]);
    touched.forget(12);
    expect([touched.of(5), touched.highest]).toEqual([0, 0]);
  });
});
