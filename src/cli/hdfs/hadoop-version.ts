// hdfs version, hadoop version.
import type { Terminal } from '../terminal.ts';
import { HADOOP_VERSION, VERSION } from '../version.ts';

/** The first line is Hadoop's, since scripts cut the version out of it. */
export function printVersion(terminal: Terminal): void {
  terminal.stdout.write(`Hadoop ${HADOOP_VERSION}\nThis command was run using tuskfs ${VERSION}\n`);
}
