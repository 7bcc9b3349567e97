// Our image viewer beside Apache's, processor by processor. If this fails, an operator gets another image of its XML than
// Hadoop's tool makes, another list of damages, or other answers of an image that is served.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatDigest, parseDigest } from '../../src/format/storage/digest.ts';
import { formatSeenTxid, imageDigestName, imageName } from '../../src/format/storage/names.ts';
import { formatNameNodeVersion } from '../../src/format/storage/version.ts';
import { describeWithApache, ours, ROOT, writeConfiguration } from './apache.ts';
import { javaWords } from './support/java.ts';
import { freePorts } from './support/ports.ts';
import { Resident } from './support/resident.ts';

const IMAGES = ['fsimage-fresh', 'fsimage-core', 'fsimage-unbuilt', 'fsimage-tokens-compressed'];

describeWithApache('our oiv beside Apache’s', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-oiv-'));
  const path = (name: string): string => join(directory, name);
  let apache: Resident;
  const servers: ChildProcess[] = [];

  beforeAll(() => {
    apache = new Resident(directory);
    for (const name of IMAGES) {
      writeFileSync(path(name), readFileSync(resolve(import.meta.dirname, '../golden/formats', name)));
    }
  });
  afterAll(async () => {
    const running = servers.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const ended = running.map((server) => new Promise((done) => server.once('exit', done)));
    for (const server of running) server.kill('SIGKILL');
    await Promise.all(ended);
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const both = async (words: readonly string[], input: string, output: string) => {
    const theirs = await apache.run(undefined, 'oiv', [...words, '-i', path(input), '-o', path(`${output}.theirs`)]);
    const mine = await ours('hdfs', ['oiv', ...words, '-i', path(input), '-o', path(`${output}.ours`)]);
    return { theirs, mine };
  };

  test('makes the same image of XML, byte for byte', async () => {
    for (const name of IMAGES) {
      await apache.must(undefined, 'oiv', ['-p', 'XML', '-i', path(name), '-o', path(`${name}.xml`)]);
      const { theirs, mine } = await both(['-p', 'ReverseXML'], `${name}.xml`, name);
      expect([name, mine.code, mine.stderr]).toEqual([name, 0, '']);
      // Apache's tool cannot read the cache pools that its own viewer writes.
      if (name === 'fsimage-unbuilt') expect(theirs.code).toBe(1);
      else {
        expect([name, theirs.code]).toEqual([name, 0]);
        const [image, other] = [readFileSync(path(`${name}.ours`)), readFileSync(path(`${name}.theirs`))];
        expect([name, image.equals(other)]).toEqual([name, true]);
        const [digest, theirDigest] = ['ours', 'theirs'].map((who) => parseDigest(readFileSync(path(`${name}.${who}.md5`))));
        expect(digest?.md5).toBe(theirDigest?.md5);
      }
      await apache.must(undefined, 'oiv', ['-p', 'XML', '-i', path(`${name}.ours`), '-o', path(`${name}.again.xml`)]);
      expect(readFileSync(path(`${name}.again.xml`), 'utf8')).toBe(readFileSync(path(`${name}.xml`), 'utf8'));
    }
  });

  test('tells the same damages', async () => {
    const xml = readFileSync(path('fsimage-unbuilt.xml'), 'utf8');
    const ids = [...xml.matchAll(/<inode><id>(\d+)<\/id><type>/g)].map(([, id]) => id ?? '').slice(1);
    for (const gone of [[], [ids[0]], [ids[1], ids[7]], [ids[0], ids[1], ids[8], ids[9]], ids.slice(3, 12)]) {
      const broken = xml
        .replace(new RegExp(`<inode><id>(?:${gone.join('|') || 'none'})</id><type>[\\s\\S]*?</inode>`, 'g'), '')
        .replace(/<numInodes>(\d+)/, (_, count) => `<numInodes>${Number(count) - gone.length}`);
      writeFileSync(path('broken.xml'), broken);
      expect(await ours('hdfs', ['oiv', '-p', 'ReverseXML', '-i', path('broken.xml'), '-o', path('broken')])).toMatchObject({
        code: 0,
      });
      for (const words of [[], ['-delimiter', ';']]) {
        const { theirs, mine } = await both(['-p', 'DetectCorruption', ...words], 'broken', 'damages');
        expect([mine.code, theirs.code]).toEqual([0, 0]);
        expect(readFileSync(path('damages.ours'), 'utf8')).toBe(readFileSync(path('damages.theirs'), 'utf8'));
      }
      const table = ['-p', 'Delimited', '-sp', '-ec', '-i', path('broken'), '-t', path('tree'), '-o'];
      expect(await ours('hdfs', ['oiv', ...table, path('table.ours')])).toMatchObject({ code: 0, stderr: '' });
      await apache.must(undefined, 'oiv', [...table, path('table.theirs')]);
      // Apache leaves its own.
      rmSync(path('tree'), { recursive: true });
      expect(readFileSync(path('table.ours'), 'utf8')).toBe(readFileSync(path('table.theirs'), 'utf8'));
    }
  });

  test('Apache’s NameNode starts on an image that we made of XML', async () => {
    const current = path('name/current');
    mkdirSync(current, { recursive: true });
    // Without blocks it leaves safe mode by itself.
    const xml = readFileSync(path('fsimage-core.xml'), 'utf8').replace(/<blocks>[\s\S]*?<\/blocks>/g, '');
    writeFileSync(path('start.xml'), xml);
    const txid = Number(/<txid>(\d+)/.exec(xml)?.[1]);
    const namespaceId = Number(/<namespaceId>(\d+)/.exec(xml)?.[1]);
    const image = join(current, imageName(txid));
    expect(await ours('hdfs', ['oiv', '-p', 'ReverseXML', '-i', path('start.xml'), '-o', image])).toMatchObject({ code: 0 });
    const digest = parseDigest(readFileSync(`${image}.md5`));
    expect(formatDigest(digest)).toBe(readFileSync(join(current, imageDigestName(txid)), 'utf8'));
    const version = { layoutVersion: -67, namespaceId, clusterId: 'CID-x', blockPoolId: 'BP-1-127.0.0.1-1', cTime: 1 };
    writeFileSync(join(current, 'VERSION'), formatNameNodeVersion(version, 0));
    writeFileSync(join(current, 'seen_txid'), formatSeenTxid(txid));
    const [rpcPort, httpPort] = await freePorts(2);
    const conf = writeConfiguration(path('conf'), {
      'fs.defaultFS': `hdfs://127.0.0.1:${rpcPort}`,
      'dfs.namenode.name.dir': `file://${path('name')}`,
      'dfs.namenode.http-address': `127.0.0.1:${httpPort}`,
    });
    await apache.must(conf, 'start-namenode', [conf]);
    const listing = (await apache.must(conf, 'dfs', ['-ls', '-R', '/'])).stdout;
    expect(listing).toMatch(/-rw-r----- +3 alice users +0 .* \/a\/one$/m);
    expect(listing).toMatch(/ \/user\/größe\/日本語\/😀smile$/m);
    expect((await apache.must(conf, 'dfs', ['-getfacl', '/a/b'])).stdout).toContain('user:alice:rwx');
    await apache.must(conf, 'stop', [conf]);
  });

  /** Runs a server and waits until it answers. */
  const started = async (file: string, args: readonly string[], port: number): Promise<string> => {
    const server = spawn(file, args, { stdio: 'ignore', cwd: directory });
    servers.push(server);
    for (const end = Date.now() + 60_000; ; await new Promise((done) => setTimeout(done, 100))) {
      try {
        await fetch(`http://127.0.0.1:${port}/webhdfs/v1/?op=GETFILESTATUS`);
        return `127.0.0.1:${port}`;
      } catch (error) {
        if (server.exitCode !== null || Date.now() > end) throw error;
      }
    }
  };

  test('serves the same answers, and Apache’s shell reads them', { timeout: 600_000 }, async () => {
    const [myPort = 0, theirPort = 0] = await freePorts(2);
    const words = (port: number) => ['-p', 'Web', '-i', path('fsimage-unbuilt'), '-addr', `127.0.0.1:${port}`];
    const mine = await started(process.execPath, [join(ROOT, 'bin/hdfs'), 'oiv', ...words(myPort)], myPort);
    const java = javaWords('oiv');
    const theirs = await started('java', [...java, ...words(theirPort)], theirPort);
    const ask = async (address: string, rest: string) => {
      const answer = await fetch(`http://${address}/webhdfs/v1${rest}`);
      return [rest, answer.status, answer.headers.get('content-type'), await answer.text()];
    };
    const paths = (await apache.must(undefined, 'dfs', ['-ls', '-R', '-C', `webhdfs://${mine}/`])).stdout.trim().split('\n');
    expect(paths.length).toBeGreaterThan(20);
    const OPS = ['GETFILESTATUS', 'LISTSTATUS', 'GETACLSTATUS', 'GETXATTRS', 'LISTXATTRS', 'GETCONTENTSUMMARY'];
    for (const each of ['/', '/none', ...paths.map((uri) => new URL(uri).pathname)]) {
      for (const op of [...OPS, 'GETXATTRS&encoding=hex', 'GETXATTRS&xattr.name=user.k1', 'OPEN', '']) {
        const rest = `${each}?op=${op}`;
        expect(await ask(mine, rest)).toEqual(await ask(theirs, rest));
      }
    }
    // What asks for no listing, which Apache's server has only in one piece and its client wants in pages.
    for (const [words, file] of [
      [['-getfacl'], '/a/b'],
      [['-getfattr', '-d'], '/a/one'],
      [['-count', '-q'], '/a'],
      [['-stat', '%F %u:%g %b %y'], '/a/multi'],
    ] as const) {
      const shown = await apache.run(undefined, 'dfs', [...words, `webhdfs://${mine}${file}`]);
      const other = await apache.run(undefined, 'dfs', [...words, `webhdfs://${theirs}${file}`]);
      expect([shown.code, shown.stdout]).toEqual([0, other.stdout.replaceAll(theirs, mine)]);
    }
  });
});
