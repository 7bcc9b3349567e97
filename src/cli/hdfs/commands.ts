// Every subcommand of Hadoop's `hdfs`, once: built, with what it does, or refused with the reason. hdfs.ts runs the built
// ones; COMPATIBILITY.md is made from this.

interface Built {
  readonly help: string;
}

interface Refused {
  /** Why it is not there. */
  readonly refused: string;
}

export type HdfsCommand = Built | Refused;

const built = (help: string): Built => ({ help });
const refused = (reason: string): Refused => ({ refused: reason });
const later = (feature: string): Refused => refused(`${feature} not built yet`);

export const HDFS_COMMANDS = {
  dfs: built('work with files'),
  namenode: built('run the NameNode; -format makes a new file system'),
  secondarynamenode: built('make checkpoints for a NameNode'),
  datanode: built('run a DataNode'),
  httpfs: built('run the HTTP gateway, WebHDFS on one port'),
  dfsadmin: built('look after a cluster'),
  debug: built('look at single replicas and leases'),
  groups: built('print the groups of users'),
  fsck: built('look at the blocks of files'),
  getconf: built('print values of the configuration'),
  oev: built('show an edit log file, or make one of its XML'),
  oiv: built('show an image of the namespace, or make one of its XML'),
  version: built('print the version'),
  balancer: later('the balancer is'),
  cacheadmin: built('list cache pools and directives'),
  classpath: built('print the path of Java classes, which is empty'),
  crypto: built('list encryption zones'),
  dfsrouter: later('the router is'),
  dfsrouteradmin: later('the router is'),
  diskbalancer: later('the disk balancer is'),
  ec: built('show erasure coding policies'),
  envvars: built('print the directories in use'),
  fetchdt: built('get a delegation token, or show those of a file'),
  fsImageValidation: later('the check of images is'),
  haadmin: later('failover between NameNodes is'),
  jmxget: built('print attributes of the beans of a daemon, from its /jmx'),
  journalnode: later('the JournalNode is'),
  lsSnapshot: built('list the snapshots of a directory'),
  lsSnapshottableDir: built('list the directories that may have snapshots'),
  mover: later('the mover is'),
  nfs3: refused('the NFS gateway is not supported'),
  oiv_legacy: refused('images older than Hadoop 2.4 cannot be read'),
  portmap: refused('the NFS gateway is not supported'),
  snapshotDiff: built('show what differs between snapshots of a directory'),
  sps: later('the storage policy satisfier is'),
  storagepolicies: built('list, show and set storage policies'),
  zkfc: later('failover between NameNodes is'),
} as const satisfies Readonly<Record<string, HdfsCommand>>;

export type HdfsCommandName = keyof typeof HDFS_COMMANDS;
/** Those that hdfs.ts has to run. */
export type BuiltCommand = {
  [K in HdfsCommandName]: (typeof HDFS_COMMANDS)[K] extends Built ? K : never;
}[HdfsCommandName];

/** Undefined: Hadoop has no such command. */
export function hdfsCommand(name: string): HdfsCommand | undefined {
  return Object.hasOwn(HDFS_COMMANDS, name) ? HDFS_COMMANDS[name as HdfsCommandName] : undefined;
}
