// If these fail, a simulated run is not a matter of its seed, or forgives what a real machine would not.
import { describe, expect, test } from 'vitest';
import type { Connection, Host } from '../host.ts';
import type { SimFileNode } from './file-node.ts';
import { Simulation } from './index.ts';

const forEver = new Promise<never>(() => undefined);

function echo(host: Host, port = 9, slabBytes?: number): Promise<unknown> {
  return host.net.listen({ host: '0.0.0.0', port, slabBytes }, (connection) => {
    connection.start({
      onData: (chunk) => void connection.write(Buffer.from(chunk)),
      onEnd: () => connection.end(),
      onClose: () => undefined,
    });
  });
}

interface Talk {
  readonly connection: Connection;
  readonly received: () => Buffer;
  readonly closed: Promise<Error | undefined>;
}

async function talkTo(host: Host, target: string, timeoutMs?: number): Promise<Talk> {
  const connection = await host.net.connect({ host: target, port: 9, timeoutMs });
  const chunks: Buffer[] = [];
  const closed = new Promise<Error | undefined>((resolve) => {
    connection.start({ onData: (chunk) => void chunks.push(chunk), onEnd: () => undefined, onClose: resolve });
  });
  return { connection, received: () => Buffer.concat(chunks), closed };
}

async function someRun(seed: number): Promise<{ hash: string; bytes: string; nowMs: number }> {
  const sim = new Simulation({ seed });
  const server = sim.node('server');
  const client = sim.node('client');
  const run = async (): Promise<Buffer> => {
    await echo(server.host);
    const talk = await talkTo(client.host, 'server');
    const sent = client.host.random.bytes(500_000);
    for (let at = 0; at < sent.length; at += 7777) talk.connection.write(sent.subarray(at, at + 7777));
    talk.connection.end();
    expect(await talk.closed).toBeUndefined();
    expect(talk.received().equals(sent)).toBe(true);
    const file = await client.host.disk.open('/f', 'w');
    await Promise.all([file.write(sent, 0), file.sync(), client.host.clock.sleep(1)]);
    return sent;
  };
  const bytes = await sim.run(run());
  return { hash: sim.hash, bytes: bytes.toString('latin1', 0, 100), nowMs: sim.nowMs };
}

test('one seed, one run', async () => {
  const [a, b, other] = [await someRun(1), await someRun(1), await someRun(2)];
  expect(b).toEqual(a);
  expect(other.hash).not.toBe(a.hash);
});

describe('time', () => {
  test('years pass at once, in order; periodic timers and cancelled ones behave', async () => {
    const sim = new Simulation({ seed: 1, startMs: 5000 });
    const { clock } = sim.node('a', { clockSkewMs: 7 }).host;
    const order: string[] = [];
    clock.setTimer(1e11, () => order.push('late'));
    clock.setTimer(1, () => order.push('first'));
    clock.setTimer(1, () => order.push('second'));
    clock.setTimer(1, () => order.push('never')).cancel();
    clock.setTimer(0, () => void Promise.resolve().then(() => order.push('microtask')));
    const beat = clock.setPeriodic(3e10, () => order.push('beat'));
    await sim.advance(1e11);
    expect(order).toEqual(['microtask', 'first', 'second', 'beat', 'beat', 'beat', 'late']);
    expect(clock.now()).toBe(1e11 + 5007);
    beat.cancel();
    await expect(sim.run(forEver, 1e12)).rejects.toThrow(/nothing is left/);
  });

  test('a loop in which no time passes is found', async () => {
    const sim = new Simulation({ seed: 1 });
    const { clock } = sim.node('a').host;
    const loop = (): void => clock.defer(loop);
    loop();
    await expect(sim.advance(1)).rejects.toThrow(/no time passes/);
  });
});

