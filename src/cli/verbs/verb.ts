// How a verb of `tuskfs` is declared: each file of this folder exports one.
import { type Command, InvalidArgumentError } from 'commander';
import { HdfsError } from '../../base/errors.ts';
import type { VerbContext } from '../context.ts';

export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** Arguments and options, in commander's words. */
  declare(command: Command): void;
  run(context: VerbContext, args: readonly unknown[], options: VerbOptions): Promise<void>;
}

export type VerbOptions = Readonly<Record<string, unknown>>;

/** A variadic or optional argument as texts. */
export function texts(argument: unknown, fallback: readonly string[] = []): readonly string[] {
  if (Array.isArray(argument)) return argument.length === 0 ? fallback : argument.map(String);
  return argument === undefined ? fallback : [String(argument)];
}

/** Of an option or argument that is a number, for commander, which names it beside what is wrong. */
export const wholeNumber =
  (least = 0) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
  };

/** Which of the words is given. Throws HdfsError EINVAL for another one. */
export function oneOf<T extends string>(words: readonly T[], given: unknown): T {
  const found = words.find((word) => word === given);
  if (found === undefined) throw new HdfsError('EINVAL', `${String(given)} is none of ${words.join(', ')}`);
  return found;
}
