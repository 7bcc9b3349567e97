// If these fail, what is dear to make is made anew each time, or is kept for ever after one busy minute.
import { expect, test } from 'vitest';
import { Shelf } from './shelf.ts';

const shelfOf = (room: number): Shelf<{ readonly number: number }> => {
  let made = 0;
  return new Shelf(room, () => ({ number: made++ }));
};

test('what is given serves again, up to the room there is', () => {
  const shelf = shelfOf(2);
  const taken = [shelf.take(), shelf.take(), shelf.take()];
  expect(taken.map(({ number }) => number)).toEqual([0, 1, 2]);
  for (const each of taken) shelf.give(each);
  expect([shelf.take(), shelf.take(), shelf.take()].map(({ number }) => number)).toEqual([1, 0, 3]);
});

test('what nobody needed between two looks is let go, and no more', () => {
  const shelf = shelfOf(8);
  const taken = Array.from({ length: 5 }, () => shelf.take());
  for (const each of taken) shelf.give(each);
  // At the first look they have not lain there for long.
  expect(shelf.dropUnused()).toEqual([]);
  const two = [shelf.take(), shelf.take()];
  for (const each of two) shelf.give(each);
  expect(shelf.dropUnused().map(({ number }) => number)).toEqual([0, 1, 2]);
  expect(shelf.dropUnused().map(({ number }) => number)).toEqual([4, 3]);
  expect(shelf.dropUnused()).toEqual([]);
  expect(shelf.take().number).toBe(5);
});
