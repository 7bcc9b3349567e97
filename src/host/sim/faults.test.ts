// If these fail, a fault of the simulator is not what it says: seeds then prove less than they seem to.
import { describe, expect, test } from 'vitest';
import type { Host } from '../host.ts';
import { DiskFaults } from './disk-faults.ts';
import { type SimNode, Simulation } from './index.ts';

const SECTOR = 512;

function machine(seed: number): { readonly sim: Simulation; readonly node: SimNode; readonly faults: DiskFaults } {
  const sim = new Simulation({ seed });
  const node = sim.node('a');
  const faults = new DiskFaults(sim.random('faults'));
  node.diskFault = (call) => faults.decide(call);
  return { sim, node, faults };
}

async function synced(host: Host, path: string, bytes: Uint8Array): Promise<void> {
  const file = await host.disk.open(path, 'w');
  await file.write(bytes, 0);
  await file.sync();
  await file.close();
  await host.disk.syncDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
}

const read = (sim: Simulation, node: SimNode, path: string): Promise<Buffer> => sim.run(node.host.disk.readFile(path));

describe('disk', () => {
  test('an error comes once, on the calls it is meant for, or until it is taken away', async () => {
    const { sim, node, faults } = machine(1);
    const { disk } = node.host;
    await sim.run(synced(node.host, '/x', Buffer.from('x')));
    await sim.run(disk.mkdir('/v'));
    await sim.run(synced(node.host, '/v/x', Buffer.from('x')));
    faults.add({ path: '/v', operations: 'read', error: 'EIO', times: 1 });
    expect((await read(sim, node, '/x')).toString()).toBe('x');
    await expect(read(sim, node, '/v/x')).rejects.toMatchObject({ code: 'EIO' });
    expect((await read(sim, node, '/v/x')).toString()).toBe('x');
    const undo = faults.add({ path: '/v', operations: 'write', error: 'ENOSPC' });
    const file = await sim.run(disk.open('/v/y', 'w'));
    for (let i = 0; i < 3; i++)
      expect(() => file.writeSync(Buffer.from('y'), 0)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    undo();
    file.writeSync(Buffer.from('y'), 0);
    expect(faults.met).toBe(4);
  });

  test('a failed sync loses what it should have kept, and the next one does not bring it back', async () => {
    const { sim, node, faults } = machine(2);
    await sim.run(synced(node.host, '/f', Buffer.from('old')));
    faults.add({ path: '/', operations: 'sync', error: 'EIO', times: 1 });
    const rewrite = async (): Promise<void> => {
      const file = await node.host.disk.open('/f', 'r+');
      await file.write(Buffer.from('new'), 0);
      await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
      await file.sync();
    };
    await sim.run(rewrite());
    expect((await read(sim, node, '/f')).toString()).toBe('new');
    node.crash('power');
    node.restart();
    expect((await read(sim, node, '/f')).toString()).toBe('old');
  });

  test('a rename is one step: after a power cut there is the old name or the new one, and never neither', async () => {
    const places = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const { sim, node } = machine(seed);
      const { disk } = node.host;
      await sim.run(disk.mkdir('/from'));
      await sim.run(synced(node.host, '/from/f', Buffer.from('x')));
      // A directory that is not on the disk yet when the file goes there.
      await sim.run(disk.mkdir('/to/deep'));
      await sim.run(disk.rename('/from/f', '/to/deep/g'));
      node.crash('power', true);
      node.restart();
      const now = node.host.disk;
      const at = [];
      for (const path of ['/from/f', '/to/deep/g']) if (await sim.run(now.exists(path))) at.push(path);
      expect(at).toHaveLength(1);
      places.add(at.join());
    }
    expect([...places].sort()).toEqual(['/from/f', '/to/deep/g']);
  });

  test.each(['/from', '/to'])('the sync of %s alone makes a rename between both durable', async (which) => {
    const { sim, node } = machine(5);
    const { disk } = node.host;
    await sim.run(disk.mkdir('/from'));
    await sim.run(disk.mkdir('/to'));
    await sim.run(synced(node.host, '/from/f', Buffer.from('x')));
    await sim.run(disk.syncDirectory('/'));
    await sim.run(disk.rename('/from/f', '/to/f'));
    await sim.run(disk.rename('/to/f', '/to/g'));
    await sim.run(disk.syncDirectory(which));
    node.crash('power');
    node.restart();
    expect(await sim.run(node.host.disk.readdir('/from'))).toEqual([]);
    expect((await read(sim, node, '/to/g')).toString()).toBe('x');
  });

  test('a disk that lies about its syncs keeps nothing', async () => {
    const { sim, node, faults } = machine(3);
    faults.add({ path: '/', operations: 'sync', lies: true });
    await sim.run(synced(node.host, '/f', Buffer.from('x')));
    node.crash('power');
    node.restart();
    expect(await sim.run(node.host.disk.readdir('/'))).toEqual([]);
  });

  test('a slow call takes its time; a synchronous one holds the process up; a hung one never ends', async () => {
    const { sim, node, faults } = machine(4);
    const { disk, clock } = node.host;
    const file = await sim.run(disk.open('/f', 'w'));
    faults.add({ path: '/', operations: 'write', delayMs: 5000, times: 2 });
    const began = sim.nowMs;
    await sim.run(file.write(Buffer.from('x'), 0));
    expect(sim.nowMs - began).toBeGreaterThan(5000);
    const before = clock.monotonic();
    let ticks = 0;
    clock.setPeriodic(1000, () => ticks++);
    file.writeSync(Buffer.from('y'), 0);
    expect(clock.monotonic() - before).toBe(5000);
    await sim.advance(4900);
    expect(ticks).toBe(0);
    await sim.advance(5000);
    expect(ticks).toBeGreaterThan(3);
    faults.add({ path: '/', operations: 'sync', delayMs: Number.POSITIVE_INFINITY });
    await expect(sim.run(file.sync(), 1e9)).rejects.toThrow(/time is up/);
  });

  test('after a power cut a write is there up to a byte, up to a sector, in some of its sectors, wholly or not at all', async () => {
    const kinds = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { sim, node } = machine(seed);
      await sim.run(synced(node.host, '/f', Buffer.alloc(8 * SECTOR)));
      const write = async (): Promise<void> => {
        const file = await node.host.disk.open('/f', 'r+');
        await file.write(Buffer.alloc(8 * SECTOR, 1), 0);
      };
      await sim.run(write());
      node.crash('power', true);
      node.restart();
      const bytes = await read(sim, node, '/f');
      const count = bytes.reduce((sum, byte) => sum + byte, 0);
      const prefix = bytes.subarray(0, count).every((byte) => byte === 1);
      if (count === 0) kinds.add('nothing');
      else if (count === bytes.length) kinds.add('all');
      else if (!prefix) kinds.add('holes');
      else kinds.add(count % SECTOR === 0 ? 'sectors' : 'bytes');
    }
    expect([...kinds].sort()).toEqual(['all', 'bytes', 'holes', 'nothing', 'sectors']);
  });

  test('later writes can be there without earlier ones', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { sim, node } = machine(seed);
      await sim.run(synced(node.host, '/f', Buffer.from('..')));
      const file = node.host.disk.openSync('/f', 'r+');
      file.writeSync(Buffer.from('a'), 0);
      file.writeSync(Buffer.from('b'), 1);
      node.crash('power', true);
      node.restart();
      seen.add((await read(sim, node, '/f')).toString());
    }
    expect([...seen].sort()).toEqual(['..', '.b', 'a.', 'ab']);
  });

  test('rot is read at once and after a power cut; a new volume is empty and the others are not', async () => {
    const { sim, node } = machine(5);
    for (const volume of ['/v1', '/v2']) {
      await sim.run(node.host.disk.mkdir(volume));
      await sim.run(synced(node.host, `${volume}/f`, Buffer.from('abc')));
    }
    node.disk
      .files('/v1')
      .get('/v1/f')
      ?.damage(1, (bytes) => {
        bytes[0] = 'X'.charCodeAt(0);
      });
    expect((await read(sim, node, '/v1/f')).toString()).toBe('aXc');
    node.crash('power');
    node.restart();
    expect((await read(sim, node, '/v1/f')).toString()).toBe('aXc');
    const { used } = node.disk;
    node.disk.replaceVolume('/v1');
    expect(await sim.run(node.host.disk.readdir('/v1'))).toEqual([]);
    expect((await read(sim, node, '/v2/f')).toString()).toBe('abc');
    expect(node.disk.used).toBe(used - 3);
  });
});

