// If these fail, paths lead elsewhere, modes are wrong, a failover stops or spins, or checksums differ from Hadoop's.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Configuration } from '../config/configuration.ts';
import { delayAfter } from './delays.ts';
import { md5OfBlocks } from './file-checksum.ts';
import { isWithin, join, nameOf, parentOf, resolvePath } from './paths.ts';
import { clientSettings, parseUmask } from './settings.ts';

const settings = clientSettings(new Configuration());

describe('paths', () => {
  const rules = { home: '/user/ann', authorities: ['ns1', 'host:8020'] };

  it('are made absolute and clean', () => {
    expect(resolvePath('a/b', rules)).toBe('/user/ann/a/b');
    expect(resolvePath('/a//b/./c/../d/', rules)).toBe('/a/b/d');
    expect(resolvePath('/..', rules)).toBe('/');
    expect(resolvePath('/a/..', rules)).toBe('/');
    expect(resolvePath('/a/.', rules)).toBe('/a');
    expect(resolvePath('/a/', rules)).toBe('/a');
    for (const clean of ['/', '/a', '/.a/..b/...', '/a\nb/.../c.']) expect(resolvePath(clean, rules)).toBe(clean);
    expect(() => resolvePath('/a\0b', rules)).toThrow('zero byte');
    expect(resolvePath('hdfs://ns1/x y', rules)).toBe('/x y');
    expect(resolvePath('hdfs:///x', rules)).toBe('/x');
    expect(resolvePath('hdfs://host:8020', rules)).toBe('/');
    expect(resolvePath(new URL('hdfs://ns1/a%20b'), rules)).toBe('/a b');
    expect(resolvePath('/a:b/c', rules)).toBe('/a:b/c');
  });

  it('of another file system are refused', () => {
    expect(() => resolvePath('hdfs://other/x', rules)).toThrow('Wrong FS');
    expect(() => resolvePath('s3://ns1/x', rules)).toThrow('Wrong FS');
    expect(() => resolvePath('', rules)).toThrow('empty');
  });

  it('have parents and names', () => {
    expect([parentOf('/a/b'), parentOf('/a'), parentOf('/')]).toEqual(['/a', '/', '/']);
    expect([nameOf('/a/b'), join('/', 'a'), join('/a', 'b')]).toEqual(['b', '/a', '/a/b']);
    expect([isWithin('/a/b', '/a'), isWithin('/ab', '/a'), isWithin('/a', '/')]).toEqual([true, false, true]);
  });
});

describe('settings', () => {
  it('read a umask in both notations', () => {
    expect(parseUmask('022')).toBe(0o022);
    expect(parseUmask('u=rwx,g=rx,o=')).toBe(0o027);
    expect(() => parseUmask('u+x')).toThrow('fs.permissions.umask-mode');
  });

  it('believe the server’s defaults for as long as is set', () => {
    expect(settings.defaultsValidMs).toBe(3_600_000);
    expect(clientSettings(Configuration.of({ 'dfs.client.server-defaults.validity.period.ms': '5s' })).defaultsValidMs).toBe(
      5000,
    );
  });

  it('ask DataNodes for nothing about their pages unless a file sets it', () => {
    const empty = { dropBehind: undefined, readahead: undefined };
    expect(settings).toMatchObject({ readCaching: empty, writeCaching: { dropBehind: undefined } });
    const keys = {
      'dfs.client.cache.drop.behind.reads': true,
      'dfs.client.cache.drop.behind.writes': false,
      'dfs.client.cache.readahead': 0,
    };
    expect(clientSettings(Configuration.of(keys))).toMatchObject({
      readCaching: { dropBehind: true, readahead: 0 },
      writeCaching: { dropBehind: false },
    });
  });

  it('leave block size and replication to the server unless a file sets them', () => {
    expect(settings.blockSize).toBeUndefined();
    expect(clientSettings(Configuration.of({ 'dfs.blocksize': '1m', 'dfs.replication': 2 }))).toMatchObject({
      blockSize: 1048576,
      replication: 2,
    });
    expect(() => clientSettings(Configuration.of({ 'dfs.checksum.type': 'MD5' }))).toThrow('dfs.checksum.type');
  });
});

describe('waiting for the last block', () => {
  it('begins quickly and lasts about as long as with Hadoop', () => {
    const delays: number[] = [];
    for (let attempt = 0; ; attempt++) {
      const delay = delayAfter(attempt, settings);
      if (delay === undefined) break;
      delays.push(delay);
    }
    expect(delays.slice(0, 3)).toEqual([1, 2, 5]);
    expect(delays.at(-1)).toBe(6400);
    const total = delays.reduce((sum, delay) => sum + delay, 0);
    expect(total).toBeGreaterThan(12_000);
    expect(total).toBeLessThan(13_500);
  });
});

describe('checksum of a file', () => {
  it('hashes the zeros of the buffer that Hadoop collects the blocks in', () => {
    const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
    const one = Buffer.alloc(16, 7);
    expect(md5OfBlocks([one]).toString('hex')).toBe(md5(Buffer.concat([one, Buffer.alloc(16)])));
    expect(md5OfBlocks([one, one]).toString('hex')).toBe(md5(Buffer.concat([one, one])));
    expect(md5OfBlocks([one, one, one]).toString('hex')).toBe(md5(Buffer.concat([one, one, one, Buffer.alloc(16)])));
  });
});
