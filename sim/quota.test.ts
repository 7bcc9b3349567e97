// If these fail, space that DataNodes complete, cut or lose would be counted twice or not at all, and a tenant refused for it.
import { expect, test } from 'vitest';
import { withFile } from './file-cluster.ts';

const BLOCK = 16_384;
const KEEP = 2 ** 63;

test('space is counted once when blocks become complete by reports, cuts and recoveries', async () => {
  const { cluster, client, api, run, closed } = await withFile(2 * BLOCK - 500);
  const { namespace: ns } = cluster.nameNode.running?.system ?? {};
  if (ns === undefined) throw new Error('the NameNode does not run');
  await run(api.setQuota({ path: '/', namespaceQuota: KEEP, storagespaceQuota: 100 * BLOCK }));
  const { replication } = await run(client.stat('/f'));
  const space = async () => (await run(api.getQuotaUsage({ path: '/' }))).usage.spaceConsumed;
  expect(await space()).toBe((2 * BLOCK - 500) * replication);
  expect(await run(api.truncate({ src: '/f', newLength: BLOCK + 10, clientName: 'cutter' }))).toEqual({ result: false });
  expect(await space()).toBe(2 * BLOCK * replication);
  expect(await closed()).toBe(true);
  expect(await space()).toBe((BLOCK + 10) * replication);
  await run(client.writeFile('/g', Buffer.alloc(BLOCK + 1), { blockSize: BLOCK }));
  await run(client.appendFile('/g', Buffer.alloc(7)));
  const { size, replication: copies } = await run(client.stat('/g'));
  expect(await space()).toBe((BLOCK + 10) * replication + size * copies);
  expect(ns.space.wrong()).toEqual([]);
  expect(cluster.violations.found).toEqual([]);
});
