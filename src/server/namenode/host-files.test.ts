// If these fail, a NameNode takes other machines for its DataNodes than its administrator has listed.
import { expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { Simulation } from '../../host/sim/index.ts';
import { HostFiles } from './host-files.ts';

const PROVIDER = 'dfs.namenode.hosts.provider.classname';
const COMBINED = 'org.apache.hadoop.hdfs.server.blockmanagement.CombinedHostFileManager';

test('names are resolved, unknown ones passed over, and the configuration is read again', async () => {
  const warnings: string[] = [];
  const simulation = new Simulation({ seed: 1, log: ({ message }) => warnings.push(message) });
  const { host } = simulation.node('nn');
  const [a, b] = ['a', 'b'].map((name) => simulation.node(name).address);
  await simulation.run(host.disk.mkdir('/conf'), 1_000);
  await simulation.run(host.disk.writeFileAtomic('/conf/in', 'a\nghost b:7 # old\nno/host\n'), 1_000);
  await simulation.run(host.disk.writeFileAtomic('/conf/out', 'b\n'), 1_000);
  let configuration = Configuration.of({ 'dfs.hosts': '/conf/in' });
  const files = new HostFiles(host, configuration, () => Promise.resolve(configuration));
  const lists = await simulation.run(files.readOrNone(), 1_000);
  expect(lists.isIncluded({ ipAddr: a ?? '', xferPort: 9866 })).toBe(true);
  expect(lists.isIncluded({ ipAddr: b ?? '', xferPort: 7 })).toBe(true);
  expect(lists.isIncluded({ ipAddr: b ?? '', xferPort: 8 })).toBe(false);
  expect(warnings.join('\n')).toMatch(/Failed to resolve address `ghost` in `\/conf\/in`/);
  expect(warnings.join('\n')).toMatch(/Failed to parse `no\/host` in `\/conf\/in`. Ignoring in the included list./);

  configuration = Configuration.of({ 'dfs.hosts.exclude': '/conf/out' });
  const later = await simulation.run(files.refreshed(), 1_000);
  expect(later.isIncluded({ ipAddr: b ?? '', xferPort: 8 })).toBe(true);
  expect(later.isExcluded({ ipAddr: b ?? '', xferPort: 8 })).toBe(true);

  configuration = Configuration.of({ 'dfs.hosts': '/conf/missing' });
  await expect(simulation.run(files.refreshed(), 1_000)).rejects.toThrow('cannot read the host file /conf/missing');
  configuration = Configuration.of({ 'dfs.hosts': '/conf/in', [PROVIDER]: COMBINED });
  await expect(simulation.run(files.refreshed(), 1_000)).rejects.toThrow('host file');
  expect(() => new HostFiles(host, Configuration.of({ [PROVIDER]: 'org.example.Mine' }))).toThrow('no such provider is known');
});
