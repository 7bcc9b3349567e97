// If this fails, a script that looks at the exit code of a mistaken command goes on where it stopped with Hadoop's.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeHost } from '../../host/node/index.ts';
import { testTerminal } from '../testing.ts';
import { runHdfs } from './hdfs.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tuskfs-mistakes-'));
  mkdirSync(join(directory, 'conf'));
  writeFileSync(join(directory, 'small'), 'hello\nworld\n');
  writeFileSync(join(directory, 'broken.xml'), '<configuration><property>');
  writeFileSync(
    join(directory, 'good.xml'),
    '<configuration><property><name>dfs.blocksize</name><value>777</value></property></configuration>',
  );
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const host = nodeHost({ logLevel: 'error' });
const NOT_HDFS = 'FileSystem file:/// is not an HDFS file system. The fs class is: org.apache.hadoop.fs.LocalFileSystem';

test.each([
  ['getconf --conf none.xml -confKey dfs.blocksize', 0, '134217728'],
  ['getconf -conf none.xml -confKey dfs.blocksize', 0, '134217728'],
  ['dfs -conf none.xml -ls /', 1, 'java.lang.RuntimeException: file:'],
  ['namenode -conf none.xml -format', 1, 'java.lang.RuntimeException: file:'],
  ['getconf -conf=good.xml -confKey dfs.blocksize', 0, '777'],
  ['getconf -conf broken.xml -confKey dfs.blocksize', 1, 'java.lang.RuntimeException: '],
  ['getconf -conf . -confKey dfs.blocksize', 1, 'java.lang.RuntimeException: '],
  [
    'getconf -fs hdfs:// -confKey dfs.blocksize',
    1,
    'java.lang.IllegalArgumentException: Expected authority at index 7: hdfs://',
  ],
  ['getconf -fs -conf -confKey dfs.blocksize', 255, 'usage: general options are:'],
  ['getconf -files none -confKey dfs.blocksize', 1, 'java.io.FileNotFoundException: File none does not exist'],
  ['getconf -files good.xml -confKey dfs.blocksize', 0, '134217728'],
  ['getconf -libjars none -confKey dfs.blocksize', 1, 'java.io.FileNotFoundException: File none does not exist'],
  ['getconf -archives good.xml,none#x -confKey dfs.blocksize', 1, 'java.io.FileNotFoundException: File none#x does not exist'],
  ['getconf -tokenCacheFile none -confKey dfs.blocksize', 1, 'java.io.FileNotFoundException: File file:'],
  ['dfsadmin -fs file:/// -safemode get', 255, `safemode: ${NOT_HDFS}`],
  ['dfsadmin -fs file:/// -rollEdits', 255, `rollEdits: ${NOT_HDFS}`],
  ['dfsadmin -fs nosuch://x -safemode get', 255, 'safemode: No FileSystem for scheme "nosuch"'],
  ['dfsadmin -fs -safemode get', 255, 'get: Unknown command'],
  ['dfsadmin -fs localhost:1 -allowSnapshot /d', 255, 'allowSnapshot: snapshots are not built yet'],
  [
    'dfsadmin -fs localhost:1 -rollingUpgrade now',
    255,
    'rollingUpgrade: Failed to convert "now" to RollingUpgradeAction\nUsage: hdfs dfsadmin',
  ],
  [
    'dfsadmin -fs localhost:1 -rollingUpgrade query now',
    255,
    'Usage: hdfs dfsadmin [-rollingUpgrade [<query|prepare|finalize>]]',
  ],
  [
    'dfsadmin -fs localhost:1 -provisionSnapshotTrash',
    255,
    'Usage: hdfs dfsadmin [-provisionSnapshotTrash <snapshotDir> [-all]]',
  ],
  ['lsSnapshot', 1, 'Invalid no of arguments\nUsage: \nhdfs lsSnapshot <snapshotDir>:'],
  ['snapshotDiff /d s1', 1, 'Usage: \nhdfs snapshotDiff <snapshotDir> <from> <to>:'],
  ['dfsadmin -getDatanodeInfo nohost', 255, 'getDatanodeInfo: Does not contain a valid host:port authority: nohost'],
  ['dfsadmin -triggerBlockReport -nosuch', 1, 'You must specify a host:port pair.\n'],
  ['dfsadmin -triggerBlockReport -nosuch h:1', 1, "Can't understand arguments: -nosuch\n"],
  [
    'dfsadmin -triggerBlockReport h:1 -namenode two',
    255,
    'triggerBlockReport: Does not contain a valid host:port authority: two\n',
  ],
  ['dfsadmin -getDatanodeInfo localhost:99999', 255, 'getDatanodeInfo: port out of range:99999\n'],
  ['dfsadmin -GETBALANCERBANDWIDTH', 255, 'Usage: hdfs dfsadmin [-getBalancerBandwidth '],
  ['dfsadmin -fs localhost:1 -ALLOWSNAPSHOT /d', 255, 'ALLOWSNAPSHOT: snapshots are not built yet'],
  ['dfsadmin -fs localhost:1 -allowSnapshot', 255, 'Usage: hdfs dfsadmin [-allowSnapshot <snapshotDir>]'],
  ['dfsadmin -fs localhost:1 -refresh two key', 255, 'refresh: Does not contain a valid host:port authority: two\n'],
  ['dfsadmin -fs localhost:1 -setQuota -1 /d', 255, 'setQuota: Illegal option -1\n'],
  ['dfsadmin -fs localhost:1 -clrSpaceQuota -storageType', 255, 'clrSpaceQuota: option -storageType requires 1 argument.\n'],
  ['dfsadmin -fs localhost:1 -setBalancerBandwidth 0x10', 255, 'NumberFormatException: For input string: "0x10"\n'],
  ['dfsadmin -fs localhost:1 -setBalancerBandwidth 100e', 255, 'setBalancerBandwidth: 100e does not fit in a Long\n'],
  [
    'dfsadmin -fs localhost:1 -provisionSnapshotTrash ',
    255,
    'provisionSnapshotTrash: Can not create a Path from an empty string\n',
  ],
  ['dfsadmin -triggerBlockReport one', 255, 'triggerBlockReport: Does not contain a valid host:port authority: one'],
  ['dfsadmin -triggerBlockReport h:1 -namenode', 255, 'triggerBlockReport: option -namenode requires 1 argument.'],
  [
    'dfsadmin -getBalancerBandwidth localhost:1',
    255,
    'getBalancerBandwidth: Datanode unreachable. java.net.ConnectException: Call From ',
  ],
  ['dfsadmin -fs localhost:1 -listOpenFiles -path', 255, 'listOpenFiles: option -path requires 1 argument.'],
  ['dfsadmin -fs localhost:1 -setQuota 9223372036854775808 /d', 255, 'setQuota: For input string: "9223372036854775808"'],
  ['dfsadmin -D ipc.client.connect.max.retries=0 -fs hdfs://localhost:1 -fetchImage .', 255, 'fetchImage: Call From '],
  [
    'groups -fs file:/// root',
    1,
    'java.lang.IllegalArgumentException: Invalid URI for NameNode address (check fs.defaultFS): file:/// has no authority.',
  ],
  [
    'groups -fs nosuch://x root',
    1,
    "java.lang.IllegalArgumentException: Invalid URI for NameNode address (check fs.defaultFS): nosuch://x is not of scheme 'hdfs'.",
  ],
  [
    'dfsadmin -fs localhost:1 -reconfig datanode nosuchnodes status',
    255,
    'reconfig: Does not contain a valid host:port authority: nosuchnodes\n',
  ],
  ['dfsadmin -fs nosuch.invalid -safemode get', 255, 'safemode: java.net.UnknownHostException: nosuch.invalid\n'],
  ['groups -fs nosuch.invalid root', 1, 'java.lang.IllegalArgumentException: java.net.UnknownHostException: nosuch.invalid\n'],
  ['dfs -fs nosuch.invalid -ls /', 255, '-ls: java.net.UnknownHostException: nosuch.invalid\n'],
  ['dfs -fs localhost:1 -ls hdfs://nosuch.invalid/', 255, '-ls: java.net.UnknownHostException: nosuch.invalid\n'],
  ['dfs -fs localhost:1 -expunge -fs nosuch.invalid', 255, '-expunge: java.net.UnknownHostException: nosuch.invalid\n'],
  ['dfs -fs /w -ls /', 255, '-ls: No scheme in default FS: /w\n'],
  ['fsck -D /w', 255, 'Usage: hdfs fsck <path>'],
  ['oiv -i good.xml -p FileDistribution -maxSize x', 1, 'java.lang.NumberFormatException: For input string: "x"\n'],
  [
    'oiv -i good.xml -p FileDistribution -step 3000000000',
    1,
    'java.lang.NumberFormatException: For input string: "3000000000"\n',
  ],
  ['oiv -i good.xml -p XML -m x', 1, 'java.lang.NumberFormatException: For input string: "x"\n'],
  [
    'oiv -i good.xml -p Web -addr localhost:x',
    1,
    'java.lang.IllegalArgumentException: Does not contain a valid host:port authority: localhost:x\n',
  ],
  ['oiv -i good.xml -p XML', 255, 'Encountered exception.  Exiting: '],
  ['oiv -i good.xml', 255, 'Encountered exception.  Exiting: '],
  ['oev -i conf -o out.xml', 255, 'Encountered exception. Exiting: '],
  ['oev -i small -o out.xml -r', 255, 'Encountered exception. Exiting: '],
  ['fsck -files /w', 255, 'Usage: hdfs fsck <path>'],
  ['fsck --help', 0, 'Usage: hdfs fsck <path>'],
  ['namenode -help', 0, 'Usage: hdfs namenode '],
  ['namenode -help -format', 1, 'Usage: hdfs namenode '],
  ['namenode -genclusterid', 0, 'Generated new cluster id: CID-'],
  ['namenode -bootstrapStandby', 1, 'namenode -bootstrapStandby: standby NameNodes are not built yet'],
  ['datanode -h', 0, 'Usage: hdfs datanode '],
  ['datanode -regular -rollback', 1, 'Usage: hdfs datanode '],
  ['datanode --rack /r', 1, '-r, --rack arguments are not supported anymore. '],
  ['getconf --help', 0, 'hdfs getconf is utility '],
  ['groups -h', 0, 'Usage: hdfs groups [username ...]'],
  ['lsSnapshot ', 1, 'java.lang.IllegalArgumentException: Can not create a Path from an empty string\n'],
  ['snapshotDiff  a b', 1, 'java.lang.IllegalArgumentException: Can not create a Path from an empty string\n'],
  ['fsck -fs nosuch.invalid /', 1, 'java.lang.IllegalArgumentException: java.net.UnknownHostException: nosuch.invalid\n'],
  ['fsck -fs localhost:1 file:///', 0, 'FileSystem is file:///\nDFSck exiting.\n'],
  [
    'fsck -fs localhost:1 file:///none-such',
    0,
    'FileSystem is inaccessible due to:\njava.io.FileNotFoundException: File file:/none-such does not exist\nDFSck exiting.\n',
  ],
  [
    'fsck nosuch://x/w',
    0,
    'FileSystem is inaccessible due to:\norg.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme "nosuch"\nDFSck exiting.\n',
  ],
  [
    'fsck -D ipc.client.connect.max.retries=0 hdfs://localhost:1/w',
    0,
    'FileSystem is inaccessible due to:\njava.net.ConnectException: Call From ',
  ],
  ['ec -fs nosuch.invalid -listPolicies', 255, 'IllegalArgumentException: java.net.UnknownHostException: nosuch.invalid\n'],
  ['crypto -fs nosuch.invalid -listZones', 255, 'IllegalArgumentException: java.net.UnknownHostException: nosuch.invalid\n'],
  ['storagepolicies -help', 1, '[-listPolicies]'],
  ['storagepolicies -help setStoragePolicy', 0, '[-setStoragePolicy -path <path> -policy <policy>]'],
  [
    'storagepolicies -help nosuch',
    1,
    "Unknown command 'nosuch'.\nValid help command names are:\nlistPolicies, setStoragePolicy, getStoragePolicy, unsetStoragePolicy, satisfyStoragePolicy\n",
  ],
  ['storagepolicies -help -listPolicies x', 1, 'You must give exactly one argument to -help.\n'],
  [
    'storagepolicies -fs localhost:1 -getStoragePolicy -path',
    255,
    'IllegalArgumentException: option -path requires 1 argument.\n',
  ],
  [
    'storagepolicies -fs localhost:1 -setStoragePolicy -path /d',
    1,
    'Please specify the policy name.\nUsage: [-setStoragePolicy ',
  ],
  [
    'storagepolicies -fs localhost:1 -setStoragePolicy -path /d -policy',
    255,
    'IllegalArgumentException: option -policy requires 1 argument.\n',
  ],
  [
    'storagepolicies -fs localhost:1 -setStoragePolicy -path file:///tmp -policy HOT',
    2,
    "UnsupportedOperationException: RawLocalFileSystem doesn't support setStoragePolicy\n",
  ],
  [
    'storagepolicies -fs localhost:1 -unsetStoragePolicy -path file:///tmp',
    2,
    "UnsupportedOperationException: RawLocalFileSystem doesn't support unsetStoragePolicy\n",
  ],
  ['storagepolicies -satisfyStoragePolicy', 1, 'Please specify the path for setting the storage policy.\n'],
  [
    'storagepolicies -fs nosuch://x -listPolicies',
    1,
    'org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme "nosuch"\n',
  ],
  ['ec -fs localhost:1 -getPolicy -path', 255, 'IllegalArgumentException: option -path requires 1 argument.\n'],
  ['ec -fs localhost:1 -getPolicy -path /d x', 1, '-getPolicy: Too many arguments\n'],
  ['ec -fs localhost:1 -getPolicy -path file:///tmp', 255, `IllegalArgumentException: ${NOT_HDFS}\n`],
  ['ec -fs file:/// -listPolicies', 255, `IllegalArgumentException: ${NOT_HDFS}\n`],
  ['ec -addPolicies', 1, 'Please specify the path with -policyFile.\n'],
  [
    'ec -fs localhost:1 -verifyClusterSetup -policy',
    255,
    'NotEnoughArgumentsException: Not enough arguments: expected 1 but got 0\n',
  ],
  ['ec -fs localhost:1 -verifyClusterSetup -policy -x', 255, 'UnknownOptionException: Illegal option -x\n'],
  ['ec -help nosuch', 1, "Unknown command 'nosuch'."],
  ['crypto -createZone', 1, 'You must specify a path with -path.\n'],
  ['crypto -createZone -path /d', 1, 'You must specify a key name with -keyName.\n'],
  ['crypto -createZone -path /d -keyName k x', 1, "Can't understand argument: x\n"],
  ['crypto -createZone -path /d -keyName k', 2, 'encryption zones are not built yet\n'],
  ['crypto -provisionTrash', 255, 'IllegalArgumentException: Can not create a Path from a null string\n'],
  ['crypto -reencryptZone', 2, 'You must specify either [-start] or [-cancel]. \n'],
  ['crypto -reencryptZone -start', 3, 'You must specify a zone directory with [-path]. \n'],
  ['crypto -fs file:/// -listZones', 255, "IllegalArgumentException: 'file:///' is not an HDFS URI.\n"],
  ['cacheadmin -addPool', 1, 'You must specify a name when creating a cache pool.\n'],
  ['cacheadmin -addPool -owner o', 255, 'IllegalArgumentException: option -owner requires 1 argument.\n'],
  ['cacheadmin -addPool p -mode 8', 255, 'NumberFormatException: For input string: "8" under radix 8\n'],
  [
    'cacheadmin -addPool p -defaultReplication 70000',
    255,
    'NumberFormatException: Value out of range. Value:"70000" Radix:10\n',
  ],
  [
    'cacheadmin -addPool p -maxTtl 5x',
    1,
    'Error while parsing maxTtl value: Unable to parse relative time value of 5x: unknown time unit x\n',
  ],
  ['cacheadmin -addPool p q', 1, "Can't understand arguments: q\n"],
  ['cacheadmin -addPool p', 2, 'centralized cache management is not built yet\n'],
  ['cacheadmin -modifyPool', 1, 'You must specify a name when creating a cache pool.\n'],
  ['cacheadmin -modifyPool p', 1, 'You must specify at least one attribute to change in the cache pool.\n'],
  ['cacheadmin -removePool', 1, 'You must specify a name when deleting a cache pool.\n'],
  ['cacheadmin -addDirective', 1, 'You must specify a path with -path.\n'],
  ['cacheadmin -addDirective -path', 255, 'IllegalArgumentException: option -path requires 1 argument.\n'],
  [
    'cacheadmin -addDirective -path /d -pool p -ttl never -replication x',
    255,
    'NumberFormatException: For input string: "x"\n',
  ],
  ['cacheadmin -removeDirective', 1, 'You must specify a directive ID to remove.\n'],
  ['cacheadmin -removeDirective x', 1, 'Invalid directive ID x: expected a numeric value.\n'],
  ['cacheadmin -removeDirective 0', 1, 'Invalid directive ID 0: ids must be greater than 0.\n'],
  ['cacheadmin -removeDirectives', 1, 'You must specify a path with -path.\n'],
  ['cacheadmin -modifyDirective', 1, 'You must specify a directive ID with -id.\n'],
  ['cacheadmin -modifyDirective -id 1', 1, 'No modifications were specified.\n'],
  ['cacheadmin -fs file:/// -listPools', 255, `IllegalArgumentException: ${NOT_HDFS}\n`],
  ['debug recoverLease -path', 1, 'RuntimeException: java.lang.IllegalArgumentException: option -path requires 1 argument.\n'],
  [
    'debug recoverLease -path ',
    1,
    'RuntimeException: java.lang.IllegalArgumentException: Can not create a Path from an empty string\n',
  ],
  ['debug recoverLease -path /f -retries x', 1, 'Failed to parse the argument to -retries: java.lang.NumberFormatException: '],
  ['debug verifyEC -file', 1, 'verifyEC -file <file>'],
  ['debug -fs file:/// verifyEC -file /f', 1, `RuntimeException: java.lang.IllegalArgumentException: ${NOT_HDFS}\n`],
])('hdfs %s', async (line, code, first) => {
  const terminal = testTerminal(directory);
  const words = ['--config', join(directory, 'conf'), ...line.split(' ')];
  const answer = await runHdfs('hdfs', () => host, terminal, words);
  const text = terminal.stdout.take() + terminal.stderr.take();
  expect({ answer, start: text.slice(0, first.length) }).toEqual({ answer: code, start: first });
});

