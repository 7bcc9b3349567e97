// If this failed, a crowd of clients that ask and go away would keep a daemon busy, and others waiting.
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { HttpTurns } from './http-turns.ts';

test('what waits is not begun when its client has gone', async () => {
  const turns = new HttpTurns();
  const begun: string[] = [];
  const task = (name: string) => (): Promise<void> => {
    begun.push(name);
    return Promise.resolve();
  };
  const gone = new Socket();
  // It takes the share of this turn, and more.
  turns.add(new Socket(), () => {
    const until = performance.now() + 20;
    while (performance.now() < until);
    return task('first')();
  });
  for (const name of ['gone', 'gone, too']) turns.add(gone, task(name));
  turns.add(new Socket(), task('last'));
  expect(begun).toEqual(['first']);
  gone.destroy();
  for (let i = 0; i < 10; i++) await new Promise((done) => setImmediate(done));
  expect(begun).toEqual(['first', 'last']);
});
