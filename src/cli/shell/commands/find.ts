// find <path> ... <expression> ...: -name, -iname, -print, -print0, -a, -and and parentheses, as Hadoop's find has them.
import { HdfsError } from '../../../base/errors.ts';
import { compileName, type NamePattern } from '../../../base/name-pattern.ts';
import { nameOf } from '../../paths.ts';
import { Command } from '../command.ts';
import { parseOptions, UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';

/** True: go on with what is joined by -a. */
interface Expression {
  readonly action: boolean;
  apply(item: Item): boolean;
}

/** Parentheses within parentheses. */
const MAX_DEPTH = 100;

export class Find extends Command {
  #expression: Expression = { action: true, apply: () => true };

  protected processOptions(args: string[]): void {
    parseOptions(args, { min: 1, flags: ['L', 'H'], ignoreUnknown: true });
    this.recursive = true;
    const at = args.findIndex((arg) => arg.startsWith('-'));
    const words = at < 0 ? [] : args.splice(at);
    if (args.length === 0) args.push('.');
    const expression = this.#parse(words, 0);
    const print = this.#printer('\n');
    this.#expression = expression.action ? expression : both(expression, print);
  }

  #printer(end: string): Expression {
    return {
      action: true,
      apply: (item) => {
        this.context.terminal.stdout.write(`${item.text}${end}`);
        return true;
      },
    };
  }

  /** Every operator is "and", so an expression is a list whose parts must hold one after the other. */
  #parse(words: string[], depth: number): Expression {
    if (depth > MAX_DEPTH) throw new UsageError('Too many parentheses');
    const parts: Expression[] = [];
    let joins = false;
    for (let word = words.shift(); word !== undefined && word !== ')'; word = words.shift()) {
      const joined = word === '-a' || word === '-and';
      if (joined && (joins || parts.length === 0)) throw new UsageError(`${word} needs an expression on both sides`);
      joins = joined;
      switch (word) {
        case '(':
          parts.push(this.#parse(words, depth + 1));
          break;
        case '-a':
        case '-and':
          break;
        case '-print':
          parts.push(this.#printer('\n'));
          break;
        case '-print0':
          parts.push(this.#printer('\0'));
          break;
        case '-name':
        case '-iname':
          parts.push(nameIs(words.shift(), word));
          break;
        default:
          throw new HdfsError('EIO', `Unexpected argument: ${word}`);
      }
    }
    if (joins) throw new UsageError('-a needs an expression on both sides');
    return parts.length === 0 ? this.#printer('\n') : parts.reduce(both);
  }

  protected async processPath(item: Item): Promise<void> {
    this.#expression.apply(item);
  }
}

function both(first: Expression, second: Expression): Expression {
  return { action: first.action || second.action, apply: (item) => first.apply(item) && second.apply(item) };
}

/** One that is not closed ends the command before anything is found. */
function compiledName(pattern: string): NamePattern {
  try {
    return compileName(pattern);
  } catch (error) {
    if (error instanceof HdfsError) throw new UsageError(error.message);
    throw error;
  }
}

function nameIs(pattern: string | undefined, option: string): Expression {
  if (pattern === undefined) throw new UsageError(`${option} needs a pattern`);
  const fold = option === '-iname';
  const compiled = compiledName(fold ? pattern.toLowerCase() : pattern);
  return {
    action: false,
    apply: (item) => compiled.matches(fold ? nameOf(item.path).toLowerCase() : nameOf(item.path)),
  };
}