describe('process', () => {
  test('a paused process does nothing and then all that was due, in order; its kernel and the others go on', async () => {
    const { sim, node } = machine(6);
    const other = sim.node('b');
    const seen: string[] = [];
    node.host.clock.setTimer(300, () => seen.push(`second at ${sim.nowMs}`));
    node.host.clock.setTimer(200, () => seen.push(`first at ${sim.nowMs}`));
    other.host.clock.setTimer(250, () => seen.push('other'));
    await sim.advance(100);
    node.pause(10_000);
    await sim.advance(20_000);
    expect(seen).toEqual(['other', 'first at 10100', 'second at 10100']);
  });

  test('the end comes before or after the chosen disk call, and what the dead process still does is nothing', async () => {
    for (const after of [false, true]) {
      const { sim, node } = machine(7);
      node.host.disk.openSync('/f', 'w').closeSync();
      node.crashAtDiskCall(3, { how: 'process', after });
      const file = node.host.disk.openSync('/f', 'r+');
      file.writeSync(Buffer.from('a'), 0);
      const last = (): void => file.writeSync(Buffer.from('b'), 1);
      if (after) last();
      else expect(last).toThrow(expect.objectContaining({ code: 'EIO' }));
      expect(node.isAlive).toBe(false);
      expect(() => file.writeSync(Buffer.from('c'), 2)).toThrow(expect.objectContaining({ code: 'EIO' }));
      node.restart();
      expect((await read(sim, node, '/f')).toString()).toBe(after ? 'ab' : 'a');
    }
  });

  test('a wall clock jumps and leaves durations alone; a clock that drifts counts and waits by its own measure', async () => {
    const { sim, node } = machine(8);
    const { clock } = node.host;
    const [wall, monotonic] = [clock.now(), clock.monotonic()];
    node.jumpClock(-3_600_000);
    expect([clock.now() - wall, clock.monotonic() - monotonic]).toEqual([-3_600_000, 0]);
    node.driftClock(1.05);
    await sim.advance(1000);
    expect(clock.monotonic() - monotonic).toBeCloseTo(1050);
    let at = 0;
    clock.setTimer(1050, () => {
      at = sim.nowMs;
    });
    await sim.advance(2000);
    expect(at).toBeCloseTo(2000);
    node.driftClock(1);
    const now = clock.monotonic();
    await sim.advance(500);
    expect(clock.monotonic() - now).toBeCloseTo(500);
  });

  test.each([1.05, 1])('no timer of a clock that drifted is early, at a rate of %d', async (rate) => {
    const { sim, node } = machine(9);
    const { clock } = node.host;
    node.driftClock(0.9571801734393525);
    await sim.advance(44_070.123);
    node.driftClock(rate);
    for (let i = 1; i <= 2000; i++) {
      const due = clock.monotonic() + i * 0.37;
      await sim.run(clock.sleep(due - clock.monotonic()));
      expect(clock.monotonic()).toBeGreaterThanOrEqual(due);
    }
  });
});

