// If these fail, `tuskfs doctor` calls a broken cluster well, or gives advice about a sound one.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../sim/cluster.ts';
import { Configuration } from '../../config/configuration.ts';
import type { Finding } from './finding.ts';
import { findings } from './findings.ts';

const LIMIT_MS = 300_000;
const KEYS = { 'fs.defaultFS': 'hdfs://nn:8020', 'dfs.replication': 2, 'ipc.client.connect.max.retries': 1 };

async function examined(
  break_: (cluster: SimCluster) => void,
  keys: Readonly<Record<string, string | number>> = {},
  path?: string,
  user = 'hdfs',
): Promise<readonly Finding[]> {
  const cluster = new SimCluster({ seed: 11, dataNodes: 2, clients: 1, keys: { 'dfs.replication': 2 } });
  await cluster.start();
  const [client] = cluster.clients;
  if (client === undefined) throw new Error('the cluster has no client');
  break_(cluster);
  const all: Finding[] = [];
  const configuration = Configuration.of({ ...KEYS, ...keys });
  await cluster.simulation.run(
    (async () => {
      for await (const each of findings({ host: client.host, configuration, user, path })) all.push(each);
    })(),
    LIMIT_MS,
  );
  return all;
}

const wrong = (all: readonly Finding[]): readonly Finding[] => all.filter(({ state }) => state !== 'ok');

test('a sound cluster is well, and what could not be is named', async () => {
  const all = await examined(() => undefined);
  expect(all.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(all.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['it takes changes', 'every block has a replica', '2 live', 'each can be reached from here']),
  );
  for (const each of wrong(all)) expect(each.fix).toMatch(/\w/);
});

test('of one who is no administrator everything else is looked at', async () => {
  const all = await examined(() => undefined, {}, '/', 'ann');
  expect(wrong(all)).toMatchObject([
    { area: 'datanodes', state: 'warning', what: 'only an administrator may ask which there are' },
    { area: 'permissions', state: 'warning', what: 'there is no home directory /user/ann' },
  ]);
  expect(all.at(-1)).toMatchObject({ area: 'path', state: 'ok' });
});

test('a misspelt key, a name without an address and a path that is not there are found', async () => {
  expect(wrong(await examined(() => undefined, { 'dfs.replicaton': 3 }))).toContainEqual({
    area: 'configuration',
    state: 'warning',
    what: 'dfs.replicaton (command line) is not known and changes nothing; the nearest that is known: dfs.replication',
    fix: 'write dfs.replication, or remove it',
  });
  const nameless = await examined(() => undefined, { 'fs.defaultFS': 'hdfs://nowhere:8020' });
  expect(wrong(nameless)).toMatchObject([{ area: 'names', state: 'failed', fix: expect.stringContaining('/etc/hosts') }]);
  expect(wrong(await examined(() => undefined, { 'fs.defaultFS': 'hdfs://nn:8021' }))).toMatchObject([
    { area: 'ports', state: 'failed', fix: expect.stringContaining('start the NameNode') },
  ]);
  expect(wrong(await examined(() => undefined, {}, '/none'))).toContainEqual(
    expect.objectContaining({ area: 'path', state: 'failed' }),
  );
});
