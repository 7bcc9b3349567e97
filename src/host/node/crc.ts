// Puts the native CRC into base/crc.ts. A machine without a build of it goes on with the plain one, three to five times
// slower and otherwise the same.
import { createRequire } from 'node:module';
import { type NativeCrc, useNativeCrc } from '../../base/crc.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../host.ts';

let done = false;

export function loadNativeCrc(log: Log): void {
  if (done) return;
  done = true;
  try {
    useNativeCrc(createRequire(import.meta.url)('@node-rs/crc32') as NativeCrc);
  } catch (error) {
    log.log('warn', 'crc', `no native CRC on this machine, checksums are slower: ${messageOf(error)}`);
  }
}