describe('network', () => {
  test('refuses, resets when a process dies, and stays silent when the power goes', async () => {
    const sim = new Simulation({ seed: 3 });
    const server = sim.node('server');
    const client = sim.node('client');
    await expect(sim.run(talkTo(client.host, 'server'))).rejects.toMatchObject({ code: 'ECONN' });
    await sim.run(echo(server.host));
    const first = await sim.run(talkTo(client.host, server.address));
    server.crash('process');
    first.connection.write(Buffer.from('x'));
    expect(await sim.run(first.closed)).toMatchObject({ code: 'ECONN' });
    server.restart();
    await sim.run(echo(server.host));
    const second = await sim.run(talkTo(client.host, 'server'));
    server.crash('power');
    second.connection.write(Buffer.from('x'));
    await expect(sim.run(second.closed, 60_000)).rejects.toThrow(/time is up/);
    await expect(sim.run(talkTo(client.host, 'server', 3000))).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    // Back again, it knows nothing of the old connection.
    server.restart();
    expect(await sim.run(second.closed, 60_000)).toMatchObject({ code: 'ECONN' });
  });

  test('a cut holds bytes back one way only; healed in time, nothing is lost', async () => {
    const sim = new Simulation({ seed: 4 });
    const server = sim.node('server');
    const client = sim.node('client');
    await sim.run(echo(server.host));
    const talk = await sim.run(talkTo(client.host, 'server'));
    sim.cut(server, client);
    talk.connection.write(Buffer.from('hello'));
    await sim.advance(10_000);
    expect(talk.received().length).toBe(0);
    sim.heal(server, client);
    await sim.advance(5000);
    expect(talk.received().toString()).toBe('hello');
    sim.partition([client], [server]);
    talk.connection.write(Buffer.from('x'));
    expect(await sim.run(talk.closed)).toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('a reader that pauses holds the writer back; a chunk on loan goes bad', async () => {
    const sim = new Simulation({ seed: 5 });
    const server = sim.node('server');
    const client = sim.node('client');
    let accepted: Connection | undefined;
    await sim.run(
      server.host.net.listen({ host: '0.0.0.0', port: 9, slabBytes: 1000 }, (connection) => {
        accepted = connection;
      }),
    );
    const talk = await sim.run(talkTo(client.host, 'server'));
    let drained = false;
    talk.connection.setHandler({
      onData: () => undefined,
      onEnd: () => undefined,
      onClose: () => undefined,
      onDrain: () => {
        drained = true;
      },
    });
    expect(talk.connection.write(Buffer.alloc(1_000_000, 1))).toBe(false);
    await sim.advance(1000);
    expect(talk.connection.queuedBytes).toBeGreaterThan(500_000);
    const kept: Buffer[] = [];
    let total = 0;
    accepted?.start({
      onData(chunk) {
        expect(chunk.length).toBeLessThanOrEqual(1000);
        expect(chunk.every((byte) => byte === 1)).toBe(true);
        kept.push(chunk);
        total += chunk.length;
      },
      onEnd: () => undefined,
      onClose: () => undefined,
    });
    await sim.advance(1000);
    expect([total, drained]).toEqual([1_000_000, true]);
    expect(kept[0]?.[0]).toBe(0xdb);
  });

  test('HTTP carries bodies, and breaks with its server', async () => {
    const sim = new Simulation({ seed: 6 });
    const server = sim.node('server');
    const client = sim.node('client');
    const read = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
      let text = '';
      for await (const chunk of body) text += Buffer.from(chunk).toString();
      return text;
    };
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('begin');
      await server.host.clock.sleep(10_000);
      yield Buffer.from('end');
    }
    await sim.run(
      server.host.http.listen({ host: '0.0.0.0', port: 50070 }, async (request) =>
        request.path === '/slow'
          ? { status: 200, body: slow() }
          : { status: 201, body: `${request.method} ${await read(request.body)}` },
      ),
    );
    const post = await sim.run(client.host.http.request('http://server:50070/x', { method: 'POST', body: 'in' }));
    expect([post.status, await sim.run(read(post.body))]).toEqual([201, 'POST in']);
    const whole = await sim.run(client.host.http.request('http://server:50070/slow'));
    expect(await sim.run(read(whole.body))).toBe('beginend');
    const broken = await sim.run(client.host.http.request('http://server:50070/slow'));
    const reading = read(broken.body);
    reading.catch(() => undefined);
    await sim.advance(1000);
    server.crash('process');
    await expect(sim.run(reading)).rejects.toMatchObject({ code: 'ECONN' });
    await expect(sim.run(client.host.http.request('http://server:50070/x'))).rejects.toMatchObject({ code: 'ECONN' });
  });
});

