// If this failed, `tuskfs dev` would listen on other ports or addresses than it says, or write a configuration that leads
// clients astray.
import { expect, test } from 'vitest';
import { planDev } from './dev-options.ts';

const plain = { directory: '/d', datanodes: 3, racks: 0 };

test('without options the ports are Hadoop’s, and further DataNodes take free ones', () => {
  const plan = planDev(plain);
  expect([plan.rpcPort, plan.httpPort, plan.uri]).toEqual([8020, 9870, 'hdfs://localhost:8020']);
  expect(plan.dataNodes.map(({ transferPort, ipcPort, httpPort }) => [transferPort, ipcPort, httpPort])).toEqual([
    [9866, 9867, 9864],
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(Object.fromEntries(plan.coreSite)).toEqual({ 'fs.defaultFS': 'hdfs://localhost:8020', 'fs.trash.interval': '360' });
  expect(Object.fromEntries(plan.hdfsSite)).toMatchObject({ 'dfs.replication': '3' });
  expect(plan.nameNode['dfs.namenode.safemode.extension']).toBe('0');
});

test('all ports from a base; single ones may be given', () => {
  const plan = planDev({ ...plain, basePort: 30_000, httpPort: 40_000 });
  const ports = plan.dataNodes.flatMap(({ transferPort, ipcPort, httpPort }) => [transferPort, ipcPort, httpPort]);
  expect([plan.rpcPort, plan.httpPort, ...ports]).toEqual([
    30_000, 40_000, 30_002, 30_003, 30_004, 30_005, 30_006, 30_007, 30_008, 30_009, 30_010,
  ]);
});

test('racks give every DataNode an address of its own', () => {
  const plan = planDev({ ...plain, datanodes: 4, racks: 2 });
  expect(plan.rackTable).toBe('127.0.0.1\t/rack1\n127.0.0.2\t/rack2\n127.0.0.3\t/rack1\n127.0.0.4\t/rack2\n');
  expect(plan.dataNodes[2]?.configuration['dfs.datanode.address']).toBe('127.0.0.3:0');
});

test('replication never asks for more DataNodes than there are, and overrides win', () => {
  expect(planDev({ ...plain, datanodes: 1 }).nameNode['dfs.replication']).toBe('1');
  const plan = planDev({ ...plain, overrides: { 'dfs.blocksize': '1m', 'fs.trash.interval': '0' } });
  expect(plan.nameNode['dfs.blocksize']).toBe('1m');
  expect(Object.fromEntries(plan.coreSite)['fs.trash.interval']).toBe('0');
  expect(Object.fromEntries(plan.hdfsSite)['dfs.blocksize']).toBe('1m');
});

test('options that make no cluster are refused', () => {
  expect(() => planDev({ ...plain, datanodes: 0 })).toThrow('--datanodes');
  expect(() => planDev({ ...plain, racks: 4 })).toThrow('--racks');
  expect(() => planDev({ ...plain, basePort: 65_530 })).toThrow('--base-port');
  expect(() => planDev({ ...plain, rpcPort: 1.5 })).toThrow('--rpc-port');
});
