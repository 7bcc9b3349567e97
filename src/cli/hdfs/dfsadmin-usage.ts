// How a wrong word of `hdfs dfsadmin` is answered.
import type { Terminal } from '../terminal.ts';

/** What a command of dfsadmin ends with that was refused. */
export const FAILED = 255;

/** Shows how the command is meant: its name with its options. */
export function usage({ stderr }: Terminal, words: string): number {
  stderr.write(`Usage: hdfs dfsadmin [${words}]\n`);
  return FAILED;
}
