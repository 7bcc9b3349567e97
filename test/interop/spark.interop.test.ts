// Spark in local mode against ours and against Apache's cluster. If this fails, a job that wrote its tables to HDFS loses
// rows, or does not run, when it writes them to ours.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache, ours, run } from './apache.ts';
import { BothClusters } from './support/both-clusters.ts';
import type { Maker } from './support/mixed-cluster.ts';
import { describeWithPython } from './support/python.ts';

const TOUR = join(import.meta.dirname, 'python/spark_tour.py');
/** Half a gigabyte is fetched for it. */
const WHEN = 'TUSKFS_SPARK';

describeWithApache('Spark', () => {
  describeWithPython(
    'in local mode',
    ['pyspark==4.3.0'],
    (python) => {
      let both: BothClusters;

      beforeAll(() => {
        both = new BothClusters('spark');
      });
      afterAll(() => both?.close());

      const tour = (maker: Maker): Promise<string> =>
        both.on(maker, {}, async (cluster) => {
          const { code, stdout, stderr } = await run(python, [TOUR, cluster.uri], {
            cwd: both.directory,
            env: { HADOOP_USER_NAME: 'root' },
            timeoutMs: 240_000,
          });
          expect(code, stderr).toBe(0);
          const listed = await ours('hdfs', ['--config', cluster.client, 'dfs', '-ls', '-R', '-C', '/']);
          expect(listed.code, listed.stderr).toBe(0);
          // Names of Spark's files hold a number of the job.
          return stdout + listed.stdout.replaceAll(/part-(\d+)-[^/\n]*/g, 'part-$1');
        });

      test('writes and reads the same tables on ours as on Apache’s cluster', async () => {
        const expected = await tour('apache');
        expect(expected).toContain('written 2 [(0, 16667');
        expect(await tour('ours')).toBe(expected);
      }, 600_000);
    },
    { onlyWhen: WHEN },
  );
});
