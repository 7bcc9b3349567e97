// How our daemons behave as processes. If this fails, scripts written for Hadoop's daemons (init systems, cluster tools,
// monitoring) mistake ours: wrong pids, exit codes, answers of /jmx, or files that are gone after a restart.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { describeWithApache, type Finished, ROOT, run, writeConfiguration } from './apache.ts';
import { freeBasePort } from './support/ports.ts';
import { Resident } from './support/resident.ts';

const bin = (name: string): string => join(ROOT, 'bin', name);
/** A daemon that is told to end has to be gone within this time. */
const STOP_LIMIT_MS = 10_000;
const UNTIL_LIMIT_MS = 60_000;

describeWithApache('daemons as processes', () => {
  let directory: string;
  let apache: Resident;
  const children: ChildProcess[] = [];
  let names = 0;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-daemons-'));
    apache = new Resident(directory);
  });
  afterEach(async () => {
    const left = children.splice(0);
    for (const child of left) child.kill('SIGKILL');
    await Promise.all(left.map(ended));
  });
  afterAll(async () => {
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const launch = (program: string, args: readonly string[]): ChildProcess => {
    const child = spawn(bin(program), args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory });
    children.push(child);
    return child;
  };

  const ended = (child: ChildProcess): Promise<number | null> =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve(child.exitCode)
      : new Promise((done) => child.once('exit', (code) => done(code)));

  const endedBy = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
    const began = performance.now();
    child.kill(signal);
    const code = await ended(child);
    expect(performance.now() - began).toBeLessThan(STOP_LIMIT_MS);
    return code;
  };

  const configure = async (): Promise<{ readonly conf: string; readonly base: number; readonly name: string }> => {
    const base = await freeBasePort(5);
    const root = join(directory, `cluster${++names}`);
    const name = join(root, 'name');
    const conf = writeConfiguration(join(root, 'conf'), {
      'fs.defaultFS': `hdfs://127.0.0.1:${base}`,
      'dfs.namenode.http-address': `127.0.0.1:${base + 1}`,
      'dfs.namenode.name.dir': name,
      'dfs.datanode.data.dir': join(root, 'data'),
      'dfs.datanode.address': `127.0.0.1:${base + 2}`,
      'dfs.datanode.ipc.address': `127.0.0.1:${base + 3}`,
      'dfs.datanode.http.address': `127.0.0.1:${base + 4}`,
      'dfs.replication': '1',
    });
    return { conf, base, name };
  };

  const hdfs = (conf: string, args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<Finished> =>
    run(bin('hdfs'), ['--config', conf, ...args], options);

  const occupy = async (port: number): Promise<Server> => {
    const server = createServer();
    await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
    return server;
  };

  const until = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + UNTIL_LIMIT_MS; Date.now() < end; ) {
      if (await condition().catch(() => false)) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`never: ${what}`);
  };

  /** As scripts of Hadoop's users read a figure: with curl and sed, line by line. */
  const figure = async (base: number, bean: string, key: string): Promise<string> => {
    const url = `http://127.0.0.1:${base + 1}/jmx?qry=Hadoop:service=NameNode,name=${bean}`;
    const expression = `s/.*"${key}" *: *"\\{0,1\\}\\([^",]*\\).*/\\1/p`;
    return (await run('sh', ['-c', `curl -sf -m 5 '${url}' | sed -n '${expression}'`])).stdout.trim();
  };

  test('namenode -format asks, obeys and ends with the codes of Apache’s', async () => {
    // In this order, since Hadoop's options stay set within one JVM.
    const attempts: readonly (readonly [string, string?])[] = [
      ['-format'],
      ['-format', 'N\n'],
      ['-format', 'what\nY\n'],
      ['-format -nonInteractive'],
      ['-format -force'],
      ['-format -force -clusterId CID-given'],
    ];
    const seen: Record<string, string[]> = {};
    for (const who of ['apache', 'ours']) {
      const { conf, name } = await configure();
      const list: string[] = [];
      for (const [line, input] of attempts) {
        const args = line.split(' ');
        const options = input === undefined ? {} : { input };
        const answer =
          who === 'ours' ? await hdfs(conf, ['namenode', ...args], options) : await apache.run(conf, 'namenode', args, options);
        const version = join(name, 'current/VERSION');
        const cluster = existsSync(version) ? /clusterID=(.*)/.exec(readFileSync(version, 'utf8'))?.[1] : 'none';
        const asked = /Re-format filesystem in Storage Directory .*name.* \? \(Y or N\)/.test(answer.stderr);
        const kind = cluster === undefined || cluster.length < 20 ? cluster : 'made';
        list.push(
          `${line}: exit ${answer.code}, ${asked ? 'asked, ' : ''}${kind}, ${readdirSync(join(name, 'current')).length} files`,
        );
      }
      seen[who] = list;
    }
    expect(seen.ours).toEqual(seen.apache);
    // Hadoop's ends with 0 where it does not understand what it was told; ours does not.
    const { conf } = await configure();
    for (const line of ['-format -clusterId', '-format -clusterId -nonInteractive', '-nonsense']) {
      const { code, stderr } = await hdfs(conf, ['namenode', ...line.split(' ')]);
      expect([code, /Usage: hdfs namenode/.test(stderr)]).toEqual([1, true]);
    }
  });

  test('bin/hdfs is the daemon itself: its pid, its arguments, its end', async () => {
    const { conf, base } = await configure();
    expect((await hdfs(conf, ['namenode', '-format', '-nonInteractive'])).code).toBe(0);
    const nameNode = launch('hdfs', ['--config', conf, 'namenode']);
    await until('the NameNode is active', async () => (await figure(base, 'NameNodeStatus', 'State')) === 'active');
    const dataNode = launch('hdfs', ['--config', conf, 'datanode']);
    await until('a DataNode is live', async () => (await figure(base, 'FSNamesystemState', 'NumLiveDataNodes')) === '1');
    for (const child of [nameNode, dataNode]) {
      const words = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0');
      expect(words).toContain(conf);
      expect(words[words.indexOf(conf) - 1]).toBe('--config');
      expect(readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim()).toMatch(/^node/);
    }
    await until('safe mode is left', async () => (await figure(base, 'FSNamesystemState', 'FSState')) === 'Operational');
    expect((await hdfs(conf, ['dfs', '-put', '-', '/kept'], { input: 'kept' })).code).toBe(0);

    // A second one on the same ports and directories.
    const second = await hdfs(conf, ['namenode']);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`${base}.*(in use|taken)|in_use\\.lock|locked|already`, 'i'));

    expect(await endedBy(dataNode, 'SIGTERM')).toBe(0);
    expect(await endedBy(nameNode, 'SIGTERM')).toBe(0);
  });

  test('a storage directory that runs is refused by Apache’s daemon and by ours', async () => {
    const { conf, base, name } = await configure();
    expect((await hdfs(conf, ['namenode', '-format', '-nonInteractive'])).code).toBe(0);
    const other = await configure();
    const rival = writeConfiguration(join(directory, 'rival'), {
      'fs.defaultFS': `hdfs://127.0.0.1:${other.base}`,
      'dfs.namenode.http-address': `127.0.0.1:${other.base + 1}`,
      'dfs.namenode.name.dir': name,
    });
    const nameNode = launch('hdfs', ['--config', conf, 'namenode']);
    await until('the NameNode is active', async () => (await figure(base, 'NameNodeStatus', 'State')) === 'active');
    const refused = await apache.run(rival, 'start-namenode', [rival]);
    expect([refused.code === 0, /Cannot lock storage/.test(refused.stderr)]).toEqual([false, true]);
    expect(await endedBy(nameNode, 'SIGTERM')).toBe(0);

    expect((await apache.run(rival, 'start-namenode', [rival])).code).toBe(0);
    const ours = await hdfs(conf, ['namenode']);
    await apache.must(undefined, 'stop', [rival]);
    expect([ours.code, /in_use\.lock is locked: it is in use by \d+@/.test(ours.stderr)]).toEqual([1, true]);
  });

  test('a port that is taken is named', async () => {
    const { conf, base } = await configure();
    await hdfs(conf, ['namenode', '-format', '-nonInteractive']);
    for (const [role, port] of [
      ['namenode', base],
      ['namenode', base + 1],
      ['datanode', base + 2],
    ] as const) {
      const server = await occupy(port);
      const { code, stderr } = await hdfs(conf, [role]);
      server.close();
      expect(code, `${role} ${port}`).not.toBe(0);
      expect(stderr).toMatch(new RegExp(`${port}.*(in use|taken)`));
    }
    const server = await occupy(base + 1);
    const { code, stderr } = await run(bin('tuskfs'), ['dev', '--dir', join(directory, 'never'), '--base-port', String(base)]);
    server.close();
    expect(code).not.toBe(0);
    expect(stderr).toMatch(new RegExp(`port ${base + 1} .*taken.*--http-port`));
  });

  test('hdfs --daemon start, status and stop', async () => {
    const { conf, base } = await configure();
    await hdfs(conf, ['namenode', '-format', '-nonInteractive']);
    const pids = join(directory, 'pids');
    mkdirSync(pids, { recursive: true });
    const env = { HADOOP_PID_DIR: pids, HADOOP_LOG_DIR: join(directory, 'logs'), HADOOP_IDENT_STRING: 'me' };
    const daemon = (action: string): Promise<Finished> =>
      run(bin('hdfs'), ['--config', conf, '--daemon', action, 'namenode'], { env });
    expect((await daemon('status')).code).toBe(3);
    expect((await daemon('start')).code).toBe(0);
    const pid = Number(readFileSync(join(pids, 'hadoop-me-namenode.pid'), 'utf8'));
    try {
      await until('it answers', async () => (await figure(base, 'NameNodeStatus', 'State')) === 'active');
      expect((await daemon('status')).code).toBe(0);
      const again = await daemon('start');
      expect(again.code).toBe(1);
      expect(again.stderr).toContain(`namenode is running as process ${pid}.`);
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain(conf);
      expect((await daemon('stop')).code).toBe(0);
      expect(existsSync(`/proc/${pid}`)).toBe(false);
      expect((await daemon('status')).code).toBe(3);
      expect(readdirSync(join(directory, 'logs')).join()).toMatch(/hadoop-me-namenode-.*\.log/);
    } finally {
      if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
    }
  });

  const dev = async (
    ...args: string[]
  ): Promise<{ readonly child: ChildProcess; readonly conf: string; readonly base: number }> => {
    const base = await freeBasePort(20);
    const child = launch('tuskfs', ['dev', '--base-port', String(base), ...args]);
    const line = await new Promise<string>((done, fail) => {
      child.once('exit', (code) => fail(new Error(`tuskfs dev ended with ${code}: ${String(child.stderr?.read())}`)));
      if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', done);
    });
    return { child, conf: (JSON.parse(line) as { conf: string }).conf, base };
  };

  test('tuskfs dev --racks spreads nodes and replicas', async () => {
    const { child, conf } = await dev('--dir', join(directory, 'racks'), '--racks', '3', '--datanodes', '5');
    const topology = (await apache.must(conf, 'dfsadmin', ['-printTopology'])).stdout;
    expect(topology.match(/Rack: \/rack\d/g)).toEqual(['Rack: /rack1', 'Rack: /rack2', 'Rack: /rack3']);
    expect(topology.match(/127\.0\.0\.\d:\d+/g)).toHaveLength(5);
    expect((await apache.must(conf, 'dfsadmin', ['-report'])).stdout.match(/^Rack: \/rack\d$/gm)).toHaveLength(5);
    const fs = await connect({ confDir: conf });
    try {
      const shapes = new Set<string>();
      for (let i = 0; i < 12; i++) {
        await fs.writeFile(`/f${i}`, `content ${i}`, { replication: 3 });
        const [block] = await fs.blockLocations(`/f${i}`);
        const racks = block?.topologyPaths.map((path) => path.split('/')[1]) ?? [];
        shapes.add(`${racks.length} replicas on ${new Set(racks).size} racks`);
        expect(String(await fs.readFile(`/f${i}`))).toBe(`content ${i}`);
      }
      expect([...shapes]).toEqual(['3 replicas on 2 racks']);
    } finally {
      await fs.close();
    }
    await endedBy(child, 'SIGINT');
  });

  test('tuskfs dev keeps its data across restarts, by signal and by kill', async () => {
    const place = join(directory, 'kept');
    for (const [index, signal] of (['SIGINT', 'SIGKILL', 'SIGTERM'] as const).entries()) {
      const { child, conf } = await dev('--dir', place);
      const fs = await connect({ confDir: conf });
      for (let i = 0; i < index; i++) expect(String(await fs.readFile(`/f${i}`))).toBe(`content ${i}`);
      await fs.writeFile(`/f${index}`, `content ${index}`);
      await fs.close();
      expect(await endedBy(child, signal)).toBe(signal === 'SIGKILL' ? null : 0);
    }
  });

  test('tuskfs dev --memory leaves nothing behind', async () => {
    const { child, conf } = await dev('--memory');
    const fs = await connect({ confDir: conf });
    await fs.writeFile('/f', Buffer.alloc(100_000));
    await fs.close();
    expect(existsSync(conf)).toBe(true);
    expect(await endedBy(child, 'SIGINT')).toBe(0);
    expect(existsSync(conf)).toBe(false);
    expect(existsSync(join(directory, '.tuskfs'))).toBe(false);
  });
});
