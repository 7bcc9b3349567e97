// If these fail, a file is given up only when its source says something again, or a source is left open behind it.
import { expect, test } from 'vitest';
import { afterMicrotasks } from '../host/sim/turn.ts';
import type { FileWriter } from './file-writer.ts';
import { writeAll } from './write-all.ts';

function keptWriter() {
  const calls: string[] = [];
  const writer = {
    write: (chunk: Uint8Array) => void calls.push(String(chunk)),
    close: async () => void calls.push('closed'),
    abort: (reason: Error) => void calls.push(`given up: ${reason.message}`),
  };
  return { calls, writer: writer as unknown as FileWriter };
}

test('a write is given up with its signal, though its source is silent', async () => {
  const { calls, writer } = keptWriter();
  const giveUp = new AbortController();
  let isReturned = false;
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => {
      let left = 1;
      return {
        next: () => (left-- > 0 ? Promise.resolve({ value: 'some', done: false }) : new Promise(() => undefined)),
        return: () => {
          isReturned = true;
          return new Promise(() => undefined);
        },
      };
    },
  };
  const writing = writeAll(writer, source, giveUp.signal);
  afterMicrotasks(() => giveUp.abort(new Error('enough')));
  await expect(writing).rejects.toThrow('enough');
  expect(calls[0]).toBe('some');
  expect(calls).not.toContain('closed');
  expect(calls.at(-1)).toBe('given up: enough');
  expect(isReturned).toBe(true);
});

test('a source is ended when the file cannot be written, and what it says then is of no interest', async () => {
  const { writer } = keptWriter();
  writer.write = () => Promise.reject(new Error('no DataNode'));
  let isEnded = false;
  const source = async function* () {
    try {
      yield 'some';
    } finally {
      isEnded = true;
    }
  };
  await expect(writeAll(writer, source(), undefined)).rejects.toThrow('no DataNode');
  await expect(writeAll(writer, source(), new AbortController().signal)).rejects.toThrow('no DataNode');
  expect(isEnded).toBe(true);
});
