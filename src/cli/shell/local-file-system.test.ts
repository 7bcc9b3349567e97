// If this failed, a copy out of the file system would be called whole that the disk did not take, or the shell would end without
// a word because of a write that nobody waited for.
import { expect, test } from 'vitest';
import { DiskFaults } from '../../host/sim/disk-faults.ts';
import { Simulation } from '../../host/sim/index.ts';
import { testTerminal } from '../testing.ts';
import { LocalFileSystem } from './local-file-system.ts';

const PIECES = ['first ', 'second ', 'third'].map((text) => Buffer.from(text));

function machine() {
  const simulation = new Simulation({ seed: 1 });
  const node = simulation.node('a');
  const faults = new DiskFaults(simulation.random('faults'));
  node.diskFault = (call) => faults.decide(call);
  return { simulation, faults, host: node.host, fs: new LocalFileSystem(node.host, testTerminal('/')) };
}

test('pieces come to lie behind one another, though each is written while the next one comes', async () => {
  const { simulation, faults, host, fs } = machine();
  faults.add({ path: '/copy', operations: 'write', delayMs: 1000 });
  let asked = 0;
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const piece of PIECES) {
      asked++;
      yield piece;
    }
  }
  const written = fs.write('/copy', pieces(), { overwrite: true, checksums: false });
  await simulation.advance(500);
  // The first one is on its way, the second waits for it.
  expect(asked).toBe(2);
  await simulation.run(written);
  expect((await simulation.run(host.disk.readFile('/copy'))).toString()).toBe('first second third');
});

test.each([1, 2, 3])('write %i of three fails: so does the copy, at once or with the next piece', async (nth) => {
  const { simulation, faults, host, fs } = machine();
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const [i, piece] of PIECES.entries()) {
      if (i === nth - 1) faults.add({ path: '/copy', operations: 'write', error: 'ENOSPC', times: 1 });
      yield piece;
      // The write has failed long before anybody asks for it.
      await host.clock.sleep(10_000);
    }
  }
  const written = fs.write('/copy', pieces(), { overwrite: true, checksums: false });
  await expect(simulation.run(written)).rejects.toMatchObject({ code: 'ENOSPC' });
});
