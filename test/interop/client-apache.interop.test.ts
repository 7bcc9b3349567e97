// Our client against Apache's own cluster. If this fails, a program that uses tuskfs/client cannot trust an Apache HDFS,
// or what it wrote there reads differently through Hadoop's client.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, constants, type Hdfs, HdfsError } from '../../src/client/index.ts';
import { Cluster, describeWithApache } from './apache.ts';
import { freePorts } from './support/ports.ts';
import { Resident } from './support/resident.ts';

/** Who runs the NameNode is its superuser. */
const superuser = userInfo().username;
const MIB = 1024 * 1024;
const RETURN_LIMIT_MS = 60_000;

describeWithApache('client against an Apache cluster', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-client-'));
  /** Ports of the DataNodes that were connected to, in order. */
  const ports: number[] = [];
  let cluster: Cluster;
  let confDir: string;
  let apache: Resident;
  let fs: Hdfs;

  const hdfs = async (...args: string[]): Promise<string> => (await apache.must(confDir, 'dfs', args)).stdout;
  const hdfsBytes = async (...args: string[]): Promise<Buffer> => (await apache.must(confDir, 'dfs', args)).bytes;
  const roleAt = (port: number | undefined): string => {
    const found = [...cluster.transferPorts].find(([, transferPort]) => transferPort === port);
    if (found === undefined) throw new Error(`no DataNode listens on ${port}`);
    return found[0];
  };
  const relaunch = async (role: string): Promise<void> => {
    cluster.launch(role);
    await using probe = await connect({ confDir, user: superuser });
    // A DataNode that registered again is used again: wait until a block is placed on every one of them.
    for (const end = Date.now() + RETURN_LIMIT_MS; ; ) {
      await probe.writeFile('/probe', 'x', { replication: 3 });
      if ((await probe.blockLocations('/probe'))[0]?.names.length === 3) return;
      if (Date.now() > end) throw new Error(`${role} does not come back:\n${cluster.log(role).slice(-4000)}`);
      await new Promise((done) => setTimeout(done, 200));
    }
  };
  const put = (path: string, size: number, blockSize?: number): Promise<Buffer> => {
    const data = randomBytes(size);
    return fs.writeFile(path, data, blockSize === undefined ? {} : { blockSize }).then(() => data);
  };
  const code = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'no error',
      (error: unknown) => (error instanceof HdfsError ? error.code : error),
    );

  beforeAll(async () => {
    apache = new Resident(directory);
    cluster = await Cluster.start({
      datanodes: 3,
      keys: { 'fs.trash.interval': '360', 'dfs.namenode.redundancy.considerLoad': 'false' },
    });
    confDir = cluster.clientConf;
    fs = await connect({
      confDir,
      user: superuser,
      // With three DataNodes there is none to replace a dead one, and then the default ends a flushed file's writer.
      conf: { 'dfs.client.block.write.replace-datanode-on-failure.best-effort': 'true' },
      hostMap: (address) => {
        ports.push(address.port);
        return address;
      },
    });
  });

  afterAll(async () => {
    await fs?.close();
    await apache?.close();
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('writes and reads files of any size, and Hadoop reads the same', async () => {
    await fs.mkdir('/sizes', { recursive: true });
    const written = new Map<string, Buffer>();
    for (const size of [0, 1, 511, 512, 513, 64511, 64512, 64513, MIB, 3 * MIB + 1]) {
      written.set(`/sizes/f${size}`, await put(`/sizes/f${size}`, size, MIB));
    }
    for (const [path, data] of written) expect((await fs.readFile(path)).equals(data), path).toBe(true);
    const back = join(directory, 'back');
    await hdfs('-get', '/sizes', back);
    for (const [path, data] of written) expect(readFileSync(join(back, path.slice(7))).equals(data), path).toBe(true);
    expect((await fs.blockLocations(`/sizes/f${3 * MIB + 1}`)).map((block) => block.length)).toEqual([MIB, MIB, MIB, 1]);

    const lines = (await hdfs('-checksum', ...written.keys())).trim().split('\n');
    for (const line of lines) {
      const [path, algorithm, bytes] = line.split('\t');
      const ours = await fs.checksum(path as string);
      expect([path, ours.algorithm, ours.bytes.toString('hex')]).toEqual([path, algorithm, bytes]);
    }
    const composite = await hdfs(
      '-Ddfs.checksum.combine.mode=COMPOSITE_CRC',
      '-checksum',
      `/sizes/f${3 * MIB + 1}`,
      '/sizes/f513',
    );
    for (const line of composite.trim().split('\n')) {
      const [path, algorithm, bytes] = line.split('\t');
      const ours = await fs.checksum(path as string, { mode: 'COMPOSITE_CRC' });
      expect([path, ours.algorithm, ours.bytes.toString('hex')]).toEqual([path, algorithm, bytes]);
    }
  });

  it('moves 100 MB through both clients', async () => {
    const local = join(directory, 'local');
    const data = randomBytes(100_000_000);
    writeFileSync(local, data);
    await pipeline(Readable.from(pieces(data, 1_000_003)), fs.createWriteStream('/big', { blockSize: 32 * MIB }));
    expect((await hdfsBytes('-cat', '/big')).equals(data)).toBe(true);
    await hdfs('-put', local, '/big2');
    const read: Buffer[] = [];
    for await (const piece of fs.createReadStream('/big2')) read.push(piece as Buffer);
    expect(Buffer.concat(read).equals(data)).toBe(true);
  });

  it('reads any range', async () => {
    const data = await put('/ranges', 3 * MIB, MIB);
    await using handle = await fs.open('/ranges');
    for (const [position, length] of [
      [0, 1],
      [511, 2],
      [MIB - 1, 2],
      [MIB, 512],
      [12345, 2 * MIB],
      [3 * MIB - 1, 10],
      [3 * MIB, 10],
      [4 * MIB, 10],
    ] as const) {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      expect(buffer.subarray(0, bytesRead).equals(data.subarray(position, position + length)), `${position}+${length}`).toBe(
        true,
      );
    }
    const half = Buffer.alloc(MIB);
    for (const start of [0, MIB, 2 * MIB]) {
      await handle.read(half);
      expect(half.equals(data.subarray(start, start + MIB))).toBe(true);
    }
    const stream = fs.createReadStream('/ranges', { start: 1000, end: 1999 });
    expect(Buffer.concat(await stream.toArray()).equals(data.subarray(1000, 2000))).toBe(true);
    expect((await fs.readFile('/ranges', { offset: 5, length: 3 })).equals(data.subarray(5, 8))).toBe(true);
  });

  it('shows flushed bytes to readers while the file is open', async () => {
    const data = randomBytes(2_000_000);
    const handle = await fs.open('/flushed', 'w', { blockSize: MIB });
    let written = 0;
    for (const length of [1, 10, 512, 700, 64512, 5, 1_500_000, 3]) {
      await handle.write(data.subarray(written, written + length));
      written += length;
      await (length % 2 === 0 ? handle.hflush() : handle.hsync());
      expect((await fs.readFile('/flushed')).equals(data.subarray(0, written)), String(written)).toBe(true);
    }
    expect((await hdfsBytes('-cat', '/flushed')).equals(data.subarray(0, written))).toBe(true);
    await handle.close();
    expect((await fs.stat('/flushed')).size).toBe(written);
  });

  it('changes the tree as Hadoop sees it', async () => {
    await fs.mkdir('/tree');
    await fs.mkdir('/tree/a/b', { recursive: true, mode: 0o750 });
    expect(await code(fs.mkdir('/tree/a'))).toBe('EEXIST');
    expect(await code(fs.mkdir('/nope/a'))).toBe('ENOENT');
    await fs.writeFile('/tree/a/ä ö', 'text', { mode: 0o640 });
    await fs.writeFile('/tree/a/b/c', ['one', 'two']);
    expect(await code(fs.writeFile('/tree/a/b/c', 'x', { overwrite: false }))).toBe('EEXIST');
    // Apache orders names by signed bytes: what is not ASCII comes first.
    expect(await fs.readdir('/tree', { recursive: true })).toEqual(['a', 'a/ä ö', 'a/b', 'a/b/c']);
    expect(await code(fs.readdir('/tree/a/b/c'))).toBe('ENOTDIR');
    expect(await code(fs.readdir('/missing'))).toBe('ENOENT');
    expect(await fs.readFile('/tree/a/b/c', 'utf8')).toBe('onetwo');
    await fs.chmod('/tree/a/b/c', 0o1751);
    await fs.chown('/tree/a/b/c', { user: 'ann', group: 'staff' });
    await fs.utimes('/tree/a/b/c', 1_000_000, 2_000_000);
    expect(await fs.setReplication('/tree/a/b/c', 2)).toBe(true);
    const stat = await fs.stat('/tree/a/b/c');
    expect(stat).toMatchObject({ size: 6, owner: 'ann', group: 'staff', mtimeMs: 2e9, atimeMs: 1e9, replication: 2 });
    expect(stat.mode).toBe(0o101751);
    expect((await hdfs('-stat', '%a %u %g %Y %r %n', '/tree/a/b/c')).trim()).toBe('1751 ann staff 2000000000 2 c');
    await fs.rename('/tree/a/b/c', '/tree/c');
    await fs.writeFile('/tree/d', 'd');
    expect(await code(fs.rename('/tree/c', '/tree/d'))).toBe('EEXIST');
    await fs.rename('/tree/c', '/tree/d', { overwrite: true });
    expect(await fs.exists('/tree/c')).toBe(false);
    expect(await fs.contentSummary('/tree')).toMatchObject({
      length: 10,
      fileCount: 2,
      directoryCount: 3,
      spaceConsumed: 24,
      quota: -1,
    });
    expect((await fs.statfs()).capacity).toBeGreaterThan(0);

    await using bob = await connect({ confDir, user: 'bob' });
    await bob.access('/tree', constants.R_OK);
    expect(await code(bob.access('/tree', constants.W_OK))).toBe('EACCES');
    expect(await code(bob.readFile('/tree/a/ä ö'))).toBe('EACCES');
  });

  it('removes into the trash, and past it', async () => {
    const trash = `${fs.homeDirectory}/.Trash/Current`;
    await fs.writeFile('/gone/f', '1');
    expect(await code(fs.rm('/gone'))).toBe('EISDIR');
    expect(await fs.rm('/gone/f')).toEqual({ trashPath: `${trash}/gone/f` });
    await fs.writeFile('/gone/f', '2');
    const second = await fs.rm('/gone/f');
    expect(second.trashPath?.startsWith(`${trash}/gone/f1`)).toBe(true);
    expect(await fs.readFile(second.trashPath as string, 'utf8')).toBe('2');
    expect(await fs.rm('/gone', { recursive: true, skipTrash: true })).toEqual({ trashPath: undefined });
    expect(await code(fs.rm('/gone'))).toBe('ENOENT');
    await fs.rm('/gone', { force: true });
    await expect(fs.rm('/user', { recursive: true })).rejects.toThrow('as it contains the trash');
  });

  it('lists large directories page by page', async () => {
    const names = Array.from({ length: 1100 }, (_, i) => `d${String(i).padStart(5, '0')}`);
    for (let i = 0; i < names.length; i += 100) {
      await Promise.all(names.slice(i, i + 100).map((name) => fs.mkdir(`/large/${name}`, { recursive: true })));
    }
    expect(await fs.readdir('/large')).toEqual(names);
  });

  it('finds the NameNode that answers among those of a nameservice', async () => {
    const [gone] = await freePorts(1);
    const conf = {
      'fs.defaultFS': 'hdfs://ns1',
      'dfs.nameservices': 'ns1',
      'dfs.ha.namenodes.ns1': 'gone,here',
      'dfs.namenode.rpc-address.ns1.gone': `127.0.0.1:${gone}`,
      'dfs.namenode.rpc-address.ns1.here': `127.0.0.1:${cluster.rpcPort}`,
    };
    await using ha = await connect({ confDir, conf, user: superuser });
    expect(ha.uri).toBe('hdfs://ns1');
    await ha.writeFile('hdfs://ns1/ha', 'found');
    expect(await ha.readFile('/ha', 'utf8')).toBe('found');
    expect(await code(Promise.all([1, 2, 3].map(() => ha.stat('/ha'))))).toBe('no error');
  });

  it('gives up what is open when it is closed', async () => {
    const other = await connect({ confDir, user: superuser });
    const handle = await other.open('/left', 'w');
    await handle.write(Buffer.alloc(1000));
    await other.close();
    expect(await code(handle.write(Buffer.alloc(1000)))).toBe('ECONN');
    expect(await code(other.stat('/left'))).toBe('ECONN');
  });

  it('stops when its signal says so', async () => {
    const early = AbortSignal.abort(new Error('enough'));
    await expect(fs.readFile('/big', { signal: early })).rejects.toThrow('enough');
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of fs.createReadStream('/big', { signal: stop.signal })) stop.abort();
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    const later = new AbortController();
    const endless = async function* () {
      for (;;) {
        yield Buffer.alloc(100_000);
        await new Promise((done) => setTimeout(done, 5));
        later.abort(new Error('stop writing'));
      }
    };
    await expect(fs.writeFile('/aborted', endless(), { signal: later.signal })).rejects.toThrow('stop writing');
  });

  it('reads on when a DataNode dies or its replica is damaged', async () => {
    const data = await put('/survive', 20 * MIB, 8 * MIB);
    ports.length = 0;
    const read: Buffer[] = [];
    let killed = '';
    for await (const piece of fs.createReadStream('/survive', { highWaterMark: 1 })) {
      read.push(piece as Buffer);
      if (read.length === 4) {
        killed = roleAt(ports.at(-1));
        await cluster.kill(killed);
      }
    }
    expect(killed).not.toBe('');
    expect(Buffer.concat(read).equals(data)).toBe(true);
    await relaunch(killed);

    const damaged = await put('/damaged', 500_000);
    const [block] = await fs.blockLocations('/damaged');
    const disk = join(cluster.directory, 'data/dn1');
    const found = readdirSync(disk, { recursive: true, encoding: 'utf8' }).find((name) =>
      name.endsWith(`/blk_${block?.blockId}`),
    );
    expect(found).toBeDefined();
    const replica = join(disk, found ?? '');
    const bytes = readFileSync(replica);
    bytes[300_000] = (bytes[300_000] as number) ^ 1;
    writeFileSync(replica, bytes);
    const reported = async (): Promise<boolean> =>
      !(await fs.blockLocations('/damaged'))[0]?.names.includes(`127.0.0.1:${cluster.transferPorts.get('dn1')}`);
    for (let i = 0; i < 200 && !(await reported()); i++) expect((await fs.readFile('/damaged')).equals(damaged)).toBe(true);
    expect(await reported()).toBe(true);
  });

  it.each(['first', 'other'])('writes on when the %s DataNode of its pipeline dies', async (which) => {
    const data = randomBytes(20_000_000);
    ports.length = 0;
    const handle = await fs.open(`/died-${which}`, 'w', { blockSize: 8 * MIB });
    let killed = '';
    for (let at = 0; at < data.length; at += 100_000) {
      await handle.write(data.subarray(at, at + 100_000));
      if (at === 3_000_000) {
        await handle.hflush();
        const first = roleAt(ports.at(-1));
        killed = which === 'first' ? first : (['dn1', 'dn2', 'dn3'].find((role) => role !== first) as string);
        await cluster.kill(killed);
      }
    }
    await handle.close();
    expect((await fs.readFile(`/died-${which}`)).equals(data)).toBe(true);
    expect((await hdfsBytes('-cat', `/died-${which}`)).equals(data)).toBe(true);
    await relaunch(killed);
  });
});

function* pieces(data: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}
