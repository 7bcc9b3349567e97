// hdfs ec and dfsadmin: Apache's commands and ours, of Apache's cluster and of ours. If this fails, an operator, or a script
// that reads what the commands print or their exit codes, is told other things of the same cluster.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache } from './apache.ts';
import { runOurs } from './support/cli-shells.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';

const MAKERS: readonly Maker[] = ['apache', 'ours'];

/** NAMENODE and DATANODE stand for the RPC addresses of a cluster's NameNode and of its first DataNode. */
const COMMANDS = `
ec
ec -nope
ec nope
ec -listPolicies
ec -listPolicies x
ec -listCodecs
ec -listCodecs x
ec -getPolicy
ec -getPolicy -path /
ec -getPolicy -path /d/f
ec -getPolicy -path /d -x
ec -getPolicy -path /nope
ec -setPolicy
ec -setPolicy -path /d -policy RS-6-3-1024k -replicate
ec -unsetPolicy
ec -enablePolicy
ec -removePolicy -policy x y
ec -verifyClusterSetup
ec -verifyClusterSetup x
ec -verifyClusterSetup -policy XOR-2-1-1024k
ec -verifyClusterSetup -policy RS-3-2-1024k XOR-2-1-1024k
ec -getPolicy -path
ec -getPolicy -path file:///
ec -addPolicies
ec -verifyClusterSetup -policy
ec -verifyClusterSetup -policy -x
ec -help nope
storagepolicies
storagepolicies -getStoragePolicy -path
storagepolicies -setStoragePolicy -path /d
storagepolicies -setStoragePolicy -path /d -policy
storagepolicies -setStoragePolicy -path file:/// -policy HOT
storagepolicies -unsetStoragePolicy -path file:///
storagepolicies -satisfyStoragePolicy
storagepolicies -satisfyStoragePolicy -path /d
storagepolicies -satisfyStoragePolicy -path /nope
storagepolicies -satisfyStoragePolicy -path file:///
storagepolicies -help nope
storagepolicies -help a b
crypto -createZone
crypto -createZone -path /d
crypto -provisionTrash
crypto -provisionTrash x
crypto -reencryptZone
crypto -reencryptZone -start
crypto -getFileEncryptionInfo
crypto -getFileEncryptionInfo -path
crypto -fs file:/// -listZones
crypto -help nope
cacheadmin -addPool
cacheadmin -addPool -owner o
cacheadmin -addPool p -mode 8
cacheadmin -addPool p -maxTtl 5x
cacheadmin -modifyPool
cacheadmin -modifyPool p
cacheadmin -removePool
cacheadmin -addDirective
cacheadmin -addDirective -path
cacheadmin -addDirective -path /d
cacheadmin -addDirective -path /d -pool p -replication x
cacheadmin -removeDirective
cacheadmin -removeDirective x
cacheadmin -removeDirective 0
cacheadmin -removeDirectives
cacheadmin -modifyDirective
cacheadmin -modifyDirective -id x
cacheadmin -modifyDirective -id 1
cacheadmin -listDirectives -id x
cacheadmin -fs file:/// -listPools
cacheadmin -help nope
debug verifyEC -file /nope
debug verifyEC -file /d
debug verifyEC -file /d/f
debug recoverLease -path /d/f -retries -1
debug recoverLease -retries 3
debug recoverLease -path file:///
fsck -D x
fsck file:///
fsck nosuch://x/y
fsck hdfs://nosuch.invalid/
fsck -fs file:/// /
fsck relative
dfs -fs nosuch.invalid -ls /
dfs -fs /d -ls /
dfs -expunge -fs nosuch.invalid
dfs -expunge -fs /d
dfsadmin -fs nosuch.invalid -safemode get
dfsadmin -fs file:/// -rollEdits
dfsadmin -fs nosuch://x -rollEdits
dfsadmin -reconfig datanode nope status
dfsadmin -listOpenFiles -path
dfsadmin -listOpenFiles -path relative
dfsadmin -setQuota 9223372036854775808 /d
dfsadmin -setBalancerBandwidth 9223372036854775808
dfsadmin -refreshNodes
dfsadmin -refreshNodes x
dfsadmin -refreshServiceAcl
dfsadmin -refreshServiceAcl x
dfsadmin -refreshUserToGroupsMappings
dfsadmin -refreshSuperUserGroupsConfiguration
dfsadmin -refreshCallQueue
dfsadmin -refresh NAMENODE
dfsadmin -refresh NAMENODE something
dfsadmin -reconfig namenode NAMENODE
dfsadmin -reconfig namenode NAMENODE nope
dfsadmin -reconfig namenode NAMENODE status
dfsadmin -reconfig namenode NAMENODE properties
dfsadmin -reconfig namenode livenodes start
dfsadmin -reconfig journalnode NAMENODE start
dfsadmin -reconfig journalnode NAMENODE status
dfsadmin -reconfig journalnode NAMENODE properties
dfsadmin -reconfig datanode DATANODE status
dfsadmin -reconfig datanode DATANODE properties
dfsadmin -reconfig datanode livenodes status
dfsadmin -reconfig datanode decomnodes status
dfsadmin -setBalancerBandwidth 1048576
dfsadmin -setBalancerBandwidth -1
dfsadmin -setBalancerBandwidth x
dfsadmin -setBalancerBandwidth
dfsadmin -getBalancerBandwidth
dfsadmin -triggerBlockReport
dfsadmin -triggerBlockReport DATANODE
dfsadmin -triggerBlockReport -incremental DATANODE
dfsadmin -triggerBlockReport DATANODE -namenode NAMENODE
dfsadmin -triggerBlockReport DATANODE x
dfsadmin -triggerBlockReport a b c d e f
dfsadmin -evictWriters DATANODE
dfsadmin -getVolumeReport
dfsadmin -getVolumeReport DATANODE
dfsadmin -getDatanodeInfo DATANODE
dfsadmin -getDatanodeInfo
dfsadmin -refreshNamenodes
dfsadmin -deleteBlockPool DATANODE
dfsadmin -deleteBlockPool DATANODE BP-1-127.0.0.1-1
dfsadmin -deleteBlockPool DATANODE BP-1-127.0.0.1-1 force
dfsadmin -deleteBlockPool DATANODE BP-1-127.0.0.1-1 nope
dfsadmin -listOpenFiles
dfsadmin -listOpenFiles -path /nope
dfsadmin -listOpenFiles a b c d
dfsadmin -metasave
dfsadmin -printTopology
dfsadmin -rollEdits x
dfsadmin -report -slownodes
dfsadmin -report a b c d e f g h
dfsadmin -shutdownDatanode
dfsadmin -shutdownDatanode DATANODE nope
dfsadmin -safemode nope
dfsadmin -safemode
dfsadmin -nope
`
  .trim()
  .split('\n');

