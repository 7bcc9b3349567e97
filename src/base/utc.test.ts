// If this fails, tools show other dates than those that stand in the files.
import { expect, test } from 'vitest';
import { civilDate, DAY_MS, formatUtc, parseHttpDate, parseUtc } from './utc.ts';

test.each([
  [0, '1970-01-01T00:00:00.000'],
  [-1, '1969-12-31T23:59:59.999'],
  [951_782_399_999, '2000-02-28T23:59:59.999'],
  [951_782_400_000, '2000-02-29T00:00:00.000'],
  [951_868_800_000, '2000-03-01T00:00:00.000'],
  [4_107_542_400_000, '2100-03-01T00:00:00.000'],
  [1_795_863_398_700, '2026-11-28T10:56:38.700'],
])('%d is %s', (ms, text) => {
  expect(formatUtc(ms)).toBe(text);
  expect(parseUtc(text)).toBe(ms);
});

test('each day follows the one before, through the leap years of four centuries', () => {
  const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  let { year, month, day } = { year: 1900, month: 1, day: 1 };
  for (let days = Math.round(-2_208_988_800_000 / DAY_MS); year < 2301; days++) {
    expect(civilDate(days)).toEqual({ year, month, day });
    const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    if (++day <= (LENGTHS[month - 1] ?? 0) + (isLeap && month === 2 ? 1 : 0)) continue;
    day = 1;
    if (++month <= 12) continue;
    month = 1;
    year++;
  }
});

test('what is no moment is told apart', () => {
  for (const text of ['', '2026-11-28', '2026-02-29T00:00:00.000', '2026-01-01T24:00:00.000']) {
    expect(parseUtc(text)).toBeUndefined();
  }
});

test('the date of an answer over HTTP is a moment', () => {
  expect(parseHttpDate('Sat, 28 Nov 2026 10:56:38 GMT')).toBe(1_795_863_398_000);
  for (const text of ['', '28 Nov 2026', 'Sat, 28 Nev 2026 10:56:38 GMT']) expect(parseHttpDate(text)).toBeUndefined();
});
