// Options that Hadoop's commands take in front of their own: -D, -conf, -fs, and those of MapReduce, of which only the files
// must be there. Apache: GenericOptionsParser, and GnuParser of commons-cli, whose ways of writing an option are taken here.

import { HdfsError } from '../base/errors.ts';
import { fileSystemUri } from '../config/default-file-system.ts';
import type { Host } from '../host/host.ts';
import { absolutePath } from './paths.ts';

export interface GenericOptions {
  readonly overrides: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  /** Lists of files that jobs would take along, by option. */
  readonly carried: readonly (readonly [option: string, list: string])[];
  /** What is wrong with the options themselves: the command then runs without any word. */
  readonly mistake: string | undefined;
  readonly rest: readonly string[];
}

const VALUES = {
  D: '<property=value>',
  archives: '<paths>',
  conf: '<file>',
  files: '<paths>',
  fs: '<file:///|hdfs://namenode:port>',
  jt: '<local|resourcemanager:port>',
  libjars: '<paths>',
  tokenCacheFile: '<tokensFile>',
} as const;

export const GENERIC_USAGE = `usage: general options are:\n${Object.entries(VALUES)
  .map(([option, value]) => ` -${option} ${value}\n`)
  .join('')}`;

const isOption = (word: string): boolean => /^--?/.test(word) && Object.hasOwn(VALUES, word.replace(/^--?/, ''));

/** The option of a word, and its value where it stands in the same word: `-conf=FILE`, `-Dkey=value`. */
function optionOf(word: string): { readonly option: string; readonly inline?: string } | undefined {
  if (isOption(word)) return { option: word.replace(/^--?/, '') };
  const equals = word.indexOf('=');
  if (equals > 0 && isOption(word.slice(0, equals))) {
    return { option: word.slice(0, equals).replace(/^--?/, ''), inline: word.slice(equals + 1) };
  }
  return word.startsWith('-D') ? { option: 'D', inline: word.slice(2) } : undefined;
}

/** A name alone is a NameNode's. Apache: FileSystem.setDefaultUri. */
function defaultUri(text: string): string {
  const uri = fileSystemUri(text);
  if (/^[a-z][\w+.-]*:\/\/$/i.test(uri)) throw new HdfsError('EILLEGAL', `Expected authority at index ${uri.length}: ${uri}`);
  return uri;
}

/** Stops at the first word that is none of these. Throws HdfsError EILLEGAL for a -fs that is no URI. */
export function parseGenericOptions(argv: readonly string[]): GenericOptions {
  const pairs: Record<string, string> = {};
  const files: string[] = [];
  const carried: [string, string][] = [];
  let fs: string | undefined;
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const found = optionOf(word);
    if (found === undefined) break;
    const { option } = found;
    let value = found.inline;
    if (value === undefined) {
      value = argv[++at];
      if (value === undefined || isOption(value)) {
        return { overrides: {}, files: [], carried: [], mistake: `Missing argument for option: ${option}`, rest: [] };
      }
    }
    // A key without a value changes nothing.
    const equals = value.indexOf('=');
    if (option === 'D' && equals > 0) pairs[value.slice(0, equals).trim()] = value.slice(equals + 1);
    else if (option === 'conf') files.push(value);
    else if (option === 'fs') fs ??= value;
    else if (option !== 'D' && option !== 'jt') carried.push([option, value]);
  }
  const rest = argv.slice(argv[at] === '--' ? at + 1 : at);
  // What -D says of the file system stands above -fs.
  const overrides = fs === undefined ? pairs : { 'fs.defaultFS': defaultUri(fs), ...pairs };
  return { overrides, files, carried, mistake: undefined, rest };
}

/** Throws HdfsError ENOENT for a local file that is not there; those of other file systems are nobody's here. */
export async function checkCarried(host: Pick<Host, 'disk'>, cwd: string, { carried }: GenericOptions): Promise<void> {
  for (const [option, list] of carried) {
    for (const each of option === 'tokenCacheFile' ? [list] : list.split(',')) {
      const path = each.replace(/^file:(?:\/\/)?(?=\/)/, '').replace(/#.*$/, '');
      if (/^[a-z][\w+.-]*:/i.test(path) || path.endsWith('*')) continue;
      const local = absolutePath(path, cwd);
      if (await host.disk.exists(local)) continue;
      throw new HdfsError('ENOENT', `File ${option === 'tokenCacheFile' ? `file:${local}` : each} does not exist`);
    }
  }
}
