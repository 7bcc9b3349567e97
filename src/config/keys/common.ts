// Keys of core-site.xml that are not about RPC: file system, groups, trash, topology, web server.
import { bool, duration, int, type KeyTable, list, long, text } from '../key.ts';

export const COMMON_KEYS = {
  'fs.defaultFS': text('file:///', 'File system of paths without a scheme; for HDFS hdfs://HOST:PORT or hdfs://NAMESERVICE.', {
    deprecated: ['fs.default.name'],
  }),
  'hadoop.tmp.dir': text(`/tmp/hadoop-${'$'}{user.name}`, 'Base of the directories that are not set themselves.'),
  'fs.permissions.umask-mode': text('022', 'Mode bits that a new file or directory does not get, in octal.'),
  'fs.trash.interval': duration('m', '0', 'How long removed files stay in the trash; 0 turns the trash off.'),
  'fs.trash.checkpoint.interval': duration('m', '0', 'How often the trash is emptied; 0 means fs.trash.interval.'),
  'fs.trash.clean.trashroot.enable': bool(
    'false',
    'Whether the emptier also removes what lies in a trash root beside its checkpoints.',
  ),
  'fs.df.interval': duration('ms', '60000', 'How often a DataNode asks for the free space of a volume.'),
  'fs.du.interval': duration('ms', '600000', 'How often a DataNode counts the space its blocks take; 0 means once.'),
  'fs.getspaceused.jitterMillis': duration('ms', '60000', 'By how much at most that comes earlier or later.'),
  'io.file.buffer.size': int('4096', 'Bytes of a buffer for reads and writes of files.'),
  'file.stream-buffer-size': int('4096', 'Bytes of a buffer for local files.'),
  'file.bytes-per-checksum': int('512', 'Bytes covered by one checksum of a local file.'),
  'hadoop.security.authentication': text('simple', 'How users prove who they are: simple or kerberos.'),
  'hadoop.security.authorization': bool('false', 'Whether service level authorization is checked.'),
  'hadoop.security.groups.cache.secs': duration('s', '300', 'How long the groups of a user are remembered.'),
  'hadoop.security.groups.negative-cache.secs': duration('s', '30', 'How long it is remembered that a user has no groups.'),
  'hadoop.security.groups.shell.command.timeout': duration(
    's',
    '0s',
    "Bound on the command that lists a user's groups; 0 means ten seconds, where Hadoop waits for ever.",
  ),
  'hadoop.user.group.static.mapping.overrides': text('dr.who=;', 'Fixed groups: user=group,group;user=group.'),
  'hadoop.security.token.service.use_ip': bool('true', 'Whether a token names its service by address rather than by name.'),
  'hadoop.security.sensitive-config-keys': list(
    'secret$,password$,ssl.keystore.pass$,fs.s3a.*.key,fs.azure.account.key.*,credential$,oauth.*secret,oauth.*password,oauth.*token,hadoop.security.sensitive-config-keys',
    'Patterns of keys whose values are not shown.',
    { differs: 'Hadoop lists the keys of its cloud connectors one by one.' },
  ),
  'hadoop.caller.context.enabled': bool('false', 'Whether the context a caller sends is written into the audit log.'),
  'hadoop.caller.context.max.size': int('128', 'Bytes of a caller context that are kept.'),
  'hadoop.caller.context.signature.max.size': int('40', "Bytes of a caller context's signature; a longer one is dropped."),
  'hadoop.http.staticuser.user': text('dr.who', 'User that a web page acts for when nobody has logged in.'),
  'hadoop.http.idle_timeout.ms': duration('ms', '60000', 'How long an idle web connection is kept.'),
  'hadoop.prometheus.endpoint.enabled': bool('true', 'Whether /prom answers.', {
    differs: 'Hadoop leaves it off; the page costs nothing until it is read.',
  }),
  'hadoop.service.shutdown.timeout': duration('s', '30s', 'How long a daemon may take to stop in good order.'),
  'net.topology.script.file.name': text(undefined, 'Program that prints the rack of each address in its arguments.'),
  'net.topology.script.number.args': int('100', 'Addresses given to one run of the topology program.'),
  'net.topology.table.file.name': text(undefined, 'File with an address and its rack on each line.'),
  'net.topology.node.switch.mapping.impl': text(
    'org.apache.hadoop.net.ScriptBasedMapping',
    'Where racks come from: org.apache.hadoop.net.ScriptBasedMapping or org.apache.hadoop.net.TableMapping.',
  ),
  'hadoop.shell.safely.delete.limit.num.files': long('100', 'rm -safely asks before removing a directory with more files.'),
  'hadoop.shell.missing.defaultFs.warning': bool('false', 'Whether the shell warns when fs.defaultFS is not set.'),
} as const satisfies KeyTable;
