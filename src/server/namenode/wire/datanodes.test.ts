// If this fails, reports show of a dead DataNode what it had and did when it was alive.
import { expect, it } from 'vitest';
import { TestCluster } from '../../../core/blocks/test-cluster.ts';
import { datanodeInfoProto } from './datanodes.ts';

it('says that a dead node serves no blocks', () => {
  const cluster = new TestCluster();
  cluster.manager.activate(cluster.now, 0);
  const [node, ...others] = cluster.addNodes(2);
  if (node === undefined) throw new Error('no node');
  cluster.write(cluster.addBlock(1), [node]);
  const volumeFailureSummary = { failedStorageLocations: ['/d'], lastVolumeFailureDate: 1, estimatedCapacityLostTotal: 7 };
  cluster.heartbeat(node, undefined, { failedVolumes: 1, volumeFailureSummary, cacheCapacity: 5, cacheUsed: 4 });
  const datanode = cluster.datanode(node);
  const { capacity } = datanode;
  expect(datanodeInfoProto(datanode)).toMatchObject({
    numBlocks: 1,
    xceiverCount: 1,
    cacheCapacity: 5,
    cacheUsed: 4,
    capacity,
  });
  cluster.run(700_000, others);
  expect(datanode.alive).toBe(false);
  expect(datanodeInfoProto(datanode)).toMatchObject({
    numBlocks: 0,
    xceiverCount: 0,
    cacheCapacity: 0,
    cacheUsed: 0,
    capacity,
  });
  expect(datanode).toMatchObject({ volumeFailures: 0, volumeFailureSummary: undefined });
});
