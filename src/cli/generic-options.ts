// Options that Hadoop's commands take in front of their own: -D, -conf, -fs, and those of MapReduce, which are passed over.
// Apache: GenericOptionsParser.
import { HdfsError } from '../base/errors.ts';

export interface GenericOptions {
  readonly overrides: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly rest: readonly string[];
}

const IGNORED = new Set(['-jt', '-files', '-libjars', '-archives', '-tokenCacheFile']);

/** Stops at the first word that is none of these. */
export function parseGenericOptions(argv: readonly string[]): GenericOptions {
  const overrides: Record<string, string> = {};
  const files: string[] = [];
  let at = 0;
  const value = (option: string): string => {
    const text = argv[++at];
    if (text === undefined) throw new HdfsError('EINVAL', `Missing argument for option: ${option.slice(1)}`);
    return text;
  };
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word.startsWith('-D')) {
      const pair = word === '-D' ? value(word) : word.slice(2);
      // A key without a value changes nothing.
      const equals = pair.indexOf('=');
      if (equals > 0) overrides[pair.slice(0, equals).trim()] = pair.slice(equals + 1);
    } else if (word === '-conf') files.push(value(word));
    else if (word === '-fs') overrides['fs.defaultFS'] = value(word);
    else if (IGNORED.has(word)) value(word);
    else break;
  }
  return { overrides, files, rest: argv.slice(at) };
}
