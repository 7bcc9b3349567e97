// The Rust client (hdfs-native, by its Python binding) against ours and against Apache's cluster. If this fails, programs
// that read and write through it, query engines among them, get other answers or other bytes from ours.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRepeatable, run } from './apache.ts';
import { BothClusters } from './support/both-clusters.ts';
import type { Maker } from './support/mixed-cluster.ts';
import { describeWithPython } from './support/python.ts';

const TOUR = join(import.meta.dirname, 'python/native_tour.py');

describeRepeatable('the Rust client', () => {
  describeWithPython('hdfs-native', ['hdfs-native==0.14.7'], (python) => {
    let both: BothClusters;

    beforeAll(() => {
      both = new BothClusters('rust');
    });
    afterAll(() => both?.close());

    const tour = (maker: Maker): Promise<string> =>
      both.on(maker, { 'dfs.blocksize': '2097152' }, async (cluster) => {
        const { code, stdout, stderr } = await run(python, [TOUR, cluster.uri], {
          env: { HADOOP_CONF_DIR: cluster.client, HADOOP_USER_NAME: 'root' },
        });
        expect(stderr).toBe('');
        expect(code).toBe(0);
        return stdout;
      });

    test('gets from ours what it gets from Apache’s cluster', async () => {
      const expected = await tour('apache');
      expect(expected).toContain('read: True');
      expect(expected).toContain('read what was appended: True');
      expect(await tour('ours')).toBe(expected);
    }, 600_000);
  });
});
