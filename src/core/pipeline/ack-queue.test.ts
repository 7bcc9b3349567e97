// If this fails, a client takes bytes for stored that are not, or blames the wrong DataNode.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AckEffect, AckQueue } from './ack-queue.ts';

const sends = (effects: readonly AckEffect[]): number[] => effects.flatMap((e) => (e.kind === 'send' ? [e.seqno] : []));

test('acks leave in order, and only when written here and acknowledged downstream', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (schedule, count) => {
      const queue = new AckQueue(true);
      const packets = Array.from({ length: count }, (_, i) => queue.enqueue(i, (i + 1) * 10, i === count - 1));
      let written = 0;
      let acked = 0;
      const got: number[] = [];
      const step = (mine: boolean): void => {
        if (mine && written < count) got.push(...sends(queue.written([packets[written++] as (typeof packets)[number]])));
        if (!mine && acked < count) got.push(...sends(queue.acknowledged(acked++, [0])));
        expect(got.length).toBe(Math.min(written, acked));
      };
      for (const mine of schedule) step(mine);
      while (written < count || acked < count) step(written < count);
      expect(got).toEqual(packets.map((p) => p.seqno));
      expect(queue.isEnded).toBe(true);
    }),
  );
});

test('a broken mirror is told to the client once, after the answers that came before', () => {
  const queue = new AckQueue(true);
  const first = queue.enqueue(0, 10, false);
  const second = queue.enqueue(1, 20, false);
  expect(queue.acknowledged(0, [0])).toEqual([]);
  expect(queue.mirrorBroke()).toEqual([]);
  expect(queue.written([first])).toMatchObject([
    { seqno: 0, flags: [0, 0], allGood: true },
    { seqno: 1, flags: [0, 1], allGood: false },
  ]);
  expect(queue.written([second])).toEqual([]);
  expect(queue.mirrorBroke()).toEqual([]);
});

test('a bad checksum found here is answered, one found downstream ends this node in silence', () => {
  const tail = new AckQueue(false);
  expect(tail.written([tail.enqueue(5, 10, false)], 2)).toMatchObject([{ seqno: 5, flags: [2] }, { kind: 'abort' }]);
  const middle = new AckQueue(true);
  middle.written([middle.enqueue(5, 10, false)]);
  expect(middle.acknowledged(5, [2])).toMatchObject([{ kind: 'abort' }]);
});

test('an out-of-band message is passed on at once', () => {
  const queue = new AckQueue(true);
  queue.enqueue(0, 10, false);
  expect(queue.acknowledged(-2, [8])).toMatchObject([{ seqno: -2, flags: [0, 8] }]);
});
