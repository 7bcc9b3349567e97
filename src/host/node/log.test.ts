// If this failed, an operator who sets the level of a daemon's log would see other lines than asked for, or fill its memory.
import { expect, test } from 'vitest';
import type { LogThreshold } from '../host.ts';
import { nodeLog } from './log.ts';

test('lines are written from the level of their component on', () => {
  const lines: string[] = [];
  const log = nodeLog({ write: (line) => void lines.push(line) });
  const written = (component: string): readonly string[] => {
    lines.length = 0;
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log.log(level, component, level);
    return lines.map((line) => (JSON.parse(line) as { message: string }).message);
  };
  expect(written('rpc')).toEqual(['info', 'warn', 'error']);
  const expected: Readonly<Record<LogThreshold, readonly string[]>> = {
    all: ['debug', 'info', 'warn', 'error'],
    trace: ['debug', 'info', 'warn', 'error'],
    debug: ['debug', 'info', 'warn', 'error'],
    info: ['info', 'warn', 'error'],
    warn: ['warn', 'error'],
    error: ['error'],
    fatal: [],
    off: [],
  };
  for (const [threshold, messages] of Object.entries(expected)) {
    expect(log.levels?.set('rpc', threshold as LogThreshold)).toBe(true);
    expect([log.levels?.of('rpc'), written('rpc')]).toEqual([threshold, messages]);
  }
  expect(written('image')).toEqual(['info', 'warn', 'error']);
});

test('levels of so many components are kept, and no more', () => {
  const { levels } = nodeLog({ write: () => undefined });
  const taken = Array.from({ length: 1000 }, (_, index) => levels?.set(`c${index}`, 'debug')).filter((one) => one === true);
  expect(taken.length).toBeLessThan(1000);
  expect(levels?.set('c0', 'off')).toBe(true);
  expect(levels?.set('other', 'debug')).toBe(false);
  expect(levels?.of('other')).toBe('info');
  // One that is as all are takes no room.
  expect(levels?.set('c0', 'info')).toBe(true);
  expect(levels?.set('other', 'debug')).toBe(true);
  expect(levels?.set('x'.repeat(10_000), 'debug')).toBe(false);
});
