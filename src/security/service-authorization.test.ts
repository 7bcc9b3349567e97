// If this failed, hadoop-policy.xml would keep nobody out, or everybody.
import { expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { Configuration } from '../config/configuration.ts';
import { Simulation } from '../host/sim/index.ts';
import { Groups } from './groups.ts';
import { ServiceAuthorization } from './service-authorization.ts';

const CLIENT = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';
const DATANODE = 'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol';

async function rules(keys: Readonly<Record<string, string>>) {
  const simulation = new Simulation({ seed: 1 });
  const { host } = simulation.node('nn');
  const staticMapping = new Map([
    ['ann', ['staff']],
    ['bob', ['guests']],
  ]);
  const service = new ServiceAuthorization(host, new Groups(host, { staticMapping, cacheMs: 1000, negativeCacheMs: 1000 }));
  const read = (values: Readonly<Record<string, string>>) => simulation.run(service.read(Configuration.of(values)), 1000);
  await read(keys);
  const refusal = (user: string, protocol = CLIENT, remoteHost = '10.1.2.3', realUser?: string): string | undefined => {
    try {
      expect(service.check({ user, realUser, protocol, remoteHost })).toBeUndefined();
      return undefined;
    } catch (error) {
      if (error instanceof HdfsError && error.code === 'EAUTHORIZE') return error.message;
      throw error;
    }
  };
  return { service, read, refusal };
}

test('nobody is asked while it is switched off', async () => {
  const { service, refusal } = await rules({ 'security.client.protocol.acl': 'nobody' });
  expect(refusal('ann')).toBeUndefined();
  expect(refusal('ann', 'no.such.Protocol')).toBeUndefined();
  await expect(service.refresh(() => Promise.resolve(Configuration.of({})))).rejects.toMatchObject({
    message: 'Service Level Authorization not enabled!',
  });
});

test('users and groups of a protocol may use it, but for those that are blocked', async () => {
  const { refusal } = await rules({
    'hadoop.security.authorization': 'true',
    'security.client.protocol.acl': 'carol,dave staff',
    'security.client.protocol.acl.blocked': 'dave',
  });
  const denied = (who: string, protocol = CLIENT) =>
    `User ${who} is not authorized for protocol interface ${protocol}: denied by configured ACL`;
  expect(refusal('carol')).toBeUndefined();
  expect(refusal('ann')).toBeUndefined();
  expect(refusal('bob')).toBe(denied('bob (auth:SIMPLE)'));
  expect(refusal('dave')).toBe(denied('dave (auth:SIMPLE)'));
  expect(refusal('bob', CLIENT, '10.1.2.3', 'hive')).toBe(denied('bob (auth:PROXY) via hive (auth:SIMPLE)'));
  // A blank at the beginning: no users, and groups behind it.
  const groups = await rules({ 'hadoop.security.authorization': 'true', 'security.client.protocol.acl': ' staff' });
  expect(groups.refusal('ann')).toBeUndefined();
  expect(groups.refusal('bob')).toBe(denied('bob (auth:SIMPLE)'));
  // What has no list of its own goes by the default one: everybody.
  expect(refusal('bob', DATANODE)).toBeUndefined();
  expect(refusal('bob', 'no.such.Protocol')).toBe('Unknown protocol: no.such.Protocol');
});

test('machines are listed and blocked alike, and defaults hold for all protocols', async () => {
  const { read, refusal } = await rules({
    'hadoop.security.authorization': 'true',
    'security.client.protocol.hosts': '10.1.0.0/16',
    'security.client.protocol.hosts.blocked': '10.1.2.4',
  });
  expect(refusal('bob')).toBeUndefined();
  const kept = (host: string) => `Host ${host} is not authorized for protocol interface ${CLIENT}`;
  expect(refusal('bob', CLIENT, '10.1.2.4')).toBe(kept('10.1.2.4'));
  expect(refusal('bob', CLIENT, '10.2.0.1')).toBe(kept('10.2.0.1'));
  await read({ 'hadoop.security.authorization': 'true', 'security.service.authorization.default.acl': 'ann' });
  expect(refusal('ann', DATANODE)).toBeUndefined();
  expect(refusal('bob', DATANODE)).toContain('denied by configured ACL');
});
