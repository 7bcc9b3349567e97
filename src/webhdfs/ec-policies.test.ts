// If this failed, a client of WebHDFS could not read which erasure coding policies there are. The fields stand in no order
// that would count: Hadoop's Jackson takes them as the JVM lists the getters.
import { expect, test } from 'vitest';
import { toPolicyInfo } from '../client/erasure-coding.ts';
import { ecPoliciesJson } from './json.ts';

test('policies have the fields that Hadoop gives them', () => {
  const schema = { codecName: 'rs', dataUnits: 4, parityUnits: 2, options: [{ key: 'k', value: 'v' }] };
  const policies = [
    { id: 5, state: 1 as const },
    { id: 64, name: 'RS-4-2-64k', schema, cellSize: 65_536, state: 2 as const },
  ];
  const text = ecPoliciesJson(
    policies.map((policy) => toPolicyInfo({ name: undefined, schema: undefined, cellSize: undefined, ...policy })),
  );
  expect(JSON.parse(text)).toEqual({
    ErasureCodingPolicies: {
      ErasureCodingPolicyInfo: [
        {
          state: 'DISABLED',
          policy: {
            name: 'RS-10-4-1024k',
            schema: { codecName: 'rs', numDataUnits: 10, numParityUnits: 4, extraOptions: {} },
            cellSize: 1_048_576,
            id: 5,
            replicationPolicy: false,
            numDataUnits: 10,
            numParityUnits: 4,
            codecName: 'rs',
            systemPolicy: true,
          },
        },
        {
          state: 'ENABLED',
          policy: {
            name: 'RS-4-2-64k',
            schema: { codecName: 'rs', numDataUnits: 4, numParityUnits: 2, extraOptions: { k: 'v' } },
            cellSize: 65_536,
            id: 64,
            replicationPolicy: false,
            numDataUnits: 4,
            numParityUnits: 2,
            codecName: 'rs',
            systemPolicy: false,
          },
        },
      ],
    },
  });
  expect(ecPoliciesJson([])).toBe('{"ErasureCodingPolicies":{"ErasureCodingPolicyInfo":null}}');
});
