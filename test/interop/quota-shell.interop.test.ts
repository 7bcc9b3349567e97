// Quotas, storage policies and open files by Apache's commands and by ours, on one cluster of ours. If this fails, a script
// that reads what Hadoop's commands print, or their exit codes, reads something else from ours.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster, describeWithApache } from './apache.ts';
import { runOurs } from './support/cli-shells.ts';
import { Resident } from './support/resident.ts';

/** Words parted by spaces. What they change is changed twice, by Apache's command first: the second finds it done. */
const COMMANDS = `
dfsadmin -setQuota 10 /q /q/d
dfsadmin -setQuota 1k /q/d
dfsadmin -setQuota 0 /q
dfsadmin -setQuota x1 /q
dfsadmin -setQuota 5z /q
dfsadmin -setQuota 10
dfsadmin -setQuota 10 /none /q/f /q
dfsadmin -setQuota 10 /q/nothing*
dfsadmin -setSpaceQuota 5m /q
dfsadmin -setSpaceQuota 5.5 /q
dfsadmin -setSpaceQuota 0 /q/d
dfsadmin -setSpaceQuota 2m -storageType SSD /q
dfsadmin -setSpaceQuota 3m -storageType disk /q
dfsadmin -setSpaceQuota 2m -storageType TAPE /q
dfsadmin -setSpaceQuota 2m -storageType RAM_DISK /q
dfs -count -q -v /q /q/d /q/f
dfs -count -q -h /q
dfs -count -u -v /q /q/d
dfs -count -u -h /q
dfs -count -q -t all -v /q
dfs -count -q -t ssd,disk -v /q /q/d
dfs -count -u -t ram_disk,archive -v -h /q
dfs -count -q -t tape /q
dfs -count -q -x -v /q
dfs -count -e -u -v /q/d
dfsadmin -clrSpaceQuota -storageType SSD /q
dfsadmin -clrSpaceQuota /q/d
dfsadmin -clrQuota /q/d /none
dfsadmin -clrQuota
dfs -count -q /q /q/d
storagepolicies -listPolicies
storagepolicies -setStoragePolicy -path /q/d -policy ALL_SSD
storagepolicies -setStoragePolicy -path /q/d -policy TAPE
storagepolicies -setStoragePolicy -path /none -policy HOT
storagepolicies -getStoragePolicy -path /q/d
storagepolicies -getStoragePolicy -path /q
storagepolicies -getStoragePolicy -path /none
storagepolicies -unsetStoragePolicy -path /q/d
storagepolicies -unsetStoragePolicy -path /none
dfsadmin -listOpenFiles
dfsadmin -listOpenFiles -path /q
dfsadmin -listOpenFiles -blockingDecommission
dfsadmin -printTopology
dfsadmin -setBalancerBandwidth 1m
dfsadmin -setBalancerBandwidth -5
dfsadmin -restoreFailedStorage check
`
  .trim()
  .split('\n');

describeWithApache('commands of quotas and policies', () => {
  const local = mkdtempSync(join(tmpdir(), 'tuskfs-quota-shell-'));
  let cluster: Cluster;
  let apache: Resident;

  beforeAll(async () => {
    apache = new Resident(local);
    cluster = await Cluster.start({ datanodes: 1, ours: ['nn', 'dn'] });
    writeFileSync(join(local, 'small'), 'small\n');
    await apache.must(cluster.clientConf, 'dfs', ['-mkdir', '-p', '/q/d']);
    await apache.must(cluster.clientConf, 'dfs', ['-put', join(local, 'small'), '/q/f']);
  });
  afterAll(async () => {
    await Promise.allSettled([apache?.close(), cluster?.stop()]);
    rmSync(local, { recursive: true, force: true });
  });

  test.each(COMMANDS)('%s', async (line) => {
    const [command = '', ...args] = line.split(' ');
    const theirs = await apache.run(cluster.clientConf, command, args);
    const { code, stdout, stderr } = await runOurs(cluster.clientConf, local, command, args);
    expect(stdout).toBe(theirs.stdout);
    // The usage behind the first lines is in our own words.
    const first = (text: string): readonly string[] =>
      text.split('\n').filter((each) => /^-?\w+: /.test(each) && !each.startsWith('Usage'));
    expect([first(stderr), code]).toEqual([first(theirs.stderr), theirs.code]);
  });
});