describe('disk', () => {
  const write = async (host: Host, path: string, text: string, sync: boolean, syncName: boolean): Promise<void> => {
    const file = await host.disk.open(path, 'w');
    await file.write(Buffer.from(text), 0);
    if (sync) await file.datasync();
    await file.close();
    if (syncName) await host.disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
  };

  test('keeps after a power cut what was synced, by content and by name, and all of it after a mere crash', async () => {
    const sim = new Simulation({ seed: 7 });
    const node = sim.node('a');
    const fill = async (host: Host): Promise<void> => {
      await host.disk.mkdir('/data/deep');
      await write(host, '/data/deep/both', 'both', true, true);
      await write(host, '/data/deep/content', 'content', true, false);
      await write(host, '/data/empty', '', false, true);
      const file = await host.disk.open('/data/empty', 'r+');
      await file.write(Buffer.from('lost'), 0);
      await host.disk.writeFileAtomic('/data/atomic', 'one');
    };
    await sim.run(fill(node.host));
    node.crash('process');
    expect(await sim.run(node.restart().disk.readdir('/data/deep'))).toEqual(['both', 'content']);
    await sim.run(node.host.disk.rename('/data/deep/both', '/data/deep/renamed'));
    node.crash('power');
    const { disk } = node.restart();
    expect(await sim.run(disk.readdir('/data/deep'))).toEqual(['both']);
    expect((await sim.run(disk.readFile('/data/deep/both'))).toString()).toBe('both');
    expect((await sim.run(disk.readFile('/data/empty'))).toString()).toBe('');
    expect((await sim.run(disk.readFile('/data/atomic'))).toString()).toBe('one');
  });

  test('errors, fullness, faults and locks', async () => {
    const sim = new Simulation({ seed: 8 });
    const node = sim.node('a', { diskCapacity: 1000 });
    const { disk } = node.host;
    await expect(sim.run(disk.readFile('/none'))).rejects.toMatchObject({ name: 'DiskError', code: 'ENOENT' });
    await sim.run(disk.mkdir('/d'));
    await expect(sim.run(disk.unlink('/d'))).rejects.toMatchObject({ code: 'EISDIR' });
    const file = disk.openSync('/d/f', 'wx');
    expect(() => file.writeSync(Buffer.alloc(1001), 0)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    file.writeSync(Buffer.alloc(900), 0);
    expect(await sim.run(disk.volume('/d'))).toEqual({ id: 'disk', capacity: 1000, available: 100, used: 900 });
    await sim.run(disk.removeTree('/d'));
    expect((await sim.run(disk.volume('/'))).used).toBe(0);
    node.diskFault = ({ operation }) => (operation === 'mkdir' ? { error: 'EIO' } : undefined);
    await expect(sim.run(disk.mkdir('/x'))).rejects.toMatchObject({ code: 'EIO' });
    await sim.run(disk.lock('/in_use.lock'));
    await expect(sim.run(disk.lock('/in_use.lock'))).rejects.toMatchObject({ code: 'EBUSY' });
    node.crash('process');
    await sim.run(node.restart().disk.lock('/in_use.lock'));
  });

  test('a directory has after its sync, in order, what processes see in it', async () => {
    const sim = new Simulation({ seed: 11 });
    const node = sim.node('a');
    const random = sim.random('names');
    const directories = ['/d0', '/d1'];
    const directory = (): string => directories[random.below(2)] as string;
    const path = (): string => `${directory()}/f${random.below(6)}`;
    const names = (of: string): string[] => {
      const found = node.disk.find(of);
      return found?.kind === 'directory' ? [...found.live].map(([name, { inode }]) => `${name} ${inode}`) : [];
    };
    const durable = (of: string): string[] => [...node.disk.durableFiles(of)].map(([name, { inode }]) => `${name} ${inode}`);
    let { disk } = node.host;
    for (const each of directories) await sim.run(disk.mkdir(each));
    for (let round = 0; round < 300; round++) {
      for (let i = random.below(12); i > 0; i--) {
        const [from, to] = [path(), path()];
        const isThere = node.disk.find(from) !== undefined;
        if (!isThere || random.below(4) === 0) disk.openSync(from, 'w').closeSync();
        else if (random.below(2) === 0) disk.unlinkSync(from);
        else disk.renameSync(from, to);
      }
      const synced = directory();
      disk.syncDirectorySync(synced);
      expect(durable(synced)).toEqual(names(synced));
      if (random.below(20) > 0) continue;
      node.crash('power', true);
      ({ disk } = node.restart());
      for (const each of directories) if (node.disk.find(each) === undefined) await sim.run(disk.mkdir(each));
    }
  });

  test('the pages of lost files serve again, and nothing of what can still be reached or is open goes with them', async () => {
    const sim = new Simulation({ seed: 8 });
    const node = sim.node('a');
    const { disk } = node.host;
    const bytes = (value: number): Buffer => Buffer.alloc(200_000, value);
    const put = async (path: string, value: number): Promise<void> => {
      const file = await disk.open(path, 'w');
      await file.write(bytes(value), 0);
      await file.sync();
      await file.close();
    };
    await sim.run(put('/open', 1));
    const open = await sim.run(disk.open('/open', 'r'));
    await sim.run(disk.unlink('/open'));
    await sim.run(put('/closed', 2));
    const closed = await sim.run(disk.open('/closed', 'r'));
    await sim.run(disk.unlink('/closed'));
    await sim.run(put('/durable', 3));
    await sim.run(disk.syncDirectory('/'));
    await sim.run(disk.unlink('/durable'));
    const lost: SimFileNode[] = [];
    const into = bytes(0);
    // A hundred files, each of which is gone before the next one comes. What was begun before a close reads what was there.
    const last = closed.read(into, 0, into.length, 0);
    const closing = closed.close();
    for (let i = 0; i < 100; i++) {
      await sim.run(put('/more', 4));
      lost.push(node.disk.find('/more') as SimFileNode);
      await sim.run(disk.unlink('/more'));
    }
    expect(await last).toBe(into.length);
    await closing;
    expect(into.equals(bytes(2))).toBe(true);
    expect(lost.filter((file) => file.size === 0).length).toBeGreaterThan(50);
    expect(() => lost[0]?.read(into, 0, 1, 0)).toThrow('a file that nobody can reach is read');
    expect(await sim.run(open.read(into, 0, into.length, 0))).toBe(into.length);
    expect(into.equals(bytes(1))).toBe(true);
    node.crash('power');
    expect((await sim.run(node.restart().disk.readFile('/durable'))).equals(bytes(3))).toBe(true);
  });

  test('a file that was moved and removed is given up, without any sync, unless a power cut can bring it back', async () => {
    const sim = new Simulation({ seed: 12 });
    const node = sim.node('a');
    const { disk } = node.host;
    const content = Buffer.alloc(200_000, 1);
    const put = async (path: string): Promise<SimFileNode> => {
      const file = await disk.open(path, 'w');
      await file.write(content, 0);
      await file.sync();
      await file.close();
      return node.disk.find(path) as SimFileNode;
    };
    const directories = ['/from', '/to'];
    for (const path of directories) await sim.run(disk.mkdir(path));
    const known = await sim.run(put('/from/known'));
    for (const path of directories) await sim.run(disk.syncDirectory(path));
    const files = [known];
    for (let i = 0; i < 100; i++) files.push(await sim.run(put(`/from/${i}`)));
    for (const name of ['known', ...Array(100).keys()]) {
      await sim.run(disk.rename(`/from/${name}`, `/to/${name}`));
      await sim.run(disk.unlink(`/to/${name}`));
    }
    for (let i = 0; i < 50; i++) await sim.run(put(`/more${i}`));
    expect(files.map((file) => file.size === 0)).toEqual(files.map((_, i) => i > 0));
    node.crash('power');
    const again = node.restart().disk;
    expect((await sim.run(again.readFile('/from/known'))).equals(content)).toBe(true);
    expect(await sim.run(again.readdir('/to'))).toEqual([]);
  });

  test('with luck some of what was not synced survives, torn, and one seed always the same', async () => {
    const survived = async (seed: number): Promise<number[]> => {
      const sim = new Simulation({ seed });
      const node = sim.node('a');
      const run = async (host: Host): Promise<void> => {
        await write(host, '/f', '', true, true);
        const file = await host.disk.open('/f', 'r+');
        for (let i = 0; i < 20; i++) await file.write(Buffer.alloc(1024, i + 1), i * 1024);
      };
      await sim.run(run(node.host));
      node.crash('power', true);
      return [...(await sim.run(node.restart().disk.readFile('/f')))].filter((_, i) => i % 512 === 0);
    };
    expect(await survived(1)).toEqual(await survived(1));
    expect(await survived(1)).not.toEqual(await survived(2));
  });
});

test('a dead process does nothing more', async () => {
  const sim = new Simulation({ seed: 9, programs: { id: (args) => ({ exitCode: 0, stdout: args.join(), stderr: '' }) } });
  const node = sim.node('a');
  let ran = 0;
  const old = node.host;
  old.clock.setPeriodic(10, () => ran++);
  await sim.advance(35);
  node.crash('process');
  await sim.advance(100);
  expect(ran).toBe(3);
  const host = node.restart();
  expect(host.machine.pid).not.toBe(old.machine.pid);
  expect((await sim.run(host.commands.run('id', ['-Gn', 'alice']))).stdout).toBe('-Gn,alice');
  await expect(sim.run(host.commands.run('rm', []))).rejects.toMatchObject({ code: 'EIO' });
});
