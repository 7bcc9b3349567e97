// Spark in local mode against ours and against Apache's cluster. If this fails, a job that wrote its tables to HDFS loses
// rows, or does not run, when it writes them to ours.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache, ours, run } from './apache.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { describeWithPython } from './support/python.ts';
import { Resident } from './support/resident.ts';

const TOUR = join(import.meta.dirname, 'python/spark_tour.py');
/** Half a gigabyte is fetched for it. */
const WHEN = 'TUSKFS_SPARK';

describeWithApache('Spark', () => {
  describeWithPython(
    'in local mode',
    ['pyspark==4.3.0'],
    (python) => {
      let directory: string;
      let apache: Resident;

      beforeAll(() => {
        directory = mkdtempSync(join(tmpdir(), 'tuskfs-spark-'));
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
        });
        try {
          const { code, stdout, stderr } = await run(python, [TOUR, cluster.uri], {
            cwd: directory,
            env: { HADOOP_USER_NAME: 'root' },
            timeoutMs: 240_000,
          });
          expect(code, stderr).toBe(0);
          const listed = await ours('hdfs', ['--config', cluster.client, 'dfs', '-ls', '-R', '-C', '/']);
          expect(listed.code, listed.stderr).toBe(0);
          // Names of Spark's files hold a number of the job.
          return stdout + listed.stdout.replaceAll(/part-(\d+)-[^/\n]*/g, 'part-$1');
        } finally {
          await cluster.stop();
        }
      };

      test('writes and reads the same tables on ours as on Apache’s cluster', async () => {
        const expected = await tour('apache');
        expect(expected).toContain('written 2 [(0, 16667');
        expect(await tour('ours')).toBe(expected);
      }, 600_000);
    },
    { onlyWhen: WHEN },
  );
});
