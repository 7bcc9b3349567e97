// Options of the offline viewers, read by one table as Apache's commons-cli reads them (PosixParser): a short and a long
// name, the value behind it or behind `=`, long names shortened as far as they are clear, short ones written together.
import { HdfsError } from '../../base/errors.ts';

export interface OptionRow {
  /** Without its dash; may have several letters. */
  readonly short: string;
  /** Without its two dashes. */
  readonly long?: string;
  readonly takes?: 'value';
  readonly required?: true;
}

export interface GivenOptions<Short extends string> {
  has(option: Short): boolean;
  /** The first value given; undefined without the option. */
  value(option: Short): string | undefined;
  /** Words that are no options, which most tools pass over. */
  readonly rest: readonly string[];
}

/** Throws HdfsError EINVAL with Apache's words. */
export function readOptions<Row extends OptionRow>(table: readonly Row[], argv: readonly string[]): GivenOptions<Row['short']> {
  const given = new Map<string, string>();
  const rest: string[] = [];
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') {
      rest.push(...words.splice(0));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    const found = optionOf(table, word);
    if (found === undefined) {
      // Two dashes and no known name are no option to commons-cli; one dash has to be one.
      if (word.startsWith('--')) rest.push(word);
      else words.unshift(...parted(table, word));
      continue;
    }
    const { row, inline } = found;
    let value = '';
    if (row.takes === 'value') {
      const next = inline ?? (words[0] !== undefined && optionOf(table, words[0]) === undefined ? words.shift() : undefined);
      if (next === undefined) throw new HdfsError('EINVAL', `Missing argument for option: ${row.short}`);
      value = next;
    }
    if (!given.has(row.short)) given.set(row.short, value);
  }
  return { has: (option) => given.has(option), value: (option) => given.get(option), rest };
}

/** Throws HdfsError EINVAL with Apache's words. */
export function requireOptions<Row extends OptionRow>(table: readonly Row[], given: GivenOptions<Row['short']>): void {
  const missing = table.filter((row) => row.required === true && !given.has(row.short)).map(({ short }) => short);
  if (missing.length === 0) return;
  throw new HdfsError('EINVAL', `Missing required option${missing.length > 1 ? 's' : ''}: ${missing.join(', ')}`);
}

interface Found<Row> {
  readonly row: Row;
  readonly inline: string | undefined;
}

function optionOf<Row extends OptionRow>(table: readonly Row[], word: string): Found<Row> | undefined {
  if (!word.startsWith('-')) return undefined;
  const [name = '', inline] = word.replace(/^--?/, '').split(/=(.*)/s);
  if (!word.startsWith('--')) {
    const exact = table.find(({ short }) => word === `-${short}`);
    if (exact !== undefined) return { row: exact, inline: undefined };
  }
  if (name.length < 2) return undefined;
  const whole = table.find(({ long }) => long === name);
  const like = whole === undefined ? table.filter(({ long }) => long?.startsWith(name) === true) : [whole];
  const [row] = like;
  return row === undefined || like.length > 1 ? undefined : { row, inline };
}

/** Short options written together: each of one letter, a value behind the first one that takes one. */
function parted(table: readonly OptionRow[], word: string): readonly string[] {
  const parts: string[] = [];
  for (let at = 1; at < word.length; at++) {
    const row = table.find(({ short }) => short === word[at]);
    if (row === undefined || word.length === 2) throw new HdfsError('EINVAL', `Unrecognized option: ${word}`);
    parts.push(`-${row.short}`);
    if (row.takes === 'value' && at + 1 < word.length) {
      parts.push(word.slice(at + 1));
      break;
    }
  }
  return parts;
}
