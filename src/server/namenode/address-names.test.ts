// If these fail, DataNodes whose addresses have no names are taken in although they are to be refused, or the name server is
// asked for each of them over and over.
import { expect, test } from 'vitest';
import { Simulation } from '../../host/sim/index.ts';
import { AddressNames } from './address-names.ts';
import { registerDataNode } from './test-datanode.ts';
import { TestNameNode } from './test-namenode.ts';

test('an address has a name, or is the machine’s own', async () => {
  const simulation = new Simulation({ seed: 1 });
  const { host } = simulation.node('nn');
  const asked: string[] = [];
  let running = 0;
  let most = 0;
  const dns = {
    ...host.dns,
    reverse: async (address: string) => {
      asked.push(address);
      most = Math.max(most, ++running);
      await host.clock.sleep(100);
      running--;
      return address === '10.0.0.66' ? undefined : 'name';
    },
  };
  const names = new AddressNames({ ...host, dns });
  const all = (...addresses: string[]) => simulation.run(Promise.all(addresses.map((each) => names.isNamed(each))));
  const own = host.machine.networkInterfaces().eth0?.[0] ?? '';
  expect(await all('127.0.0.5', '::1', own)).toEqual([true, true, true]);
  expect(asked).toEqual([]);
  expect(await all('10.0.0.66', '10.0.0.67', '10.0.0.66')).toEqual([false, true, false]);
  expect(await all('10.0.0.67')).toEqual([true]);
  expect(asked).toEqual(['10.0.0.66', '10.0.0.67', '10.0.0.66']);
  expect(most).toBe(1);
  await simulation.advance(600_000);
  expect(await all('10.0.0.67')).toEqual([true]);
  expect(asked).toHaveLength(4);
});

async function registers(check: boolean): Promise<unknown> {
  const nn = new TestNameNode({ 'dfs.namenode.datanode.registration.ip-hostname-check': check });
  const { host } = nn.machine;
  host.dns.reverse = () => Promise.resolve(undefined);
  await nn.format();
  await nn.start();
  return registerDataNode(nn, 'stranger', 'one').then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('a DataNode from an address without a name is refused, unless that is switched off', async () => {
  const refused = await registers(true);
  expect(refused).toMatchObject({ javaClass: 'org.apache.hadoop.hdfs.server.protocol.DisallowedDatanodeException' });
  expect(String(refused)).toMatch(
    /Datanode denied communication with namenode because hostname cannot be resolved \(ip=(10\.0\.0\.\d+), hostname=\1\): DatanodeRegistration\(0\.0\.0\.0:9866, datanodeUuid=one/,
  );
  expect(await registers(false)).toBeUndefined();
});
