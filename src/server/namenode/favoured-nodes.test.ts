// If this fails, a writer that names the machines that it wants its blocks on, as Java's client does by whatever name an address has
// there, gets any others.
import { expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { TestCluster } from '../../core/blocks/test-cluster.ts';
import { Simulation } from '../../host/sim/index.ts';
import { FavouredNodes } from './favoured-nodes.ts';
import { RackResolver } from './rack-resolver.ts';

function begin(keys: Readonly<Record<string, string>> = {}) {
  const racks = ([name]: readonly string[]) => ({
    exitCode: 0,
    stdout: name === 'client' ? '/far' : '/default-rack',
    stderr: '',
  });
  const sim = new Simulation({ seed: 4, programs: { '/racks.sh': racks } });
  const { host } = sim.node('nn');
  const cluster = new TestCluster();
  for (const node of [cluster.addNode(), cluster.addNode('/default-rack', '127.0.0.1'), cluster.addNode('/far')])
    cluster.start(node);
  const resolver = new RackResolver(host, Configuration.of(keys));
  const favoured = new FavouredNodes(host, cluster.manager.datanodes, resolver);
  return (...names: string[]) => sim.run(Promise.resolve(favoured.find(names)));
}

test('nodes are known by what they registered as, and by any name that leads to their address', async () => {
  const find = begin();
  expect(await find()).toEqual([]);
  expect(await find('host1:9866', '127.0.0.1:9866', 'uuid-3')).toEqual(['uuid-1', 'uuid-2', 'uuid-3']);
  expect(await find('localhost:9866', 'host1')).toEqual(['uuid-2', 'uuid-1']);
  expect(await find('localhost')).toEqual(['uuid-2']);
  // Of several nodes of a machine the port says which; where it fits none, it is any of them.
  expect(await find('localhost:1')).toEqual(['uuid-2']);
});

test('a machine without a DataNode means one on its rack', async () => {
  const find = begin({ 'net.topology.script.file.name': '/racks.sh' });
  expect(await find('client:9866')).toEqual(['uuid-3']);
  for (let i = 0; i < 5; i++) expect([['uuid-1'], ['uuid-2']]).toContainEqual(await find(`unknown${i}:9866`));
});
