// If these fail, an administrator is told of other erasure coding policies than Hadoop has, or that a cluster could carry
// one that it cannot.
import { expect, test } from 'vitest';
import { BUILT_IN_POLICIES, ErasureCodingPolicies, type PolicyInfo, verifyTopology } from './erasure-coding.ts';

const options = { defaultPolicy: 'RS-6-3-1024k', maxCellSize: 4 * 1024 * 1024 };
const custom = (name: string, codec: string, cellSize: number): PolicyInfo => ({
  policy: { id: 64, name, codec, dataUnits: 4, parityUnits: 2, cellSize, options: [] },
  state: 'enabled',
});

test('a new file system has five policies, of which the default one is enabled', () => {
  const policies = new ErasureCodingPolicies(options);
  expect(policies.all.map(({ policy, state }) => `${policy.id} ${policy.name} ${state}`)).toEqual([
    '5 RS-10-4-1024k disabled',
    '2 RS-3-2-1024k disabled',
    '1 RS-6-3-1024k enabled',
    '3 RS-LEGACY-6-3-1024k disabled',
    '4 XOR-2-1-1024k disabled',
  ]);
  expect(new ErasureCodingPolicies({ ...options, defaultPolicy: '' }).enabled).toEqual([]);
  expect(() => new ErasureCodingPolicies({ ...options, defaultPolicy: 'RS-1-1' })).toThrow(
    "EC policy 'RS-1-1' specified at dfs.namenode.ec.system.default.policy is not a valid policy. Please choose from list " +
      'of available policies: [RS-10-4-1024k, RS-3-2-1024k, RS-6-3-1024k, RS-LEGACY-6-3-1024k, XOR-2-1-1024k]',
  );
});

test('what the image says is told, but for what cannot be used here', () => {
  const [first] = BUILT_IN_POLICIES;
  const policies = new ErasureCodingPolicies(options, [
    ...(first === undefined ? [] : [{ policy: first, state: 'disabled' as const }]),
    custom('RS-4-2-64k', 'rs', 65_536),
    custom('RS-4-2-8m', 'rs', 8 * 1024 * 1024),
    custom('HH-4-2-64k', 'hhxor', 65_536),
  ]);
  expect(policies.enabled.map(({ name }) => name)).toEqual(['RS-4-2-64k', 'RS-6-3-1024k']);
  expect(policies.named('HH-4-2-64k').codec).toBe('hhxor');
  expect(policies.named('Replication').id).toBe(0);
  expect(() => policies.named('none')).toThrow('The given erasure coding policy none does not exist.');
});

test('a cluster carries a policy when it has a node for each unit and racks enough', () => {
  const { enabled } = new ErasureCodingPolicies(options);
  expect(verifyTopology([], 0, 0)).toEqual({ isSupported: true, resultMessage: 'No erasure coding policy is given.' });
  expect(verifyTopology(enabled, 8, 3).resultMessage).toBe(
    '9 DataNodes are required for the erasure coding policies: RS-6-3-1024k. The number of DataNodes is only 8.',
  );
  expect(verifyTopology(enabled, 9, 2).resultMessage).toBe(
    '3 racks are required for the erasure coding policies: RS-6-3-1024k. The number of racks is only 2.',
  );
  expect(verifyTopology(enabled, 9, 3)).toEqual({
    isSupported: true,
    resultMessage: 'The cluster setup can support EC policies: RS-6-3-1024k',
  });
});