describeWithApache('hdfs ec and dfsadmin', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-admin-'));
  const clusters = new Map<Maker, MixedCluster>();
  let apache: Resident;

  const clusterOf = (maker: Maker): MixedCluster => {
    const cluster = clusters.get(maker);
    if (cluster === undefined) throw new Error(`no cluster of ${maker}`);
    return cluster;
  };

  beforeAll(async () => {
    apache = new Resident(directory);
    writeFileSync(join(directory, 'file'), 'file\n');
    for (const maker of MAKERS) {
      const cluster = await MixedCluster.start({
        directory: join(directory, maker),
        apache,
        makers: [maker, maker, maker],
      });
      clusters.set(maker, cluster);
      await apache.must(cluster.client, 'dfs', ['-mkdir', '-p', '/d']);
      await apache.must(cluster.client, 'dfs', ['-put', join(directory, 'file'), '/d/f']);
    }
  }, 600_000);
  afterAll(async () => {
    for (const cluster of clusters.values()) await cluster.stop();
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What no two clusters, and no two moments, have in common. */
  const general = (text: string, cluster: MixedCluster): string =>
    text
      .replaceAll(cluster.directory, 'CLUSTER')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
      .replaceAll(/ipc\.\d+\./g, 'ipc.PORT.')
      .replaceAll(/((?:\w+ )?Capacity(?: \w+)?|DFS \w+|Reserved Space for Replicas): .*/g, '$1: BYTES')
      .replaceAll(/Uptime: \d+/g, 'Uptime: N')
      .replaceAll(
        /^(Rack: .*\n)((?: {3}.*\n)+)/gm,
        (_all, rack: string, nodes: string) => rack + nodes.split('\n').sort().join('\n'),
      );

  /** Usage is in our own words: of errors only the lines before it count. */
  const firstErrors = (text: string): string => {
    const lines = text.split('\n').filter((line) => line !== '' && !/ WARN |SLF4J|^\t(?:at |\.{3} )|^Caused by: /.test(line));
    const usage = lines.findIndex((line) => /^Usage: /.test(line));
    return lines.slice(0, usage < 0 ? undefined : usage).join('\n') + (usage < 0 ? '' : '\nusage');
  };

  const said = async (command: Maker, of: Maker, line: string): Promise<string> => {
    const cluster = clusterOf(of);
    const dataNode = `127.0.0.1:${cluster.basePort + 4}`;
    const words = line.replaceAll('NAMENODE', `127.0.0.1:${cluster.basePort}`).replaceAll('DATANODE', dataNode).split(' ');
    const [tool = '', ...args] = words;
    const { code, stdout, stderr } =
      command === 'apache'
        ? await apache.run(cluster.client, tool, args)
        : await runOurs(cluster.client, directory, tool, args);
    return `exit ${code}\n${general(stdout, cluster)}\n--- errors\n${firstErrors(general(stderr, cluster))}`;
  };

  test.each(COMMANDS)('%s', async (line) => {
    const expected = await said('apache', 'apache', line);
    expect(await said('apache', 'ours', line), 'Apache’s command of our cluster').toBe(expected);
    expect(await said('ours', 'ours', line), 'our command of our cluster').toBe(expected);
    expect(await said('ours', 'apache', line), 'our command of Apache’s cluster').toBe(expected);
  });
});
