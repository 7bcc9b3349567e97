// The texts of an XML file as values: numbers, sizes, lengths of time. Each function answers undefined for a text that is
// none of its kind; who gave the text, and what to say about it, is configuration.ts' business.
import type { DurationUnit } from './key.ts';

/** Apache: org.apache.hadoop.util.StringUtils.TraditionalBinaryPrefix. */
const BINARY_POWERS: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5, e: 6 };

const MS_OF: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A whole number, decimal or 0x…; beyond 2^53 the nearest number stands for it. */
export function parseWhole(text: string): number | undefined {
  const match = /^([+-]?)(\d{1,19}|0[xX][0-9a-fA-F]{1,16})$/.exec(text);
  if (match === null) return undefined;
  const magnitude = Number(match[2]);
  return match[1] === '-' ? -magnitude : magnitude;
}

/** A whole number of any size as Java takes one: digits, perhaps with a sign. */
export function parseJavaWhole(text: string, radix: 8 | 10 = 10): bigint | undefined {
  const [, sign, digits] = (radix === 8 ? /^([+-]?)([0-7]+)$/ : /^([+-]?)(\d+)$/).exec(text) ?? [];
  if (digits === undefined) return undefined;
  const magnitude = BigInt(radix === 8 ? `0o${digits}` : digits);
  return sign === '-' ? -magnitude : magnitude;
}

export function parseInt32(text: string): number | undefined {
  const value = parseWhole(text);
  return value === undefined || value < -(2 ** 31) || value >= 2 ** 31 ? undefined : value;
}

/** A whole number of 64 bits with an optional k, m, g, t, p or e. */
export function parseLong(text: string): number | undefined {
  const [, number = text, letter = ''] = /^([+-]?\d+)([kmgtpe])$/i.exec(text) ?? [];
  const value = parseWhole(number);
  if (value === undefined) return undefined;
  const power = BINARY_POWERS[letter.toLowerCase()] ?? 0;
  const scaled = value * 1024 ** power;
  if (Math.abs(scaled) < 2 ** 63) return scaled;
  // So near to the end of a long a double does not tell what fits.
  const magnitude = BigInt(number.replace(/^[+-]/, '')) * 1024n ** BigInt(power);
  const exact = number.startsWith('-') ? -magnitude : magnitude;
  return BigInt.asIntN(64, exact) === exact ? scaled : undefined;
}

/** Bytes: as parseLong, also with b after the letter (64mb), never negative. */
export function parseSize(text: string): number | undefined {
  const value = parseLong(/^\d+[kmgtpe]?b$/i.test(text) ? text.slice(0, -1) : text);
  return value === undefined || value < 0 ? undefined : value;
}

/** As Java's Float.parseFloat for what people write: 0.5, .5, 1e-3, 0.999f. */
export function parseFloatText(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?$/.test(text)) return undefined;
  const value = Number(text.replace(/[fFdD]$/, ''));
  return Number.isFinite(value) ? value : undefined;
}

export function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (lower === 'true') return true;
  return lower === 'false' ? false : undefined;
}

/** Milliseconds; a bare number counts `unit`. Apache: Configuration.getTimeDurationHelper. */
export function parseDuration(text: string, unit: DurationUnit): number | undefined {
  const match = /^([+-]?\d+)\s*(ns|us|ms|s|m|h|d)?$/i.exec(text);
  if (match === null) return undefined;
  const value = parseWhole(match[1] ?? '');
  return value === undefined ? undefined : value * (MS_OF[(match[2] ?? unit).toLowerCase()] ?? 1);
}

/** Values parted by commas, without the white space around them and without empty ones. */
export function parseList(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
