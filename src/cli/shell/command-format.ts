// Options of a shell command, parsed as Hadoop's CommandFormat does: single words with one dash, in front of the
// arguments. Wrong usage is a UsageError; its text and the usage of the command are printed, and the exit code is 255.

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface ParsedOptions {
  has(option: string): boolean;
  value(option: string): string | undefined;
  /** Options given, without those that take a value. */
  readonly given: readonly string[];
}

export interface OptionRules {
  readonly min: number;
  readonly max?: number;
  readonly flags?: readonly string[];
  readonly withValue?: readonly string[];
  /** Options that are not known stay among the arguments. */
  readonly ignoreUnknown?: boolean;
}

/** Takes the options out of `args`. */
export function parseOptions(args: string[], rules: OptionRules): ParsedOptions {
  const { min, max = Number.POSITIVE_INFINITY, flags = [], withValue = [], ignoreUnknown = false } = rules;
  const given = new Set<string>();
  const values = new Map<string, string>();
  let at = 0;
  while (at < args.length) {
    const arg = args[at] ?? '';
    if (!arg.startsWith('-') || arg === '-') break;
    if (arg === '--') {
      args.splice(at, 1);
      break;
    }
    const option = arg.slice(1);
    if (flags.includes(option)) {
      args.splice(at, 1);
      given.add(option);
    } else if (withValue.includes(option)) {
      args.splice(at, 1);
      const next = args[at];
      if (next !== undefined && args.length > min && !next.startsWith('-')) {
        args.splice(at, 1);
        values.set(option, next);
      } else values.set(option, '');
    } else if (ignoreUnknown) at++;
    else throw new UsageError(`Illegal option ${arg}`);
  }
  if (args.length < min) throw new UsageError(`Not enough arguments: expected ${min} but got ${args.length}`);
  if (args.length > max) throw new UsageError(`Too many arguments: expected ${max} but got ${args.length}`);
  return { has: (option) => given.has(option), value: (option) => values.get(option), given: [...given] };
}

const INT_MAX = 2 ** 31 - 1;
export const LONG_MAX = 2 ** 63 - 1;
const DIGITS = /^[+-]?\d{1,19}$/;

/** A number as Java's Integer.parseInt and Long.parseLong read it; beyond `max` it is none. */
export function parseWhole(text: string, max = INT_MAX): number {
  const value = DIGITS.test(text) ? Number(text) : Number.NaN;
  if (!(value >= -max - 1 && value <= max)) throw new UsageError(`For input string: "${text}"`);
  return value;
}
