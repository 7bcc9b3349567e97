// If this fails, a DataNode that has many blocks to report or to recover at once fills its log with warnings of Node.js about
// leaking listeners, and an operator looks for a leak that is none.
import { expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { Simulation } from '../../host/sim/index.ts';
import { type ActorOwner, NameNodeActor } from './namenode-actor.ts';
import { readSettings } from './settings.ts';

const CALLS = 20;

test('many calls that wait for one NameNode put no listener each on one signal, and end with the actor', async () => {
  const sim = new Simulation({ seed: 1 });
  const nameNode = sim.node('nn');
  const dataNode = sim.node('dn');
  sim.cut(dataNode, nameNode);
  const unused = (): never => {
    throw new Error('not of this test');
  };
  const settings = readSettings(new Configuration());
  const owner: Partial<ActorOwner> = { host: dataNode.host, localAddress: undefined, meet: unused, settings };
  const actor = new NameNodeActor(owner as ActorOwner, { host: 'nn', port: 8020 });
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', onWarning);
  try {
    let ended = 0;
    const calls = Array.from({ length: CALLS }, () => actor.reportBad([]).then(() => ended++));
    await sim.advance(1000);
    expect(ended).toBe(0);
    // Warnings come in a later turn.
    await new Promise((done) => setImmediate(done));
    expect(warnings).toEqual([]);
    await actor.stop();
    await sim.run(Promise.all(calls));
    expect(ended).toBe(CALLS);
  } finally {
    process.off('warning', onWarning);
  }
});
