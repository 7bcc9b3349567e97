// If these fail, the file of a dead writer loses bytes that were flushed, or its replicas differ from each other.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { genStamp } from '../../base/ids.ts';
import { ReplicaState } from './states.ts';
import { type FoundReplica, syncBlock } from './sync-block.ts';

const { FINALIZED, RBW, RWR, RUR, TEMPORARY } = ReplicaState;
const BLOCK = genStamp(1001);
const replica = (state: ReplicaState, numBytes: number, stamp = 1001): FoundReplica => ({
  state,
  numBytes,
  genStamp: genStamp(stamp),
});

/** Replicas; the length, and by position who stays; or what else happens. */
const ROWS: readonly (readonly [
  string,
  readonly FoundReplica[],
  number | undefined,
  { readonly length: number; readonly stay: readonly number[] } | 'delete' | RegExp,
])[] = [
  ['nobody has it', [], undefined, 'delete'],
  ['all are empty', [replica(RBW, 0), replica(RBW, 0)], undefined, 'delete'],
  ['all are from before', [replica(FINALIZED, 5, 1000)], undefined, 'delete'],
  ['only copies in the making', [replica(TEMPORARY, 5)], undefined, /^Found 1 replica\(s\) but none is in RWR or better/],
  ['only other recoveries', [replica(RUR, 5), replica(TEMPORARY, 5)], undefined, /^Found 2 replica\(s\) but none is in RWR/],
  ['one that was written', [replica(RBW, 5)], undefined, { length: 5, stay: [0] }],
  ['written ones differ', [replica(RBW, 5), replica(RBW, 9), replica(RBW, 9)], undefined, { length: 9, stay: [1, 2] }],
  ['one left by a crash is as long', [replica(RBW, 9), replica(RWR, 9)], undefined, { length: 9, stay: [0, 1] }],
  ['one left by a crash is longer', [replica(RBW, 5), replica(RWR, 9)], undefined, { length: 9, stay: [1] }],
  ['one left by a crash is shorter', [replica(RBW, 9), replica(RWR, 5)], undefined, { length: 9, stay: [0] }],
  ['only ones left by a crash', [replica(RWR, 5), replica(RWR, 7), replica(RWR, 0)], undefined, { length: 7, stay: [1] }],
  ['a copy in the making is longest', [replica(RBW, 5), replica(TEMPORARY, 9)], undefined, { length: 5, stay: [0] }],
  ['a finalized one is shorter', [replica(FINALIZED, 5), replica(RBW, 9)], undefined, { length: 5, stay: [0] }],
  ['a finalized one is longer', [replica(FINALIZED, 9), replica(RBW, 5)], undefined, { length: 9, stay: [0] }],
  ['finalized and written alike', [replica(RBW, 9), replica(FINALIZED, 9)], undefined, { length: 9, stay: [0, 1] }],
  ['finalized and crashed alike', [replica(RWR, 9), replica(FINALIZED, 9)], undefined, { length: 9, stay: [0, 1] }],
  ['a finalized one is empty', [replica(FINALIZED, 0), replica(RBW, 5)], undefined, { length: 5, stay: [1] }],
  ['a finalized one is older', [replica(FINALIZED, 5, 1000), replica(RBW, 9)], undefined, { length: 9, stay: [1] }],
  [
    'an earlier recovery got halfway',
    [replica(FINALIZED, 7, 1005), replica(FINALIZED, 9)],
    undefined,
    { length: 7, stay: [0] },
  ],
  [
    'an earlier recovery got halfway and made no difference',
    [replica(FINALIZED, 9, 1005), replica(FINALIZED, 9)],
    undefined,
    { length: 9, stay: [0, 1] },
  ],
  ['finalized ones differ', [replica(FINALIZED, 7), replica(FINALIZED, 9)], undefined, { length: 9, stay: [1] }],
  ['cut: all are long enough', [replica(FINALIZED, 9), replica(FINALIZED, 9)], 4, { length: 4, stay: [0, 1] }],
  ['cut: one was cut before', [replica(FINALIZED, 4, 1005), replica(FINALIZED, 9)], 4, { length: 4, stay: [0, 1] }],
  ['cut: one lost its end', [replica(FINALIZED, 9), replica(FINALIZED, 3)], 4, { length: 4, stay: [0] }],
  ['cut: one was left by a crash', [replica(RWR, 6), replica(FINALIZED, 9)], 4, { length: 4, stay: [0, 1] }],
  ['cut: nobody has so much', [replica(FINALIZED, 3)], 4, /^no replica has the 4 bytes/],
  ['cut: nobody has it', [replica(FINALIZED, 9, 1000)], 4, /^no replica was found/],
];

describe('syncBlock', () => {
  it.each(ROWS)('%s', (_name, replicas, truncateTo, expected) => {
    const decision = syncBlock(BLOCK, replicas, truncateTo);
    if (expected === 'delete') expect(decision).toEqual({ kind: 'delete' });
    else if (expected instanceof RegExp) {
      if (decision.kind !== 'refuse') throw new Error(`not refused: ${decision.kind}`);
      expect(decision.reason).toMatch(expected);
    } else {
      const members = expected.stay.map((index) => replicas[index]);
      expect(decision).toEqual({ kind: 'keep', length: expected.length, members });
    }
  });

  it('never makes a replica longer, and keeps what every replica has', () => {
    const states = fc.constantFrom(FINALIZED, RBW, RWR, TEMPORARY);
    const found = fc.record({
      state: states,
      numBytes: fc.nat(20),
      genStamp: fc.integer({ min: 1000, max: 1003 }).map(genStamp),
    });
    fc.assert(
      fc.property(
        fc.array(found, { maxLength: 5 }),
        fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        (list, cut) => {
          const decision = syncBlock(BLOCK, list, cut);
          if (decision.kind !== 'keep') return;
          expect(decision.members.length).toBeGreaterThan(0);
          for (const member of decision.members) expect(member.numBytes).toBeGreaterThanOrEqual(decision.length);
          const ours = list.filter(({ state, genStamp: stamp, numBytes }) => state <= RWR && stamp >= BLOCK && numBytes > 0);
          const least = Math.min(...ours.map(({ numBytes }) => numBytes));
          expect(decision.length).toBeGreaterThanOrEqual(cut === undefined ? least : Math.min(cut, decision.length));
          if (cut !== undefined) expect(decision.length).toBe(cut);
        },
      ),
    );
  });
});
