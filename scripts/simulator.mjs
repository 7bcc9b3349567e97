// Loads a bundle of the simulator into this process, which is to play it quickly.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import v8 from 'node:v8';

/**
 * All daemons and clients of a cluster run in one thread, and each part of them seldom: by its own measure V8 leaves most of them
 * uncompiled for the first quarter of an hour of virtual time. Node 20 counts otherwise than later ones.
 */
const EARLIER_COMPILED =
  Number(process.versions.v8.split('.')[0]) < 12
    ? ['--ticks-before-optimization=1', '--interrupt-budget=30000']
    : ['--invocation-count-for-turbofan=600', '--invocation-count-for-maglev=100'];

/** What the bundle exports, `useNativeCrc` among it. */
export async function loadSimulator(file) {
  for (const flag of EARLIER_COMPILED) v8.setFlagsFromString(flag);
  process.setSourceMapsEnabled?.(true);
  globalThis.require ??= createRequire(import.meta.url);
  const simulator = await import(pathToFileURL(file).href);
  // The sums are the same without it, and later.
  try {
    simulator.useNativeCrc(createRequire(import.meta.url)('@node-rs/crc32'));
  } catch {
    process.stderr.write('no native CRC on this machine: the simulator is slower\n');
  }
  return simulator;
}