test('a format names the keys that change nothing, as the start of a daemon does; the shell keeps quiet about them', async () => {
  const lines: string[] = [];
  const telling = nodeHost({ logWrite: (line) => lines.push(line) });
  const terminal = testTerminal(directory);
  const keys = '-D dfs.namenode.name.dri=/nowhere';
  const name = `-D dfs.namenode.name.dir=${join(directory, 'name')} -D fs.defaultFS=hdfs://localhost:20501`;
  const run = (line: string): Promise<number> =>
    runHdfs('hdfs', () => telling, terminal, ['--config', join(directory, 'conf'), ...line.split(' ')]);
  expect(await run(`namenode ${name} -metadataVersion`)).toBe(1);
  expect(await run(`namenode ${keys} ${name} -format -nonInteractive`)).toBe(0);
  expect(lines.join('\n')).toContain(
    'dfs.namenode.name.dri (command line) is not known and changes nothing; the nearest that is known: dfs.namenode.name.dir',
  );
  terminal.stdout.take();
  expect(await run(`namenode ${name} -metadataVersion`)).toBe(0);
  expect(terminal.stdout.take()).toBe('HDFS Image Version: -67\nSoftware format version: -67\n');
  terminal.stderr.take();
  lines.length = 0;
  expect(await run(`dfs ${keys} -ls file://${directory}/conf`)).toBe(0);
  expect([lines, terminal.stderr.take()]).toEqual([[], '']);
});