describe('network', () => {
  async function joined(seed: number) {
    const sim = new Simulation({ seed });
    const [server, client] = [sim.node('server'), sim.node('client')];
    const events: string[] = [];
    const hear = (name: string) => ({
      onData: (chunk: Buffer) => void events.push(`${name} ${chunk}`),
      onEnd: () => undefined,
      onClose: (error?: Error) => void events.push(`${name} closed${error === undefined ? '' : ' by an error'}`),
    });
    await sim.run(server.host.net.listen({ host: '0.0.0.0', port: 9 }, (connection) => connection.start(hear('server'))));
    const connection = await sim.run(client.host.net.connect({ host: 'server', port: 9 }));
    connection.start(hear('client'));
    await sim.advance(10);
    return { sim, server, client, connection, events };
  }

  test('a clogged way holds bytes back, and new connections, and loses nothing', async () => {
    const { sim, server, client, connection, events } = await joined(1);
    sim.clog(client, server, 5000);
    connection.write(Buffer.from('x'));
    const began = sim.nowMs;
    await sim.advance(4900);
    expect(events).toEqual([]);
    await sim.run(client.host.net.connect({ host: 'server', port: 9 }));
    expect(sim.nowMs - began).toBeGreaterThanOrEqual(5000);
    await sim.advance(100);
    expect(events).toEqual(['server x']);
  });

  test('a broken connection is told to both ends, or to one, and the other learns of it when it sends', async () => {
    const both = await joined(2);
    both.sim.breakConnections(both.client, both.server, 'both');
    await both.sim.advance(10);
    expect(both.events.sort()).toEqual(['client closed by an error', 'server closed by an error']);
    const one = await joined(3);
    one.sim.breakConnections(one.server, one.client, 'one');
    await one.sim.advance(60_000);
    expect(one.events).toEqual(['server closed by an error']);
    one.connection.write(Buffer.from('x'));
    await one.sim.advance(100);
    expect(one.events).toEqual(['server closed by an error', 'client closed by an error']);
  });
});
