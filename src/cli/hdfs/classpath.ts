// hdfs classpath, hadoop classpath: the path of Java classes, which is empty: scripts put it in front of their own. Apache:
// hadoop_do_classpath_subcommand, and Classpath where there are words.
import type { Terminal } from '../terminal.ts';

const USAGE = `classpath [--glob|--jar PATH|-h|--help]
  Prints the path of Java classes, which is empty: nothing here is made of them.
    --glob      the same
    --jar PATH  a file of that path, which is refused
    -h, --help  this text

`;
const OPTIONS = ['--glob', '--jar'];

export function runClasspath({ stdout, stderr }: Terminal, args: readonly string[]): number {
  const [first] = args;
  if (first === undefined) {
    stdout.write('\n');
    return 0;
  }
  if (first === '-h' || first === '--help') {
    stdout.write(USAGE);
    return 0;
  }
  const end = args.findIndex((word) => !word.startsWith('-') || word === '-' || word === '--');
  const options = args.slice(0, end < 0 ? args.length : end);
  const rest = end < 0 ? [] : args.slice(args[end] === '--' ? end + 1 : end);
  if (options.some((option) => !OPTIONS.includes(option))) {
    stderr.write('unrecognized option\n');
    return 1;
  }
  if (options.includes('--glob')) {
    stdout.write('\n');
    return 0;
  }
  if (!options.includes('--jar')) return 0;
  const [path = ''] = rest;
  stderr.write(
    path === '' ? '-jar option requires path of jar file to write\n' : 'there are no Java classes to write a path of\n',
  );
  return 1;
}
