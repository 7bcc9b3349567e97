// If this failed, a client that names no nodes for a pipeline would lose those that its block has, and one that names half
// of a storage would not hear of it.
import { expect, test } from 'vitest';
import { TestCluster } from '../../../core/blocks/test-cluster.ts';
import { namedStorages } from './named-storages.ts';

test('storages are named by node and id, none at all, or refused in the words of Hadoop', () => {
  const cluster = new TestCluster();
  const nodes = cluster.addNodes(2).map((fake) => cluster.datanode(fake));
  const storages = nodes.map((node) => [...node.storages.values()][0]);
  const ids = nodes.map((node) => [...node.storages.keys()][0] ?? '');
  const uuids = nodes.map((node) => ({ datanodeUuid: node.id.datanodeUuid }));
  const named = (from: typeof uuids, to: readonly string[]) => namedStorages(cluster.manager.datanodes, from, to, 'src=/f');
  expect(named(uuids, ids)).toEqual(storages);
  expect(named([...uuids, { datanodeUuid: 'gone' }], [...ids, 'DS-gone'])).toEqual(storages);
  expect(named([], [])).toBeUndefined();
  expect(() => named(uuids, [])).toThrow(
    /^Missing storageIDs: .* does not support storageIDs\. datanodeID\.length=2, src=\/f$/,
  );
  expect(() => named(uuids, ['DS-1'])).toThrow('Length mismatched: storageIDs.length=1 !=  datanodeID.length=2, src=/f');
});
