// If these fail, a misspelt key is passed over in silence, and an operator believes in a setting that nobody reads.
import { expect, test } from 'vitest';
import { Configuration } from './configuration.ts';
import { describeIdle, describeUnknown, idleKeys, nearestKey, unknownKeys } from './unknown-keys.ts';

const names = (values: Readonly<Record<string, string>>): readonly string[] =>
  unknownKeys(Configuration.of(values)).map(({ name }) => name);

test('misspelt keys are named with the key that is meant', () => {
  const [wrong, ...others] = unknownKeys(Configuration.of({ 'dfs.replicaton': '2', 'dfs.replication': '2' }));
  expect(others).toEqual([]);
  expect(wrong).toEqual({ name: 'dfs.replicaton', source: 'command line', nearest: 'dfs.replication' });
  expect(wrong && describeUnknown(wrong)).toBe(
    'dfs.replicaton (command line) is not known and changes nothing; the nearest that is known: dfs.replication',
  );
  expect(nearestKey('dfs.namenode.name.dri')).toBe('dfs.namenode.name.dir');
  expect(nearestKey('dfs.blocksizes')).toBe('dfs.blocksize');
  expect(nearestKey('dfs.something.that.is.like.nothing.else.here')).toBeUndefined();
});

test('keys that stand for a nameservice, a user or a port are known, and those of other programs left alone', () => {
  expect(
    names({
      'dfs.nameservices': 'one',
      'dfs.ha.namenodes.one': 'a,b',
      'dfs.namenode.rpc-address.one.a': 'h:1',
      'dfs.namenode.rpc-address.other.a': 'h:1',
      'hadoop.proxyuser.hive.hosts': '*',
      'ipc.8020.callqueue.impl': 'x',
      'dfs.client.failover.proxy.provider.one': 'x',
      'yarn.nodemanager.aux-services': 'x',
      'fs.s3a.endpoint': 'x',
      'io.compression.codecs': 'x',
    }),
  ).toEqual(['dfs.namenode.rpc-address.other.a']);
});

test('every key that is declared is known', () => {
  expect(unknownKeys(Configuration.of({}))).toEqual([]);
});

test('a known key that has no effect is named when it is set to something else than its default', () => {
  const values = { 'dfs.datanode.drop.cache.behind.reads': 'true', 'dfs.http.policy': 'HTTP_ONLY', 'dfs.replication': '2' };
  expect(idleKeys(Configuration.of(values)).map(describeIdle)).toEqual([
    'dfs.datanode.drop.cache.behind.reads (command line) has no effect: the system reads ahead and drops pages as it finds right',
  ]);
});
