// If these fail, blocks in danger are forgotten or copied in the wrong order.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HandleLists } from './handle-lists.ts';
import { LowRedundancyBlocks, PRIORITY_LEVELS, Priority, priorityOf } from './low-redundancy.ts';

describe('handle lists', () => {
  it('are read on from a handle, or from the front when that has left', () => {
    const lists = new HandleLists(2);
    for (const handle of [7, 3, 9, 5]) lists.add(0, handle);
    lists.add(1, 4);
    expect([...lists.in(0, 3)]).toEqual([9, 5]);
    expect([...lists.in(0, 5)]).toEqual([]);
    expect([...lists.in(0, 4)]).toEqual([7, 3, 9, 5]);
    lists.remove(3);
    expect([...lists.in(0, 3)]).toEqual([7, 9, 5]);
  });

  it('behave as a naive list of arrays, walk included', () => {
    const operation = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), list: fc.nat(2), handle: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant('move' as const), list: fc.nat(2), handle: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant('remove' as const), list: fc.nat(2), handle: fc.integer({ min: 1, max: 40 }) }),
      // Groups of 32 in which the handles above lie, too.
      fc.record({
        kind: fc.constant('moveGroup' as const),
        list: fc.nat(2),
        handle: fc.integer({ min: 1, max: 3 }),
        bits: fc.integer(),
      }),
      fc.record({
        kind: fc.constant('removeGroup' as const),
        list: fc.nat(2),
        handle: fc.integer({ min: 1, max: 3 }),
        bits: fc.integer(),
      }),
      fc.record({ kind: fc.constant('advance' as const), list: fc.nat(2), handle: fc.constant(1) }),
      fc.record({ kind: fc.constant('rewind' as const), list: fc.nat(2), handle: fc.constant(1) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const real = new HandleLists(3);
        const lists: number[][] = [[], [], []];
        // The naive walk keeps the handles that it has still to give.
        const position: (number | 'start')[] = ['start', 'start', 'start'];
        const take = (where: number, handle: number): void => {
          const from = lists[where] ?? [];
          const index = from.indexOf(handle);
          if (index < 0) return;
          from.splice(index, 1);
          const at = position[where] as number | 'start';
          if (at !== 'start' && index < at) position[where] = at - 1;
        };
        const inGroup = (group: number, bits: number): number[] =>
          Array.from({ length: 32 }, (_, place) => place)
            .filter((place) => ((bits >>> place) & 1) !== 0)
            .map((place) => group * 31 * 32 + place);
        for (const operation of operations) {
          const { kind, list, handle: small } = operation;
          const handle = small * 997;
          const own = lists[list] as number[];
          const where = lists.findIndex((each) => each.includes(handle));
          switch (kind) {
            case 'add':
              expect(real.add(list, handle)).toBe(where < 0);
              if (where < 0) own.push(handle);
              break;
            case 'move':
              real.move(list, handle);
              take(where, handle);
              own.push(handle);
              break;
            case 'remove':
              expect(real.remove(handle)).toBe(where >= 0);
              take(where, handle);
              break;
            case 'moveGroup':
              real.moveGroup(list, small * 31 * 32, operation.bits, false);
              for (const each of inGroup(small, operation.bits)) {
                if (own.includes(each)) continue;
                take(
                  lists.findIndex((one) => one.includes(each)),
                  each,
                );
                own.push(each);
              }
              break;
            case 'removeGroup':
              real.removeGroup(small * 31 * 32, operation.bits);
              for (const each of inGroup(small, operation.bits)) {
                take(
                  lists.findIndex((one) => one.includes(each)),
                  each,
                );
              }
              break;
            case 'advance': {
              const at = position[list] === 'start' ? 0 : (position[list] as number);
              expect(real.advance(list)).toBe(own[at] ?? 0);
              position[list] = Math.min(at + 1, own.length);
              break;
            }
            case 'rewind':
              real.rewind();
              position.fill('start');
              break;
          }
          for (let each = 0; each < 3; each++) expect([...real.in(each)]).toEqual(lists[each]);
          expect(real.size).toBe(lists.flat().length);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('low redundancy queues', () => {
  it('judge urgency as Apache does', () => {
    expect(priorityOf(1, 0, 0, 3)).toBe(Priority.HIGHEST);
    expect(priorityOf(0, 0, 1, 3)).toBe(Priority.HIGHEST);
    expect(priorityOf(0, 0, 0, 3)).toBe(Priority.CORRUPT);
    expect(priorityOf(2, 0, 0, 3)).toBe(Priority.LOW);
    expect(priorityOf(2, 0, 0, 10)).toBe(Priority.VERY_LOW);
    expect(priorityOf(3, 0, 0, 3)).toBe(Priority.BADLY_DISTRIBUTED);
  });

  it('give the most urgent first, each once, and count as a naive model', () => {
    const change = fc.record({
      block: fc.integer({ min: 1, max: 60 }),
      live: fc.nat(6),
      outOfService: fc.nat(1),
      expected: fc.integer({ min: 1, max: 6 }),
      remove: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
        const queues = new LowRedundancyBlocks();
        const model = new Map<number, { priority: Priority; single: boolean }>();
        for (const { block, live, outOfService, expected, remove } of changes) {
          if (remove) {
            expect(queues.remove(block)).toBe(model.delete(block));
          } else if (block >= 32) {
            // The same of a group, of which this is the last but one.
            for (const each of [block & ~31, block]) {
              model.set(each, { priority: priorityOf(live, 0, outOfService, expected), single: expected === 1 });
            }
            queues.updateGroup(block & ~31, 1 | (1 << (block & 31)), live, 0, outOfService, expected);
          } else {
            queues.update(block, live, 0, outOfService, expected);
            model.set(block, { priority: priorityOf(live, 0, outOfService, expected), single: expected === 1 });
          }
        }
        for (let level = 0; level < PRIORITY_LEVELS; level++) {
          const count = [...model.values()].filter((each) => each.priority === level).length;
          expect(queues.sizeOf(level as Priority)).toBe(count);
        }
        const lonely = [...model.values()].filter((each) => each.priority === Priority.CORRUPT && each.single).length;
        expect(queues.corruptWithOneReplicaCount).toBe(lonely);
        const all = queues.choose(1_000);
        expect(all.map((each) => each.priority)).toEqual([...all.map((each) => each.priority)].sort());
        const wanted = [...model].filter(([, each]) => each.priority !== Priority.CORRUPT).map(([block]) => block);
        expect(all.map((each) => each.block).sort((a, b) => a - b)).toEqual(wanted.sort((a, b) => a - b));
        // The walk began again, so a second round in small steps gives the same.
        const stepwise: number[] = [];
        for (let i = 0; i < 200 && stepwise.length < wanted.length; i++)
          stepwise.push(...queues.choose(3).map((each) => each.block));
        expect(new Set(stepwise)).toEqual(new Set(wanted));
      }),
      { numRuns: 200 },
    );
  });
});
