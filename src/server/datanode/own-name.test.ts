// If these fail, a DataNode on several networks registers under a name that clients cannot use, or starts with a setting that
// names nothing.
import { expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { Simulation } from '../../host/sim/index.ts';
import { ownName, readNaming } from './own-name.ts';
import { Volume } from './volume.ts';

const NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  system: { '10.0.0.7': 'by-system' },
  '10.0.0.53': { '10.0.0.7': 'by-server.' },
};

function nameWith(keys: Readonly<Record<string, string>>) {
  const { host } = new Simulation({ seed: 1 }).node('dn');
  const machine = { ...host.machine, networkInterfaces: () => ({ eth1: ['10.0.0.7'], eth2: ['10.0.0.8'] }) };
  const dns = {
    ...host.dns,
    reverse: (address: string, server = 'system') => Promise.resolve(NAMES[server]?.[address]),
  };
  return ownName({ ...host, machine, dns }, readNaming(Configuration.of(keys)));
}

test('the name is the machine’s, unless an interface is named', async () => {
  expect(await nameWith({})).toBe('dn');
  expect(await nameWith({ 'dfs.datanode.dns.interface': 'default', 'dfs.datanode.dns.nameserver': 'default' })).toBe('dn');
  expect(await nameWith({ 'dfs.datanode.dns.interface': 'eth1' })).toBe('by-system');
  const byServer = { 'dfs.datanode.dns.interface': 'eth1', 'dfs.datanode.dns.nameserver': '10.0.0.53' };
  expect(await nameWith(byServer)).toBe('by-server');
});

test('the keys of all daemons stand above, and fall back to the system; an address without a name leaves the machine’s', async () => {
  const keys = { 'dfs.datanode.dns.interface': 'eth2', 'hadoop.security.dns.interface': 'eth1' };
  expect(await nameWith({ ...keys, 'hadoop.security.dns.nameserver': '10.0.0.54' })).toBe('by-system');
  expect(await nameWith({ 'dfs.datanode.dns.interface': 'eth1', 'dfs.datanode.dns.nameserver': '10.0.0.54' })).toBe('dn');
  expect(await nameWith({ 'dfs.datanode.dns.interface': 'eth2' })).toBe('dn');
});

test('an interface that is not there stops the start', async () => {
  await expect(nameWith({ 'dfs.datanode.dns.interface': 'eth9' })).rejects.toThrow('No such interface eth9');
});

test('a volume of fixed size keeps the capacity that it had at first', async () => {
  const { host } = new Simulation({ seed: 1 }).node('dn');
  let capacity = 1_000;
  const disk = new Proxy(host.disk, {
    get: (target, key) =>
      key === 'volume'
        ? () => Promise.resolve({ capacity, used: 0, available: capacity })
        : Reflect.get(target, key).bind(target),
  });
  const lock = { release: () => Promise.resolve() };
  const volumes = [true, false].map(
    (hasFixedSize) => new Volume(disk, host.clock, { path: '/d', storageType: 1, lock, reservedBytes: 0, hasFixedSize }),
  );
  const sizes = async () => {
    for (const volume of volumes) await volume.refresh();
    return volumes.map((volume) => volume.capacity);
  };
  expect(await sizes()).toEqual([1_000, 1_000]);
  capacity = 5_000;
  expect(await sizes()).toEqual([1_000, 5_000]);
});
