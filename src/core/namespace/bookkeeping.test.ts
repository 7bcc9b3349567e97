// If this failed, a client's files would be taken from it while it lives, a repeated call would be carried out twice, or
// reads would wait for other people's fsync.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inodeId } from '../../base/ids.ts';
import { type AnsweredOp, AnsweredOpPacking, type CreatedFile } from './answered-op.ts';
import { ClientNumbers } from './client-numbers.ts';
import { Leases } from './leases.ts';
import { type AnswerPacking, RetryCache, retryCacheCapacity } from './retry-cache.ts';
import { rpcIds } from './testing.ts';
import { Touched } from './touched.ts';

describe('leases', () => {
  it('expire in the order of the last renewal', () => {
    const leases = new Leases({ softLimitMs: 10, hardLimitMs: 100 });
    leases.add('a', inodeId(1), 0);
    leases.add('b', inodeId(2), 1);
    leases.add('a', inodeId(3), 5);
    expect([...leases.expired(102)].map((l) => l.holder)).toEqual(['b']);
    leases.renew('b', 50);
    expect([...leases.expired(106)].map((l) => l.holder)).toEqual(['a']);
    expect([...leases.expired(1000)]).toHaveLength(2);
    const a = leases.ofHolder('a');
    expect(a?.files.size).toBe(2);
    expect(a && leases.softLimitExpired(a, 15)).toBe(false);
    expect(a && leases.softLimitExpired(a, 16)).toBe(true);
  });

  it('expire all of them, also those behind thousands that cannot be closed, while others end', () => {
    const leases = new Leases({ softLimitMs: 10, hardLimitMs: 100 });
    for (let i = 0; i < 3000; i++) leases.add(`writer ${i}`, inodeId(i + 1), i / 10_000);
    const met: string[] = [];
    for (const { holder } of leases.expired(200)) {
      met.push(holder);
      // One ends, the others stay where they are; one is heard of.
      if (holder === 'writer 7') leases.remove(inodeId(8));
      if (holder === 'writer 9') leases.renew('writer 2000', 200);
    }
    expect(met.slice(0, 3)).toEqual(['writer 0', 'writer 1', 'writer 2']);
    expect(met.at(-1)).toBe('writer 2999');
    expect(met).toHaveLength(2999);
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

/** Keeps every answer as it is. */
const AS_IT_IS: AnswerPacking<never> = {
  words: 0,
  pack: () => false,
  unpack: () => {
    throw new Error('nothing was packed');
  },
};

/** Even numbers are put into a word, odd ones are not. */
const EVEN: AnswerPacking<number> = {
  words: 1,
  pack: (answer, page, at) => {
    page[at] = answer;
    return answer % 2 === 0;
  },
  unpack: (page, at) => page[at] as number,
};

const clientId = (client: number): Uint8Array => new Uint8Array(16).fill(client, 0, 1).fill(client >> 8, 9, 10);

describe('open files', () => {
  it('are gone through as those of a set, whatever is opened and closed meanwhile', () => {
    const change = fc.record({
      holder: fc.constantFrom('a', 'b', 'c'),
      file: fc.integer({ min: 1, max: 12 }),
      adds: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 60 }), (turns) => {
        const leases = new Leases({ softLimitMs: 10, hardLimitMs: 100 });
        leases.add('a', inodeId(99), 0);
        const all = new Map([[inodeId(99), 'a']]);
        const ofA = new Set([inodeId(99)]);
        const walks = [
          { walk: leases.files()[Symbol.iterator](), model: all.keys() as Iterator<number> },
          { walk: leases.ofHolder('a')?.files[Symbol.iterator](), model: ofA.values() as Iterator<number> },
        ];
        for (const changes of turns) {
          for (const { holder, file, adds } of changes) {
            const id = inodeId(file);
            all.delete(id);
            ofA.delete(id);
            if (adds) {
              leases.add(holder, id, 0);
              all.set(id, holder);
              if (holder === 'a') ofA.add(id);
            } else leases.remove(id);
            expect(leases.ofFile(id)?.holder).toBe(all.get(id));
          }
          for (const { walk, model } of walks) expect(walk?.next().value).toBe(model.next().value);
        }
        expect([...leases.files()]).toEqual([...all.keys()]);
        expect([leases.fileCount, leases.holderCount]).toEqual([all.size, new Set(all.values()).size]);
        for (const holder of ['a', 'b', 'c']) {
          const files = [...all].filter(([, each]) => each === holder).map(([id]) => id);
          expect([...(leases.ofHolder(holder)?.files ?? [])]).toEqual(files);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('the retry cache', () => {
  it('forgets by time and by number, the oldest first', () => {
    const cache = new RetryCache<string>(100, 3, AS_IT_IS);
    for (let i = 1; i <= 4; i++) cache.add(rpcIds(i), i, `answer ${i}`, i);
    expect(cache.find(rpcIds(1), 5)).toBeUndefined();
    expect(cache.find(rpcIds(2), 5)).toMatchObject({ txid: 2, payload: 'answer 2' });
    expect(cache.find(rpcIds(2), 102)).toBeUndefined();
    expect(cache.size).toBe(3);
    cache.add(rpcIds(9), 9, 'nine', 104);
    expect(cache.size).toBe(1);
  });

  it('forgets a few at a time after a quiet hour, and answers none of the others', () => {
    const cache = new RetryCache<number>(100, 1000, EVEN);
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
    const cache = new RetryCache<string>(100, 10, AS_IT_IS);
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
    const cache = new RetryCache<string>(100, 10, AS_IT_IS);
    cache.add({ clientId: new Uint8Array(0), callId: 3 }, 1, 'x', 0);
    cache.add({ clientId: new Uint8Array(16), callId: -2 }, 1, 'x', 0);
    expect(cache.size).toBe(0);
  });

  it('holds a long stream of calls in bounded room', () => {
    const cache = new RetryCache<number>(1000, 500, EVEN);
    for (let i = 0; i < 20_000; i++) cache.add(rpcIds(i), i, i, i);
    expect(cache.size).toBe(500);
    expect(cache.find(rpcIds(19_999), 20_000)?.payload).toBe(19_999);
  });

  it('remembers what a list of its last answers does, whoever asked', () => {
    const call = fc.record({ client: fc.nat(600), callId: fc.nat(5), answer: fc.nat(1000), passesMs: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
        const [lifetimeMs, capacity] = [100, 40];
        const cache = new RetryCache<number>(lifetimeMs, capacity, EVEN);
        const all: { client: number; callId: number; answer: number; addedMs: number; txid: number }[] = [];
        let nowMs = 0;
        for (const [txid, { client, callId, answer, passesMs }] of calls.entries()) {
          nowMs += passesMs;
          cache.add({ clientId: clientId(client), callId }, txid, answer, nowMs);
          all.push({ client, callId, answer, addedMs: nowMs, txid });
          for (const asked of all) {
            const newest = all
              .slice(-capacity)
              .findLast((each) => each.client === asked.client && each.callId === asked.callId);
            const found = cache.find({ clientId: clientId(asked.client), callId: asked.callId }, nowMs);
            if (newest === undefined || newest.addedMs + lifetimeMs <= nowMs) expect(found).toBeUndefined();
            else expect(found).toEqual({ txid: newest.txid, payload: newest.answer });
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('gives back from words what was put there', () => {
    const packing = new AnsweredOpPacking();
    const created = fc.record<CreatedFile>({
      kind: fc.constant('ADD' as const),
      inodeId: fc.maxSafeNat().map(inodeId),
      owner: fc.string(),
      group: fc.string(),
      mode: fc.nat(0xffff),
      mtime: fc.maxSafeInteger(),
      atime: fc.constantFrom(-1, 0, 1000, 2 ** 63),
      replication: fc.integer({ min: -0x8000, max: 0x7fff }),
      blockSize: fc.nat(2 ** 47),
      storagePolicyId: fc.nat(15),
      hasAcl: fc.boolean(),
    });
    const plain = fc.constantFrom('DELETE', 'RENAME_OLD', 'RENAME', 'SET_XATTR', 'REMOVE_XATTR');
    const kind = plain.map((name) => ({ kind: name }) as AnsweredOp);
    fc.assert(
      fc.property(fc.oneof(created, kind), fc.nat(3), (answer, at) => {
        const page = new Uint32Array(at + packing.words).fill(0xdeadbeef);
        expect(packing.pack(answer, page, at)).toBe(true);
        expect(packing.unpack(page, at)).toEqual(answer);
      }),
    );
    const rare: AnsweredOp = { kind: 'APPEND', inodeId: inodeId(5), newBlock: true };
    expect(packing.pack(rare, new Uint32Array(packing.words), 0)).toBe(false);
  });

  it('numbers clients, and gives the numbers of those that are gone to others', () => {
    const numbers = new ClientNumbers();
    const taken = [1, 257, 1, 2].map((client) => {
      const number = numbers.take(clientId(client));
      numbers.count(number);
      return number;
    });
    expect(taken).toEqual([0, 1, 0, 2]);
    numbers.forget(0);
    expect(numbers.find(clientId(1))).toBe(0);
    numbers.forget(0);
    expect([1, 257, 2].map((client) => numbers.find(clientId(client)))).toEqual([-1, 1, 2]);
    expect(numbers.take(clientId(7))).toBe(0);
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

  it('is what a map says, however much of it comes and goes', () => {
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 3000 }) }) },
      { weight: 1, arbitrary: fc.record({ behind: fc.nat(1500) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 500, maxLength: 3000 }), (steps) => {
        const touched = new Touched();
        touched.enabled = true;
        const model = new Map<number, number>();
        let [txid, durable] = [0, 0];
        for (const each of steps) {
          if ('add' in each) {
            touched.add(each.add, ++txid);
            model.set(each.add, txid);
          } else {
            durable = Math.max(durable, txid - each.behind);
            touched.forget(durable);
          }
        }
        const wrong: number[] = [];
        for (let inode = 0; inode <= 3000; inode++) {
          const last = model.get(inode) ?? 0;
          if (touched.of(inode) !== (last > durable ? last : 0)) wrong.push(inode);
        }
        expect(wrong).toEqual([]);
        expect(touched.highest).toBe(txid > durable ? txid : 0);
      }),
      { numRuns: 30 },
    );
  });
});
