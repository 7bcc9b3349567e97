// hdfs envvars: the directories in use, in the shell variables of Hadoop's scripts. What there is of Java's class paths and
// homes has no counterpart, and is left out. Apache: hdfs, subcommand envvars.
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';

/** `directory`: of the configuration. */
export function printEnvironment(host: Host, terminal: Terminal, directory: string | undefined): void {
  const values = {
    HADOOP_HDFS_HOME: host.machine.env('HADOOP_HDFS_HOME'),
    HADOOP_CONF_DIR: directory,
    HADOOP_LOG_DIR: host.machine.env('HADOOP_LOG_DIR'),
  };
  for (const [name, value = ''] of Object.entries(values)) terminal.stdout.write(`${name}='${value}'\n`);
}
