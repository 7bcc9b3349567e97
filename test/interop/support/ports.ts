// Ports for daemons that a test starts, stops and starts again.
import { createServer } from 'node:net';

/** Below the ports that a system hands to outgoing connections: a daemon that is down for a while finds its port free. */
const PORTS = { first: 20_000, count: 12_000 };
/** Files of tests that run side by side take none of each other's; more of them than this share. */
const SHARES = 2;
const share = (Number(process.env.VITEST_POOL_ID ?? 1) - 1) % SHARES;
const OWN = { first: PORTS.first + (share * PORTS.count) / SHARES, count: PORTS.count / SHARES };

function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done(false)).listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** The first of `count` ports in a row that nobody listens on. */
export async function freeBasePort(count: number): Promise<number> {
  for (;;) {
    const base = OWN.first + Math.floor(Math.random() * (OWN.count - count));
    const free = await Promise.all(Array.from({ length: count }, (_, index) => canListen(base + index)));
    if (free.every(Boolean)) return base;
  }
}

/** Ports that nobody listens on right now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const base = await freeBasePort(count);
  return Array.from({ length: count }, (_, index) => base + index);
}
