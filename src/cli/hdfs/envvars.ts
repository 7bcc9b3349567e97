// hdfs envvars: the directories in use, in the shell variables of Hadoop's scripts. What there is of Java's class paths and
// homes has no counterpart, and is left out. Apache: hdfs, subcommand envvars.
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';

const VARIABLES = ['HADOOP_HDFS_HOME', 'HADOOP_CONF_DIR', 'HADOOP_LOG_DIR'] as const;

export function printEnvironment(host: Host, terminal: Terminal): void {
  for (const name of VARIABLES) terminal.stdout.write(`${name}='${host.machine.env(name) ?? ''}'\n`);
}
