// If this failed, WebHDFS would answer something else than Hadoop's clients parse, or send them to another file.
import { expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { aclNamesProto, aclSpecProto } from '../client/acl.ts';
import { failure } from './answers.ts';
import { createOptions } from './data.ts';
import { decodedPath, operationNamed } from './handler.ts';
import { hashMap, treeMap, writeJson } from './java-json.ts';
import { quotaUsageJson } from './json.ts';
import { Query } from './parameters.ts';
import { redirectUrl } from './redirect-url.ts';
import { decodeValue, encodeValue, xattrNamed } from './xattrs.ts';

const query = (text: string): Query => new Query(new URLSearchParams(text));

test('the root has the quota that Hadoop’s has', () => {
  const usage = { fileAndDirectoryCount: 1, quota: 2 ** 63, spaceConsumed: 0, spaceQuota: 2 ** 64, typeQuotaInfos: undefined };
  expect(quotaUsageJson(usage)).toBe(
    '{"QuotaUsage":{"fileAndDirectoryCount":1,"quota":9223372036854775807,"spaceConsumed":0,"spaceQuota":-1,"typeQuota":{}}}',
  );
});

test('a file that is named with flags is made only where one of them says so', () => {
  const options = (...flags: readonly string[]) => createOptions(query(''), flags);
  expect(options()).toMatchObject({ mustExist: false, overwrite: false });
  expect(options('CREATE', 'OVERWRITE')).toMatchObject({ mustExist: false, overwrite: true });
  expect(options('OVERWRITE')).toMatchObject({ mustExist: true, overwrite: true });
});

test('JSON is Jackson’s, with the order of Java’s maps', () => {
  expect(writeJson(treeMap({ b: 1, a: [true, null, 'é"\u0001/'], c: undefined, B: 2n ** 63n }))).toBe(
    '{"B":9223372036854775808,"a":[true,null,"é\\"\\u0001/"],"b":1}',
  );
  expect(writeJson('\u001f\n')).toBe('"\\u001F\\n"');
  // A name that looks like an escape is not one.
  expect(writeJson('\\u00ab\\\u001f')).toBe('"\\\\u00ab\\\\\\u001F"');
  // As Hadoop 3.5.0 answers GETSTATUS and GETFILEBLOCKLOCATIONS.
  const names = ['length', 'offset', 'corrupt', 'storageTypes', 'cachedHosts', 'hosts', 'names', 'topologyPaths'];
  expect(Object.keys(hashMap(Object.fromEntries(names.map((name) => [name, 0]))))).toEqual([
    'topologyPaths',
    'corrupt',
    'cachedHosts',
    'names',
    'offset',
    'hosts',
    'length',
    'storageTypes',
  ]);
  expect(writeJson(treeMap(JSON.parse('{"__proto__":1}')))).toBe('{"__proto__":1}');
});

test('a failure has its class, its message and Hadoop’s status', () => {
  const body = (error: unknown) => JSON.parse(String(failure(error).body)).RemoteException;
  expect(failure(new HdfsError('ENOENT', 'gone')).status).toBe(404);
  expect(failure(new HdfsError('EINVALIDPATH', 'x')).status).toBe(400);
  expect(failure(new HdfsError('EACCES', 'x')).status).toBe(403);
  expect(failure(new Error('ours')).status).toBe(403);
  expect(body(new HdfsError('ENAMETOOLONG', 'long'))).toEqual({
    exception: 'PathComponentTooLongException',
    javaClassName: 'org.apache.hadoop.hdfs.protocol.FSLimitException$PathComponentTooLongException',
    message: 'long',
  });
});

test('paths are decoded once, and never into another name', () => {
  expect(decodedPath('/webhdfs/v1')).toBe('/');
  expect(decodedPath('/webhdfs/v1/a%2fb')).toBe('/a/b');
  expect(decodedPath('/webhdfs/v1/a%252f+b')).toBe('/a%2f+b');
  // The prefix may be escaped, too.
  expect(decodedPath('/%77ebhdfs/v1/a%2fb')).toBe('/a/b');
  expect(decodedPath('/webhdfs/v%31')).toBe('/');
  expect(() => decodedPath('/webhdfs/v1x')).toThrow(/Invalid path name/);
  expect(() => decodedPath('/webhdfs/v1/%00')).toThrow(/zero byte/);
  expect(() => decodedPath('/webhdfs/v1/%ff')).toThrow(/not UTF-8/);
  expect(() => decodedPath('/webhdfs/v1/%zz')).toThrow(/not UTF-8/);
});

test('operations belong to one HTTP method', () => {
  expect(operationNamed('GET', query('op=open'))).toBe('OPEN');
  expect(operationNamed('GET', query(''))).toBe('NULL');
  expect(() => operationNamed('GET', query('op=CREATE'))).toThrow(/CREATE is not a valid GET operation\./);
  expect(() => operationNamed('PUT', query('op=__proto__'))).toThrow(/__proto__ is not a valid PUT operation\./);
});

test('a redirect carries the path and parameters as Java escapes them', () => {
  const url = redirectUrl(
    { host: 'dn1', port: 9864, path: '/a b/é+&%', op: 'CREATE', namenode: 'nn:8020' },
    '/webhdfs/v1',
    query('user.name=a$&createflag=CREATE,OVERWRITE&permission=640&offset=9'),
    ['permission', 'createFlag', 'createParent'],
  );
  expect(url).toBe(
    'http://dn1:9864/webhdfs/v1/a%20b/%C3%A9+&%25?op=CREATE&user.name=a%2524&namenoderpcaddress=nn:8020' +
      '&createflag=CREATE%252COVERWRITE&createparent=true&permission=640',
  );
});

test('ACL entries and extended attributes are read as Hadoop reads them', () => {
  expect(aclSpecProto('user:ann:rw-,default:other::r--')).toEqual([
    { scope: 0, type: 0, permissions: 6, name: 'ann' },
    { scope: 1, type: 3, permissions: 4, name: undefined },
  ]);
  expect(aclNamesProto('group:g')).toEqual([{ scope: 0, type: 1, permissions: 0, name: 'g' }]);
  expect(() => aclSpecProto('user:ann')).toThrow('Invalid <aclSpec> : user:ann');
  expect(() => aclSpecProto('nobody:ann:rwx')).toThrow('Invalid type of acl in <aclSpec> :nobody:ann:rwx');
  expect(xattrNamed('User.a.b')).toMatchObject({ namespace: 0, name: 'a.b' });
  expect(() => xattrNamed('user.')).toThrow('XAttr name cannot be empty.');
  expect(() => xattrNamed('__proto__.x')).toThrow(/must be prefixed/);
  expect(decodeValue('0x6162').toString()).toBe('ab');
  expect(decodeValue('0sYWI=').toString()).toBe('ab');
  expect(decodeValue('"ab"').toString()).toBe('ab');
  expect(decodeValue('plain').toString()).toBe('plain');
  expect(() => decodeValue('0x6')).toThrow(/Odd number/);
  expect(encodeValue(Buffer.from('ab'), 'BASE64')).toBe('0sYWI=');
});
