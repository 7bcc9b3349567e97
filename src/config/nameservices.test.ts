// If this failed, a client or daemon would talk to the wrong NameNode, or to none, of a cluster with nameservices.
import { expect, test } from 'vitest';
import { Configuration } from './configuration.ts';
import {
  clientNameNodes,
  dataNodeNameservices,
  directoriesOf,
  nameNodeConfiguration,
  nameNodeIdentity,
  nameNodeRpcAddress,
  parseHostPort,
} from './nameservices.ts';

const ha = {
  'fs.defaultFS': 'hdfs://tusk',
  'dfs.nameservices': 'tusk,other',
  'dfs.ha.namenodes.tusk': 'nn1, nn2',
  'dfs.namenode.rpc-address.tusk.nn1': 'a:8020',
  'dfs.namenode.rpc-address.tusk.nn2': 'b',
  'dfs.namenode.servicerpc-address.tusk.nn2': 'b:8040',
  'dfs.namenode.http-address.tusk.nn2': 'b:1234',
  'dfs.namenode.rpc-address.other': 'c:8020',
};

test('a client finds one NameNode, or all those of a nameservice', () => {
  expect(clientNameNodes(Configuration.of({ 'fs.defaultFS': 'hdfs://h:1/x' })).namenodes).toEqual([
    { namenode: undefined, host: 'h', port: 1 },
  ]);
  expect(clientNameNodes(Configuration.of({}), 'hdfs://[::1]').namenodes).toEqual([
    { namenode: undefined, host: '::1', port: 8020 },
  ]);
  expect(clientNameNodes(Configuration.of(ha))).toEqual({
    nameservice: 'tusk',
    namenodes: [
      { namenode: 'nn1', host: 'a', port: 8020 },
      { namenode: 'nn2', host: 'b', port: 8020 },
    ],
  });
  expect(clientNameNodes(Configuration.of(ha), 'hdfs:///x').nameservice).toBe('tusk');
  expect(() => clientNameNodes(Configuration.of({}))).toThrow('fs.defaultFS is "file:///", which is no HDFS');
});

test('a DataNode finds every nameservice, service addresses first', () => {
  expect(dataNodeNameservices(Configuration.of(ha))).toEqual([
    {
      nameservice: 'tusk',
      namenodes: [
        { namenode: 'nn1', host: 'a', port: 8020 },
        { namenode: 'nn2', host: 'b', port: 8040 },
      ],
    },
    { nameservice: 'other', namenodes: [{ namenode: undefined, host: 'c', port: 8020 }] },
  ]);
  expect(dataNodeNameservices(Configuration.of({ ...ha, 'dfs.internal.nameservices': 'other' }))).toHaveLength(1);
  expect(dataNodeNameservices(Configuration.of({ 'fs.defaultFS': 'hdfs://h:1' }))).toEqual([
    { nameservice: undefined, namenodes: [{ namenode: undefined, host: 'h', port: 1 }] },
  ]);
});

test('a NameNode knows which one it is, and gets its own keys', () => {
  const base = Configuration.of(ha);
  const byId = nameNodeIdentity(base.with({ 'dfs.ha.namenode.id': 'nn2' }), () => false);
  expect(byId).toEqual({ nameservice: 'tusk', namenode: 'nn2' });
  expect(nameNodeIdentity(base, (host) => host === 'a')).toEqual({ nameservice: 'tusk', namenode: 'nn1' });
  expect(() => nameNodeIdentity(base, () => true)).toThrow('more than one NameNode');
  const own = nameNodeConfiguration(base, byId);
  expect(own.get('dfs.namenode.http-address')).toBe('b:1234');
  expect(own.get('fs.defaultFS')).toBe('hdfs://b');
  expect(nameNodeRpcAddress(own)).toEqual({ host: 'b', port: 8020 });
});

test('directories may be paths or file URIs', () => {
  const configuration = Configuration.of({ 'dfs.namenode.name.dir': 'file:///a/b%20c, /d,file:/e' });
  expect(directoriesOf(configuration, 'dfs.namenode.name.dir')).toEqual(['/a/b c', '/d', '/e']);
  expect(() => directoriesOf(Configuration.of({ 'dfs.namenode.name.dir': 's3://x' }), 'dfs.namenode.name.dir')).toThrow(
    'local',
  );
});

test('addresses that are none are refused by the key’s name', () => {
  for (const text of ['', 'h', 'h:x', 'h:99999', 'a b:1', ':1', '[::1:1'])
    expect(() => parseHostPort(text, 'k')).toThrow('k is');
});

test('a file system is named as Hadoop has always taken it, too', () => {
  const addressOf = (name: string) => clientNameNodes(Configuration.of({ 'fs.defaultFS': name })).namenodes;
  expect(addressOf('nn.example:8020')).toEqual(addressOf('hdfs://nn.example:8020'));
  expect(() => addressOf('local')).toThrow('fs.defaultFS is "file:///", which is no HDFS');
});
