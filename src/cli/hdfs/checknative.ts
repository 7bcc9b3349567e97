// hadoop checknative [-a|-h]: which of the native libraries that Hadoop would like are in use. None of Hadoop's own are; zlib
// is the one of Node. Apache: NativeLibraryChecker.
import type { Terminal } from '../terminal.ts';

const USAGE = 'checknative [-a|-h]\n  -a  fail unless all libraries are there, not only that of Hadoop\n  -h  print this\n\n';

/** Names as they stand in Hadoop's table, colons included. */
const LIBRARIES: readonly (readonly [name: string, loaded: boolean, where: string])[] = [
  ['hadoop:  ', false, ''],
  ['zlib:    ', true, 'Node.js'],
  ['zstd  :  ', false, ''],
  ['bzip2:   ', false, ''],
  ['openssl: ', false, ''],
  ['ISA-L:   ', false, ''],
  ['PMDK:    ', false, ''],
];

export function runCheckNative(terminal: Terminal, args: readonly string[]): number {
  const [word, ...more] = args;
  if (more.length > 0 || (word !== undefined && word !== '-a' && word !== '-h')) {
    terminal.stderr.write(USAGE);
    return 1;
  }
  if (word === '-h') {
    terminal.stdout.write(USAGE);
    return 0;
  }
  terminal.stdout.write('Native library checking:\n');
  for (const [name, loaded, where] of LIBRARIES) terminal.stdout.write(`${name}${loaded} ${where}\n`);
  // What Hadoop answers, with or without -a, where its own library is not loaded.
  return 1;
}
