// If these fail, files do not lie on the storage that their policy asks for, or cannot be written where a type has no room.
import { expect, test } from 'vitest';
import { StorageTypeProto } from '../src/wire/messages/hdfs.ts';
import { withFile } from './file-cluster.ts';

const { SSD, DISK, ARCHIVE } = StorageTypeProto;
const KEYS = { 'dfs.datanode.data.dir': '[SSD]/ssd,[DISK]/disk,[ARCHIVE]/archive' };

test('replicas lie on the storage types of the policy in force, and on its stand-ins where a type is not there', async () => {
  const { cluster, client, api, run } = await withFile(100, { keys: KEYS });
  /** Types of each block's replicas, once all have been reported. */
  const typesOf = async (path: string) => {
    for (;;) {
      const { locations } = await run(api.getBlockLocations({ src: path, offset: 0, length: 1_000_000 }));
      const types = locations?.blocks.map((block) => [...block.storageTypes].sort()) ?? [];
      if (types.every((each) => each.length === 3)) return types;
      await cluster.until(() => false, 500);
    }
  };
  const write = async (path: string, policyName?: string) => {
    await run(client.mkdir(path));
    if (policyName !== undefined) await run(client.storagePolicies.set(path, policyName));
    await run(client.writeFile(`${path}/f`, Buffer.alloc(20_000), { replication: 3 }));
    return typesOf(`${path}/f`);
  };
  expect(await typesOf('/f')).toEqual([[DISK, DISK, DISK]]);
  expect(await write('/ssd', 'ALL_SSD')).toEqual(Array(2).fill([SSD, SSD, SSD]));
  expect(await write('/ssd/below')).toEqual(Array(2).fill([SSD, SSD, SSD]));
  expect(await write('/ssd/hot', 'HOT')).toEqual(Array(2).fill([DISK, DISK, DISK]));
  expect(await write('/one', 'ONE_SSD')).toEqual(Array(2).fill([DISK, DISK, SSD]));
  expect(await write('/warm', 'WARM')).toEqual(Array(2).fill([DISK, ARCHIVE, ARCHIVE]));
  expect(await write('/cold', 'COLD')).toEqual(Array(2).fill([ARCHIVE, ARCHIVE, ARCHIVE]));
  // No node has non-volatile memory: new blocks go to disks instead.
  expect(await write('/nvdimm', 'ALL_NVDIMM')).toEqual(Array(2).fill([DISK, DISK, DISK]));
  await run(client.storagePolicies.unset('/ssd/hot'));
  expect((await run(client.storagePolicies.of('/ssd/hot/f'))).name).toBe('ALL_SSD');
  expect((await run(client.storagePolicies.of('/f'))).name).toBe('HOT');
  await expect(run(client.storagePolicies.set('/ssd', 'TAPE'))).rejects.toThrow(
    'Cannot find a block policy with the name TAPE',
  );
  await expect(run(client.storagePolicies.satisfy('/ssd'))).rejects.toMatchObject({
    javaClass: 'org.apache.hadoop.hdfs.server.namenode.UnsupportedActionException',
    message: expect.stringMatching(/^Cannot request to satisfy storage policy when .* has been disabled by admin\./),
  });
  expect((await run(client.storagePolicies.list())).map(({ name }) => name)).toEqual([
    'PROVIDED',
    'COLD',
    'WARM',
    'HOT',
    'ONE_SSD',
    'ALL_SSD',
    'ALL_NVDIMM',
    'LAZY_PERSIST',
  ]);
});
