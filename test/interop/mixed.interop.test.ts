// Our daemons and Apache's in one cluster. If this fails, an operator cannot move a cluster from one to the other daemon by
// daemon: blocks that pass through both, or a directory that the other one takes over, would be lost or read differently.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeRepeatable } from './apache.ts';
import { ClusterPerTest } from './support/cluster-per-test.ts';
import type { Maker, MixedCluster } from './support/mixed-cluster.ts';

const MIB = 1024 * 1024;
const FILES = 24;

describeRepeatable('clusters of both', () => {
  const content = randomBytes(9 * MIB + 1);

  const world = new ClusterPerTest('mixed', () => [
    ['content', content],
    ['small', content.subarray(0, 100_001)],
  ]);

  const start = async (name: string, makers: [Maker, ...Maker[]]): Promise<MixedCluster> => {
    return world.start(name, { makers });
  };

  for (const [name, makers] of [
    ['our NameNode', ['ours', 'ours', 'apache', 'ours', 'apache']],
    ['Apache’s NameNode', ['apache', 'ours', 'apache', 'ours', 'apache']],
  ] as const) {
    test(`${name} over DataNodes of both: pipelines in every order, each of them swapped`, async () => {
      const nodes = await start(name === 'our NameNode' ? 'a' : 'b', [...makers]);
      const dfs = (...args: string[]) => world.apache.must(nodes.client, 'dfs', args);
      await dfs('-Ddfs.blocksize=1048576', '-put', join(world.directory, 'content'), '/content');
      // Enough of them that every order of the two kinds comes up.
      await dfs('-mkdir', '/many');
      for (let i = 0; i < FILES; i++) await dfs('-put', join(world.directory, 'small'), `/many/${i}`);
      const check = async (): Promise<void> => {
        expect((await dfs('-cat', '/content')).bytes.equals(content)).toBe(true);
        const all = (await dfs('-cat', '/many/*')).bytes;
        expect(all.length).toBe(FILES * 100_001);
        for (let i = 0; i < FILES; i++)
          expect(all.subarray(i * 100_001, (i + 1) * 100_001).equals(content.subarray(0, 100_001))).toBe(true);
      };
      await check();
      const checksums = async (): Promise<string> =>
        (await dfs('-checksum', '/content')).stdout +
        (await dfs('-Ddfs.checksum.combine.mode=COMPOSITE_CRC', '-checksum', '/content')).stdout;
      const sum = await checksums();
      await dfs('-put', join(world.directory, 'small'), '/appended');
      for (let i = 0; i < 4; i++) await dfs('-appendToFile', join(world.directory, 'small'), '/appended');
      const { bytes } = await dfs('-cat', '/appended');
      expect(bytes.equals(Buffer.concat(Array(5).fill(content.subarray(0, 100_001))))).toBe(true);
      if (name !== 'our NameNode') {
        expect((await world.apache.must(nodes.client, 'fsck', ['/appended'])).stdout).toMatch(/Status: HEALTHY/);
      }
      for (const count of ['1', '4']) {
        await dfs('-setrep', count, '/content');
        await world.apache.must(nodes.client, 'await-replicas', [count, '/content']);
      }
      await check();
      // Each DataNode as the other kind.
      for (const [index, maker] of makers.slice(1).entries()) {
        await nodes.swap(`dn${index + 1}`, maker === 'ours' ? 'apache' : 'ours', index === 0 ? 'SIGKILL' : 'SIGTERM');
      }
      await check();
      expect(await checksums()).toBe(sum);
      // The NameNode as the other kind, and back.
      const other = makers[0] === 'ours' ? 'apache' : 'ours';
      await nodes.swap('nn', other);
      await check();
      await dfs('-put', join(world.directory, 'small'), '/between');
      await dfs('-rm', '-skipTrash', '/many/0');
      await nodes.swap('nn', makers[0]);
      expect((await dfs('-cat', '/between')).bytes.equals(content.subarray(0, 100_001))).toBe(true);
      expect((await dfs('-ls', '/many')).stdout.match(/\/many\//g)).toHaveLength(FILES - 1);
      expect((await dfs('-cat', '/content')).bytes.equals(content)).toBe(true);
    });
  }
});
