// Python's WebHDFS clients (HdfsCLI, fsspec, and pyarrow through it) against Apache's NameNode, ours, and our HttpFS. If this
// fails, scripts and notebooks get other answers or other bytes from ours, or stop with an exception.
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRepeatable, run } from './apache.ts';
import { BothClusters } from './support/both-clusters.ts';
import { startHttpFs } from './support/httpfs.ts';
import type { MixedCluster } from './support/mixed-cluster.ts';
import { describeWithPython } from './support/python.ts';

const PACKAGES = ['hdfs==2.7.3', 'fsspec==2026.9.0', 'requests==2.34.2', 'pyarrow==26.0.1'];
const ME = userInfo().username;
const KEYS = {
  'dfs.replication': '2',
  'dfs.blocksize': '2097152',
  [`hadoop.proxyuser.${ME}.hosts`]: '*',
  [`hadoop.proxyuser.${ME}.users`]: '*',
};

/** Steps that fail alike, but whose words are those of a NameNode with Apache and of a client of the file system in HttpFS. */
const OWN_WORDS =
  /^((?:read behind the end|read nothing|append to nothing|cat nothing|acl entries removed|acl that is none): \w+: ).*$/gm;
/** HttpFS, Hadoop's too, gives files the mode of directories where none is asked for. */
const FILE_MODES: Readonly<Record<string, string>> = { 644: '755', 664: '775', 'group::r--': 'group::r-x' };
const FILE_MODE = /\b6[46]4\b|group::r--/g;

interface Outputs {
  readonly hdfs: string;
  readonly fsspec: string;
}

describeRepeatable('Python’s clients of WebHDFS', () => {
  describeWithPython('hdfs, fsspec and pyarrow', PACKAGES, (python) => {
    let both: BothClusters;

    beforeAll(() => {
      both = new BothClusters('python');
    });
    afterAll(() => both?.close());

    const tour = async (name: string, args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await run(python, [join(import.meta.dirname, 'python', name), ...args]);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      return stdout;
    };
    const tours = async (port: number): Promise<Outputs> => ({
      hdfs: await tour('webhdfs_tour.py', [`http://127.0.0.1:${port}`, ME]),
      fsspec: await tour('fsspec_tour.py', ['127.0.0.1', String(port), ME]),
    });
    const throughHttpFs = async (cluster: MixedCluster): Promise<Outputs> => {
      const httpFs = await startHttpFs('ours', join(both.directory, 'httpfs'), { 'fs.defaultFS': cluster.uri });
      try {
        return await tours(httpFs.port);
      } finally {
        await httpFs.stop();
      }
    };

    test('get from our NameNode and from our HttpFS what they get from Apache’s NameNode', async () => {
      const apache = await both.on('apache', KEYS, (cluster) => tours(cluster.basePort + 1));
      expect(apache.hdfs).toContain('read what was appended: True');
      expect(apache.fsspec).toContain('parquet read: True');
      const { direct, gateway } = await both.on('ours', KEYS, async (cluster) => ({
        direct: await tours(cluster.basePort + 1),
        gateway: await throughHttpFs(cluster),
      }));
      expect(direct).toEqual(apache);
      const throughAny = (output: string): string =>
        output.replace(OWN_WORDS, '$1').replace(FILE_MODE, (mode) => FILE_MODES[mode] ?? mode);
      const wordless = ({ hdfs, fsspec }: Outputs): Outputs => ({ hdfs: throughAny(hdfs), fsspec: throughAny(fsspec) });
      expect(wordless(gateway)).toEqual(wordless(apache));
    }, 600_000);
  });
});
