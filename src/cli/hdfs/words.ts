// The words behind a command, taken out option by option, so that what is left is what nobody understood. Apache:
// StringUtils.popOptionWithArgument, popOption and popFirstNonOption.
import { parseJavaWhole } from '../../config/values.ts';

/** A wrong word, as the exception that Hadoop throws of it: what that does to the exit code is the command's own matter. */
export class WrongWord extends Error {
  override readonly name = 'WrongWord';
  /** Simple name of Java's class. */
  readonly javaClass: string;

  constructor(message: string, javaClass = 'IllegalArgumentException') {
    super(message);
    this.javaClass = javaClass;
  }
}

export class Words {
  readonly #left: string[];

  constructor(words: readonly string[]) {
    this.#left = [...words];
  }

  get left(): readonly string[] {
    return this.#left;
  }

  /** The word behind `option`, whatever it looks like; undefined without the option. Throws WrongWord where nothing is behind it. */
  value(option: string): string | undefined {
    const at = this.#find(option);
    if (at < 0) return undefined;
    const [, value] = this.#left.splice(at, 2);
    if (value === undefined) throw new WrongWord(`option ${option} requires 1 argument.`);
    return value;
  }

  flag(option: string): boolean {
    const at = this.#find(option);
    if (at >= 0) this.#left.splice(at, 1);
    return at >= 0;
  }

  /** The first word without a dash, or the one behind `--`, which stays. */
  operand(): string | undefined {
    const at = this.#left.findIndex((word) => word === '--' || !word.startsWith('-'));
    if (at < 0) return undefined;
    return this.#left.splice(this.#left[at] === '--' ? at + 1 : at, 1)[0];
  }

  /** Behind `--` nothing is an option. */
  #find(option: string): number {
    const end = this.#left.indexOf('--');
    const at = this.#left.indexOf(option);
    return end >= 0 && at > end ? -1 : at;
  }
}

/** Throws WrongWord for a text of which Java makes no Path. */
export function pathOf(text: string | undefined): string {
  if (text !== undefined && text !== '') return text;
  throw new WrongWord(`Can not create a Path from ${text === undefined ? 'a null' : 'an empty'} string`);
}

/** Java's Long.parseLong, Integer.parseInt and Short.parseShort: throws WrongWord for what none of that size is. */
export function javaWhole(text: string, bits: 16 | 32 | 64, radix: 8 | 10 = 10): bigint {
  const value = parseJavaWhole(text, radix);
  if (value === undefined) throw notNumber(text, radix);
  if (BigInt.asIntN(bits, value) === value) return value;
  if (bits !== 16) throw notNumber(text, radix);
  throw new WrongWord(`Value out of range. Value:"${text}" Radix:${radix}`, 'NumberFormatException');
}

const notNumber = (text: string, radix: 8 | 10): WrongWord =>
  new WrongWord(`For input string: "${text}"${radix === 10 ? '' : ` under radix ${radix}`}`, 'NumberFormatException');
