// HBase in one JVM, on ours and on Apache's cluster. If this fails, a database that keeps its tables and logs in HDFS loses
// rows, or does not start, on ours. Its write-ahead log speaks to DataNodes by a client of HBase's own.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWithApache, runJava } from './apache.ts';
import { BothClusters } from './support/both-clusters.ts';
import type { Maker } from './support/mixed-cluster.ts';

/** A hundred megabytes are fetched for it, and it takes a minute. */
const WHEN = 'TUSKFS_HBASE';

if (process.env[WHEN] === undefined) {
  describe.skip(`HBase, which is tried where ${WHEN} is set`, () => {
    test('writes, flushes, compacts and recovers the same rows', () => {
      expect.unreachable();
    });
  });
} else {
  describeWithApache(
    'HBase',
    () => {
      let both: BothClusters;

      beforeAll(() => {
        both = new BothClusters('hbase');
      });
      afterAll(() => both?.close());

      const tour = (maker: Maker): Promise<readonly string[]> =>
        both.on(maker, {}, async (cluster) => {
          const local = join(both.directory, `hbase-${maker}`);
          const { code, stdout, stderr } = await runJava('HBaseTour.java', undefined, [cluster.uri, local], {
            jars: 'hbase',
            javaOptions: ['-Xmx1g'],
            env: { HADOOP_USER_NAME: 'root' },
          });
          expect(code, stderr.slice(-3000)).toBe(0);
          // HBase prints on the same output.
          return stdout.split('\n').filter((line) => /rows, sum|are left/.test(line));
        });

      test('writes, flushes, compacts and recovers the same rows on ours as on Apache’s cluster', async () => {
        const expected = await tour('apache');
        expect(expected).toHaveLength(4);
        expect(expected[2]).toMatch(/^started again: 2500 rows/);
        expect(await tour('ours')).toEqual(expected);
      }, 600_000);
    },
    'hbase',
  );
}
