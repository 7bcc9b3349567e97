// If this fails, what was deleted during a rolling upgrade stays on a disk for ever, and nobody knows of it.
import { expect, test } from 'vitest';
import { Simulation } from '../../host/sim/index.ts';
import type { RollingUpgradeStatusProto } from '../../wire/messages/hdfs.ts';
import { trashDir } from './layout.ts';
import { RollingUpgrades } from './rolling-upgrade.ts';
import { openDataset, POOL } from './test-dataset.ts';

const status = (finalized: boolean): RollingUpgradeStatusProto => ({ blockPoolId: POOL, finalized });

test('a trash that the disk did not let go of is emptied with a later heartbeat, and tried no more often than needed', async () => {
  const sim = new Simulation({ seed: 1 });
  const node = sim.node('dn');
  const { host } = node;
  const dataset = await sim.run(openDataset(host));
  const upgrades = new RollingUpgrades(dataset, host.log);
  upgrades.signal(POOL, status(false));
  await sim.advance(1_000);
  const trash = trashDir('/data', POOL);
  await sim.run(host.disk.mkdir(`${trash}/finalized`));
  let tries = 0;
  node.diskFault = ({ operation, path }) => {
    if (operation !== 'rm' || path !== trash) return undefined;
    tries++;
    return { error: 'EIO' };
  };
  for (let i = 0; i < 10; i++) {
    upgrades.signal(POOL, status(true));
    await sim.advance(3_000);
  }
  expect(tries).toBe(1);
  node.diskFault = undefined;
  for (let i = 0; i < 20; i++) {
    upgrades.signal(POOL, status(true));
    await sim.advance(3_000);
  }
  expect(await sim.run(host.disk.exists(trash))).toBe(false);
  expect(await sim.run(host.disk.exists(`/data/current/${POOL}/RollingUpgradeInProgress`))).toBe(false);
});
