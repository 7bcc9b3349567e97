// If this failed, a daemon would read an operator's value wrongly, or a wrong one would pass unseen.
import { expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { Configuration, type Property } from './configuration.ts';
import { parseDuration, parseLong, parseSize } from './values.ts';

const environment = {
  env: (name: string) => ({ HOME_DIR: '/data/x', EMPTY: '' })[name],
  property: (name: string) => (name === 'user.name' ? 'ann' : undefined),
};

function fails(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(HdfsError);
    expect((error as HdfsError).code).toBe('EINVAL');
    return (error as HdfsError).message;
  }
  throw new Error('expected a failure');
}

test('defaults come from the declarations', () => {
  const configuration = new Configuration();
  expect(configuration.getInt('dfs.replication')).toBe(3);
  expect(configuration.getSize('dfs.blocksize')).toBe(128 * 1024 * 1024);
  expect(configuration.getDuration('dfs.heartbeat.interval')).toBe(3000);
  expect(configuration.getDuration('fs.trash.interval')).toBe(0);
  expect(configuration.getFloat('dfs.namenode.safemode.threshold-pct')).toBe(0.999);
  expect(configuration.getBoolean('dfs.datanode.synconclose')).toBe(true);
  expect(configuration.getStrings('dfs.nameservices')).toEqual([]);
  expect(configuration.get('dfs.namenode.rpc-address')).toBeUndefined();
});

test('numbers, sizes and lengths of time take the suffixes that Hadoop takes', () => {
  const [most, least] = ['9223372036854775807', '-9223372036854775808'];
  expect([most, least, '7e', '-8e'].map(parseLong)).toEqual([2 ** 63, -(2 ** 63), 7 * 2 ** 60, -(2 ** 63)]);
  expect(['9223372036854775808', '-9223372036854775809', '0x8000000000000000', '8e'].map(parseLong)).toEqual(
    Array(4).fill(undefined),
  );
  expect(['10', '0x1f', '4k', '2M', '3g', '1t', '-1', 'x', '1kk', ''].map(parseLong)).toEqual([
    10,
    31,
    4096,
    2 << 20,
    3 * 2 ** 30,
    2 ** 40,
    -1,
    undefined,
    undefined,
    undefined,
  ]);
  expect(['64mb', '512b', '-1', '5'].map(parseSize)).toEqual([64 << 20, 512, undefined, 5]);
  expect(parseDuration('30', 's')).toBe(30_000);
  expect(['30s', '5 m', '2h', '1d', '500', '100us', '7ns', '1.5s', 's'].map((text) => parseDuration(text, 'ms'))).toEqual([
    30_000,
    300_000,
    7_200_000,
    86_400_000,
    500,
    0.1,
    7e-6,
    undefined,
    undefined,
  ]);
});

test('a malformed value is refused with key, value and file', () => {
  const properties = new Map<string, Property>([
    ['dfs.replication', { value: 'three', source: '/etc/hadoop/hdfs-site.xml', final: false }],
  ]);
  const configuration = new Configuration(properties);
  expect(fails(() => configuration.getInt('dfs.replication'))).toBe(
    'dfs.replication is "three" (/etc/hadoop/hdfs-site.xml), but must be a whole number of 32 bits',
  );
  expect(fails(() => Configuration.of({ 'dfs.permissions.enabled': 'yes' }).getBoolean('dfs.permissions.enabled'))).toContain(
    'true or false',
  );
  expect(fails(() => Configuration.of({ 'dfs.replication': 2 ** 31 }).getInt('dfs.replication'))).toContain('32 bits');
  expect(fails(() => Configuration.of({}).require('dfs.nameservice.id'))).toBe('dfs.nameservice.id is not set');
});

test('an empty value counts as none', () => {
  expect(Configuration.of({ 'dfs.replication': ' ' }).getInt('dfs.replication')).toBe(3);
});

test('variables expand from keys, the environment and the user', () => {
  const configuration = Configuration.of(
    {
      base: '/d/${user.name}',
      a: '${base}/a',
      home: '${env.HOME_DIR}',
      orElse: '${env.NOPE-plan b}|${env.EMPTY:-full}|${env.EMPTY-unset}|',
      unknown: '${no.such}/x',
      self: '${self}x',
    },
    environment,
  );
  expect(configuration.get('a')).toBe('/d/ann/a');
  expect(configuration.get('home')).toBe('/data/x');
  expect(configuration.get('orElse')).toBe('${env.NOPE-plan b}|full||');
  expect(Configuration.of({ x: '${env.NOPE-b}|${env.EMPTY:-full}|${env.EMPTY-unset}|' }, environment).get('x')).toBe(
    'b|full||',
  );
  expect(configuration.get('unknown')).toBe('${no.such}/x');
  expect(configuration.get('self')).toBe('${self}x');
  expect(configuration.get('dfs.namenode.name.dir')).toBe('file:///tmp/hadoop-ann/dfs/name');
  expect(configuration.getStrings('dfs.namenode.edits.dir')).toEqual(['file:///tmp/hadoop-ann/dfs/name']);
});

test('expansion is bounded', () => {
  const circle = Configuration.of({ a: '${b}', b: '${c}', c: '${a}' });
  expect(fails(() => circle.get('a'))).toContain('more than 20 variables');
  const doubling: Record<string, string> = { v0: 'x'.repeat(1000) };
  for (let i = 1; i < 30; i++) doubling[`v${i}`] = `\${v${i - 1}}\${v${i - 1}}`;
  expect(fails(() => Configuration.of(doubling).get('v29'))).toContain('more than 20 variables');
  const twenty = Configuration.of({ x: 'y', all: '${x}'.repeat(20) });
  expect(twenty.get('all')).toBe('y'.repeat(20));
});

test('old names of keys still work', () => {
  const configuration = Configuration.of({ 'fs.default.name': 'hdfs://old:9000', 'dfs.block.size': '1m' });
  expect(configuration.get('fs.defaultFS')).toBe('hdfs://old:9000');
  expect(configuration.getSize('dfs.blocksize')).toBe(1 << 20);
  expect(configuration.get('fs.default.name')).toBe('hdfs://old:9000');
});
