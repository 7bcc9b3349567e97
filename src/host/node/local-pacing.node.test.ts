// If these fail, readers on the DataNode's own machine wait for timers, or a connection over a network loses its pace.
import type net from 'node:net';
import { expect, test } from 'vitest';
import type { Connection } from '../host.ts';
import { descriptorOf, IPPROTO_TCP, kernelLibrary } from './kernel-library.ts';
import { isLocal, machinesWay, unpacing } from './local-pacing.ts';
import { nodeNet } from './net.ts';
import { hasKernelLibrary, pairOf } from './test-connection.ts';

const TCP_CONGESTION = 13;
const NAME_BYTES = 16;

const socketOf = (connection: Connection): net.Socket => (connection as unknown as { readonly socket: net.Socket }).socket;

/** How the kernel controls a connection. */
function wayOf(connection: Connection): string {
  const library = kernelLibrary();
  if (library === false) throw new Error('there is no library');
  const get = library.func('int getsockopt(int socket, int level, int name, void *value, void *bytes)') as (
    ...args: [number, number, number, Buffer, Uint32Array]
  ) => number;
  const name = Buffer.alloc(NAME_BYTES);
  const descriptor = descriptorOf(socketOf(connection)) ?? -1;
  expect(get(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, Uint32Array.of(NAME_BYTES))).toBe(0);
  return name.toString('latin1').replace(/\0.*/, '');
}

async function pair(isBulk: boolean): Promise<{ readonly ends: readonly Connection[]; readonly end: () => Promise<void> }> {
  const { listener, client, server } = await pairOf(nodeNet({ log: () => undefined }), { isBulk });
  const ends = [client, server];
  return {
    ends,
    end: () => {
      for (const each of ends) each.destroy();
      return listener.close();
    },
  };
}

test.each([
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.3', true],
  ['::ffff:127.0.0.1', '::ffff:127.0.0.2', true],
  ['::1', '::1', true],
  ['10.1.2.3', '10.1.2.3', true],
  ['fe80::1', 'fe80::1', true],
  ['10.1.2.3', '10.1.2.4', false],
  ['10.1.2.3', '127.0.0.1', false],
  ['::1', '::12', false],
  ['', '-', false],
  [undefined, undefined, false],
  ['127.0.0.1', undefined, false],
])('%s and %s are on one machine: %s', (local, remote, expected) => {
  expect(isLocal(local, remote)).toBe(expected);
});

test('nothing is changed where the machine does not pace, or does not tell', () => {
  for (const way of [undefined, '', 'cubic', 'reno', 'dctcp']) expect(unpacing(way)).toBeUndefined();
});

test.runIf(hasKernelLibrary)('a connection loses its pace', async () => {
  const { ends, end } = await pair(false);
  try {
    const before = ends.map(wayOf);
    expect(new Set(before)).toEqual(new Set([machinesWay()]));
    const unpace = unpacing('bbr');
    for (const each of ends) unpace?.(socketOf(each));
    expect(ends.map(wayOf)).toEqual(['reno', 'reno']);
  } finally {
    await end();
  }
});

test.runIf(hasKernelLibrary)('whole blocks go at once to a peer on the machine, where that paces', async () => {
  const { ends, end } = await pair(true);
  try {
    const own = machinesWay() ?? '';
    const expected = own.startsWith('bbr') ? 'reno' : own;
    expect(ends.map(wayOf)).toEqual([expected, expected]);
  } finally {
    await end();
  }
});
