// The Rust client (hdfs-native, by its Python binding) against ours and against Apache's cluster. If this fails, programs
// that read and write through it, query engines among them, get other answers or other bytes from ours.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache, run } from './apache.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { describeWithPython } from './support/python.ts';
import { Resident } from './support/resident.ts';

const TOUR = join(import.meta.dirname, 'python/native_tour.py');

describeWithApache('the Rust client', () => {
  describeWithPython('hdfs-native', ['hdfs-native==0.14.7'], (python) => {
    let directory: string;
    let apache: Resident;

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'tuskfs-rust-'));
      apache = new Resident(directory);
    });
    afterAll(async () => {
      await apache?.close();
      rmSync(directory, { recursive: true, force: true });
    });

    const tour = async (maker: Maker): Promise<string> => {
      const cluster = await MixedCluster.start({
        directory: join(directory, maker),
        apache,
        makers: [maker, maker, maker, maker],
        keys: { 'dfs.blocksize': '2097152' },
      });
      try {
        const { code, stdout, stderr } = await run(python, [TOUR, cluster.uri], {
          env: { HADOOP_CONF_DIR: cluster.client, HADOOP_USER_NAME: 'root' },
        });
        expect(stderr).toBe('');
        expect(code).toBe(0);
        return stdout;
      } finally {
        await cluster.stop();
      }
    };

    test('gets from ours what it gets from Apache’s cluster', async () => {
      const expected = await tour('apache');
      expect(expected).toContain('read: True');
      expect(expected).toContain('read what was appended: True');
      expect(await tour('ours')).toBe(expected);
    }, 180_000);
  });
});
