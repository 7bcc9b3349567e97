// If this failed, a wrong parameter of a WebHDFS request would do something else than be refused in Hadoop's words.
import { expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { clamped, type ParameterName, plainPath, Query } from './parameters.ts';

const query = (text: string): Query => new Query(new URLSearchParams(text));

const refusal = (text: string, parameter: ParameterName): string => {
  try {
    query(text).get(parameter);
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EILLEGAL') return error.message;
    throw error;
  }
  return 'taken';
};

const wrong = (name: string, reason: string): string =>
  `Invalid value for webhdfs parameter "${name}": java.lang.IllegalArgumentException: ${reason}`;

test('numbers are taken in their radix and range', () => {
  expect(query('permission=1777').get('permission')).toBe(0o1777);
  expect(query('offset=9223372036854775807').get('offset')).toBe(2n ** 63n - 1n);
  expect(query('').get('offset')).toBe(0n);
  expect(query('length=null').get('length')).toBeUndefined();
  expect(query('length=').get('length')).toBeUndefined();
  expect(refusal('permission=8', 'permission')).toBe(wrong('permission', 'Failed to parse "8" as a radix-8 short integer.'));
  expect(refusal('permission=2000', 'permission')).toBe(
    wrong('permission', 'Invalid parameter range: permission = 2000 > 1777'),
  );
  expect(refusal('offset=-1', 'offset')).toBe(wrong('offset', 'Invalid parameter range: offset = -1 < 0'));
  expect(refusal('offset=9223372036854775808', 'offset')).toContain('as a radix-10 long integer.');
  expect(refusal(`offset=${'9'.repeat(100_000)}`, 'offset')).toContain('as a radix-10 long integer.');
  expect(refusal('replication=32768', 'replication')).toContain('as a radix-10 short integer.');
  expect(refusal('buffersize=1.5', 'bufferSize')).toContain('as a radix-10 integer.');
  expect(clamped(2n ** 63n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
});

test('names, words and sets are held to what Hadoop knows', () => {
  expect(query('createflag=overwrite, create').get('createFlag')).toEqual(['CREATE', 'OVERWRITE']);
  expect(refusal('createflag=NOPE', 'createFlag')).toBe(
    wrong('createflag', 'No enum constant org.apache.hadoop.fs.CreateFlag.NOPE'),
  );
  expect(query('recursive=TRUE').of('recursive')).toBe(true);
  expect(query('').of('createParent')).toBe(true);
  expect(refusal('overwrite=yes', 'overwrite')).toBe(wrong('overwrite', 'Failed to parse "yes" to Boolean.'));
  expect(refusal('user.name=a/b', 'user')).toContain('does not belong to the domain ^[A-Za-z_][A-Za-z0-9._-]*[$]?$');
  expect(refusal('fsaction=rwz', 'fsAction')).toBe(
    wrong('fsaction', 'Invalid value: "rwz" does not belong to the domain [r-][w-][x-]'),
  );
  expect(refusal('destination=x', 'destination')).toContain('destination = "x" is not an absolute path.');
  expect(query('destination=/a//b/').get('destination')).toBe('/a/b');
  expect(refusal('aclspec=nope', 'aclSpec')).toContain('does not belong to the domain ^(default:)?');
  expect(query('aclspec=user:ann:rw-,default:group::r-x').get('aclSpec')).toBe('user:ann:rw-,default:group::r-x');
});

test('of a parameter given twice the first counts, in any case, and none is an object’s own', () => {
  expect(query('Owner=a&owner=b').get('owner')).toBe('a');
  expect(query('__proto__=x&constructor=y').raw('toString')).toBeUndefined();
  expect(new Query(new URLSearchParams('offset=x'), { names: false }).raw('offset')).toBe('x');
});

test('a destination is made plain as Hadoop’s Path makes it', () => {
  const cases = ['/a//b/', '/a/./b/.', '/a/../b', '/../a', '/a/../../b', '//host/a', '//host', '///a', '/'];
  expect(cases.map(plainPath)).toEqual(['/a/b', '/a/b', '/b', '/../a', '/../b', '/a', '', '/a', '/']);
});
