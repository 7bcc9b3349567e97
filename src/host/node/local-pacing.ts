// Connections between processes of one machine, over which whole blocks go. Some ways of the kernel to control congestion (BBR)
// spread what is sent over time, with a timer for each piece, for the sake of the network between: there is none, and the
// timers take two thirds of the processor time of a read. So these connections get the kernel's oldest way, which waits for losses and
// sees none here. Where the machine's way does not pace, and for peers on other machines, nothing is changed.
import { readFileSync } from 'node:fs';
import type net from 'node:net';
import { descriptorOf, fromKernelLibrary, IPPROTO_TCP, socketOption } from './kernel-library.ts';

/** Linux's number. */
const TCP_CONGESTION = 13;
const MACHINES_WAY = '/proc/sys/net/ipv4/tcp_congestion_control';
/** Those that pace, by how their names begin. */
const PACES = /^bbr/;
/** Any user may have it. */
const UNPACED = Buffer.from('reno');

const LOOPBACK = /^(?:(?:::ffff:)?127\.|::1$)/;

/** Whether both ends are on this machine. A socket that is closed has none. */
export function isLocal(local: string | undefined, remote: string | undefined): boolean {
  if (local === undefined || remote === undefined) return false;
  return local === remote || (LOOPBACK.test(local) && LOOPBACK.test(remote));
}

/** How connections are controlled that nobody says it of; undefined where the machine does not tell. */
export function machinesWay(): string | undefined {
  try {
    return readFileSync(MACHINES_WAY, 'utf8').trim();
  } catch {
    return undefined; // another system, or one that keeps it to itself: nothing is changed
  }
}

/** What sets the kernel's way for a socket of a machine whose own is `way`; undefined when there is nothing to do or no call for it. */
export function unpacing(way: string | undefined): ((socket: net.Socket) => void) | undefined {
  if (way === undefined || !PACES.test(way)) return undefined;
  const set = fromKernelLibrary(socketOption);
  if (set === undefined) return undefined;
  return (socket) => {
    const descriptor = descriptorOf(socket);
    // Where the kernel refuses, they are paced.
    if (descriptor !== undefined) set(descriptor, IPPROTO_TCP, TCP_CONGESTION, UNPACED, UNPACED.length);
  };
}

let unpace: ((socket: net.Socket) => void) | false | undefined;

/** Of a socket that is connected: what its peer is sent goes out at once, if that is on this machine. */
export function sendAtOnce(socket: net.Socket): void {
  if (unpace === false || !isLocal(socket.localAddress, socket.remoteAddress)) return;
  unpace ??= unpacing(machinesWay()) ?? false;
  if (unpace !== false) unpace(socket);
}
