// If this failed, an operator would be told that blocks lie where their policy wants them when they do not.
import { expect, test } from 'vitest';
import { StorageType } from '../../../core/blocks/storage-type.ts';
import { storagePolicyByName } from '../../../core/placement/storage-policy.ts';
import { StoragePolicySummary } from './storage-policies.ts';

const { DISK, SSD, ARCHIVE } = StorageType;

function summary(...blocks: readonly (readonly [policy: string, ...types: StorageType[]])[]): string {
  const all = new StoragePolicySummary();
  for (const [name, ...types] of blocks) {
    const policy = storagePolicyByName(name);
    if (policy === undefined) throw new Error(`no policy ${name}`);
    all.add(types, policy);
  }
  return all.report();
}

test('blocks are summed up by where they lie, the most frequent first', () => {
  expect(
    summary(['HOT', DISK, DISK, DISK], ['HOT', DISK, DISK, DISK], ['WARM', ARCHIVE, DISK, ARCHIVE], ['ONE_SSD', DISK, SSD]),
  ).toBe(`
Blocks satisfying the specified storage policy:
Storage Policy                  # of blocks       % of blocks
DISK:3(HOT)                        2              50.0000%
DISK:1,ARCHIVE:2(WARM)             1              25.0000%
SSD:1,DISK:1(ONE_SSD)              1              25.0000%

All blocks satisfy specified storage policy.
`);
});

test('what lies elsewhere is told with the policy that it should follow', () => {
  const text = summary(['COLD', DISK, DISK], ['HOT'], ['ALL_SSD', SSD, ARCHIVE]);
  expect(text).toContain(`
Blocks NOT satisfying the specified storage policy:
Storage Policy                  Specified Storage Policy      # of blocks       % of blocks
DISK:2(HOT)                         COLD                          1              33.3333%
                                    HOT                           1              33.3333%
SSD:1,ARCHIVE:1                     ALL_SSD                       1              33.3333%
`);
});
