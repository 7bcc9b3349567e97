// If this failed, a service like Hive could not act for its users, or anybody could act for the superuser.
import { expect, test } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { Configuration } from '../../config/configuration.ts';
import { Simulation } from '../../host/sim/index.ts';
import { RpcClient } from '../../rpc/client.ts';
import { Groups } from '../../security/groups.ts';
import { ProxyUsers } from '../../security/proxy-users.ts';
import { ClientNamenodeProtocol } from '../../wire/messages/client-namenode.ts';
import { TestNameNode } from './test-namenode.ts';

async function rules(keys: Readonly<Record<string, string>>): Promise<ProxyUsers> {
  const simulation = new Simulation({ seed: 1 });
  const { host } = simulation.node('nn');
  const staticMapping = new Map([
    ['ann', ['staff']],
    ['bob', ['guests']],
  ]);
  const proxyUsers = new ProxyUsers(host, new Groups(host, { staticMapping, cacheMs: 1000, negativeCacheMs: 1000 }));
  await simulation.run(proxyUsers.read(Configuration.of(keys)), 1000);
  return proxyUsers;
}

function refusal(proxyUsers: ProxyUsers, realUser: string, user: string, remoteHost = '10.1.2.3'): string | undefined {
  try {
    expect(proxyUsers.check({ user, realUser, remoteHost })).toBeUndefined();
    return undefined;
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EAUTHORIZE') return error.message;
    throw error;
  }
}

test('users, groups and machines all have to be named', async () => {
  const proxyUsers = await rules({
    'hadoop.proxyuser.hive.groups': 'staff, other',
    'hadoop.proxyuser.hive.hosts': '10.1.0.0/16, 192.168.0.1',
    'hadoop.proxyuser.oozie.server.users': 'bob',
    'hadoop.proxyuser.oozie.server.hosts': '*',
    'hadoop.proxyuser.nowhere.users': '*',
  });
  expect(refusal(proxyUsers, 'hive', 'ann')).toBeUndefined();
  expect(refusal(proxyUsers, 'hive', 'ann', '192.168.0.1')).toBeUndefined();
  expect(refusal(proxyUsers, 'hive', 'ann', '10.2.0.1')).toBe('Unauthorized connection for super-user: hive from IP /10.2.0.1');
  expect(refusal(proxyUsers, 'hive', 'bob')).toBe('User: hive is not allowed to impersonate bob');
  expect(refusal(proxyUsers, 'oozie.server', 'bob')).toBeUndefined();
  expect(refusal(proxyUsers, 'oozie.server', 'ann')).toBe('User: oozie.server is not allowed to impersonate ann');
  expect(refusal(proxyUsers, 'nowhere', 'ann')).toBe('Unauthorized connection for super-user: nowhere from IP /10.1.2.3');
  expect(refusal(proxyUsers, 'mallory', 'hdfs')).toBe('User: mallory is not allowed to impersonate hdfs');
});

test('a list of machines that is none is refused, and what was there goes on to count', async () => {
  const proxyUsers = await rules({ 'hadoop.proxyuser.hive.users': '*', 'hadoop.proxyuser.hive.hosts': '*' });
  const wrong = Configuration.of({ 'hadoop.proxyuser.hive.hosts': '10.0.0.0/33' });
  await expect(proxyUsers.read(wrong)).rejects.toMatchObject({ code: 'EILLEGAL' });
  expect(refusal(proxyUsers, 'hive', 'ann')).toBeUndefined();
});

test('what a connection does for another is that one’s, once its groups are known', async () => {
  const id = (args: readonly string[]) => ({ exitCode: 0, stdout: args.at(-1) === 'ann' ? 'staff\n' : 'guests\n', stderr: '' });
  const keys = { 'hadoop.proxyuser.hive.groups': 'staff', 'hadoop.proxyuser.hive.hosts': '*' };
  const nn = new TestNameNode(keys, 1, { id });
  await nn.format();
  const api = await nn.start();
  await api.mkdirs({ src: '/d', masked: { perm: 0o777 }, createParent: true });
  await api.setPermission({ src: '/d', permission: { perm: 0o777 } });
  const proxied = (user: string) =>
    new RpcClient(nn.simulation.node('client').host, {
      address: { host: 'nn', port: 8020 },
      protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
      user,
      realUser: 'hive',
    });
  const request = { src: '/d/of-ann', masked: { perm: 0o755 }, createParent: false };
  expect(await nn.within(proxied('ann').call(ClientNamenodeProtocol, 'mkdirs', request))).toEqual({ result: true });
  expect((await api.getFileInfo({ src: '/d/of-ann' })).fs?.owner).toBe('ann');
  await expect(nn.within(proxied('bob').call(ClientNamenodeProtocol, 'mkdirs', request))).rejects.toMatchObject({
    code: 'EAUTHORIZE',
    message: 'User: hive is not allowed to impersonate bob',
  });
});
