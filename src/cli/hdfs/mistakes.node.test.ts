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
  ['dfsadmin -fs h:1 -allowSnapshot /d', 255, 'allowSnapshot: snapshots are not built yet'],
  [
    'dfsadmin -fs h:1 -rollingUpgrade now',
    255,
    'rollingUpgrade: Failed to convert "now" to RollingUpgradeAction\nUsage: hdfs dfsadmin',
  ],
  ['dfsadmin -fs h:1 -rollingUpgrade query now', 255, 'Usage: hdfs dfsadmin [-rollingUpgrade [<query|prepare|finalize>]]'],
  ['dfsadmin -fs h:1 -provisionSnapshotTrash', 255, 'Usage: hdfs dfsadmin [-provisionSnapshotTrash <snapshotDir> [-all]]'],
  ['lsSnapshot', 1, 'Invalid no of arguments\nUsage: \nhdfs lsSnapshot <snapshotDir>:'],
  ['snapshotDiff /d s1', 1, 'Usage: \nhdfs snapshotDiff <snapshotDir> <from> <to>:'],
  ['dfsadmin -getDatanodeInfo nohost', 255, 'getDatanodeInfo: Does not contain a valid host:port authority: nohost'],
  ['dfsadmin -triggerBlockReport one', 255, 'triggerBlockReport: Does not contain a valid host:port authority: one'],
  ['dfsadmin -triggerBlockReport h:1 -namenode', 255, 'triggerBlockReport: option -namenode requires 1 argument.'],
  [
    'dfsadmin -getBalancerBandwidth localhost:1',
    255,
    'getBalancerBandwidth: Datanode unreachable. java.net.ConnectException: Call From ',
  ],
  ['dfsadmin -fs h:1 -listOpenFiles -path', 255, 'listOpenFiles: option -path requires 1 argument.'],
  ['dfsadmin -fs h:1 -setQuota 9223372036854775808 /d', 255, 'setQuota: For input string: "9223372036854775808"'],
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
])('hdfs %s', async (line, code, first) => {
  const terminal = testTerminal(directory);
  const words = ['--config', join(directory, 'conf'), ...line.split(' ')];
  const answer = await runHdfs('hdfs', () => host, terminal, words);
  const text = terminal.stdout.take() + terminal.stderr.take();
  expect({ answer, start: text.slice(0, first.length) }).toEqual({ answer: code, start: first });
});
