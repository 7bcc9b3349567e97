// Every subcommand of Hadoop's `hadoop`, once: built, with what it does, or refused with the reason. hdfs.ts runs the built
// ones; COMPATIBILITY.md is made from this. Those of `hdfs` work here too, as in Hadoop, with a warning.
import type { HdfsCommand } from './commands.ts';

const built = (help: string): HdfsCommand => ({ help });
const refused = (reason: string): HdfsCommand => ({ refused: reason });

const MAPREDUCE = refused(
  'it is a program of MapReduce or YARN; Apache’s own runs on hdfs:// and webhdfs:// paths of this cluster',
);
const KEYS = refused('it works with Java key stores and key servers; encryption zones are not built yet');
const KERBEROS = refused('Kerberos is not built yet');

export const HADOOP_COMMANDS = {
  fs: built('work with files'),
  version: built('print the version'),
  classpath: built('print the path of Java classes, which is empty'),
  jnipath: built('print the path of native libraries, which is empty'),
  envvars: built('print the directories in use'),
  checknative: built('show which native libraries are used'),
  conftest: built('look for mistakes in configuration files'),
  daemonlog: built('show or set how much a daemon logs'),
  archive: MAPREDUCE,
  'archive-logs': MAPREDUCE,
  distch: MAPREDUCE,
  distcp: MAPREDUCE,
  federationbalance: MAPREDUCE,
  gridmix: MAPREDUCE,
  jar: refused('it runs Java programs'),
  registrydns: MAPREDUCE,
  rumenfolder: MAPREDUCE,
  rumentrace: MAPREDUCE,
  credential: KEYS,
  key: KEYS,
  kms: refused('the key server is not part of this'),
  dtutil: refused('delegation tokens are not built yet'),
  kdiag: KERBEROS,
  kerbname: KERBEROS,
  s3guard: refused('it looks after tables of a cloud store'),
  trace: refused('spans of calls are not collected'),
} as const satisfies Readonly<Record<string, HdfsCommand>>;

export type HadoopCommandName = keyof typeof HADOOP_COMMANDS;

/** Undefined: `hadoop` has no such command of its own. */
export function hadoopCommand(name: string): HdfsCommand | undefined {
  return Object.hasOwn(HADOOP_COMMANDS, name) ? HADOOP_COMMANDS[name as HadoopCommandName] : undefined;
}
