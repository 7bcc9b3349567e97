// Apache's own shell against our clusters: `tuskfs dev` and separate daemons. If this fails, a Hadoop user who points their
// client at ours sees other output, other exit codes or other bytes than Apache's cluster would give them.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRepeatable, ROOT } from './apache.ts';
import { MixedCluster } from './support/mixed-cluster.ts';
import { freeBasePort } from './support/ports.ts';
import { type Answer, Resident } from './support/resident.ts';

const MIB = 1024 * 1024;
/** Nine blocks; the rounded figures of the report are far from where they would be rounded otherwise. */
const LARGE = 33 * MIB + 12_345;

/** Words parted by spaces; # is the directory of local files, a word with @ in front is the user. */
const SCRIPT = `
dfs -mkdir -p /tree/a/b /tree/töne /user/root
dfs -mkdir /tree/a
dfs -mkdir /tree/none/x
dfs -Ddfs.blocksize=4194304 -put #/large /tree/large
dfs -get /tree/large #/back
dfs -put #/small /tree/a
dfs -put #/small /tree/a
dfs -put -f #/small /tree/a/small
dfs -put #/small relative
dfs -put - /tree/stdin
dfs -put #/small /tree/töne/😀
dfs -put #/small /tree/with%20space
dfs -touchz /tree/empty
dfs -touchz /tree/a/small
dfs -ls /tree
dfs -ls -R /
dfs -ls -h -S /tree
dfs -ls -t -r -C /tree
dfs -ls
dfs -ls /none
dfs -ls /tree/{a,töne}/*
dfs -count /tree /tree/large
dfs -count -q -v /tree
dfs -count -u /tree
dfs -count -e /tree/large
dfs -du /tree
dfs -du -s -h -v /tree
dfs -df -h /none
dfs -stat %b~%F~%n~%o~%r~%u~%g~%a /tree/large /tree/a
dfs -stat /none
dfs -cat /tree/stdin
dfs -cat /tree/a
dfs -head /tree/stdin
dfs -tail /tree/stdin
dfs -text /tree/stdin
dfs -getmerge /tree/a #/merged
dfs -checksum /tree/large /tree/empty /tree/a
dfs -Ddfs.checksum.combine.mode=COMPOSITE_CRC -checksum /tree/large /tree/stdin
dfs -Ddfs.blocksize=2097152 -Ddfs.checksum.type=CRC32 -put #/large /tree/other
dfs -Ddfs.checksum.combine.mode=COMPOSITE_CRC -checksum /tree/other
dfs -checksum /tree/other
dfs -mv /tree/other /tree/a/moved
dfs -mv /tree/none /tree/x
dfs -mv /tree/a /tree/a/b/c
dfs -mv /tree/stdin /tree/empty
dfs -cp /tree/a/small /tree/copy
dfs -cp -p /tree/a/small /tree/kept
dfs -chmod 750 /tree/a
dfs -chmod -R g+w,o-r /tree/töne
dfs -chmod 1777 /tree
dfs -chmod 8 /tree
dfs -chown alice:staff /tree/copy
dfs -chgrp -R readers /tree/töne
dfs -setrep 2 /tree/copy
dfs -Ddfs.replication=1 -put #/small /tree/one
dfs -setrep -w 3 /tree/one
dfs -rm -skipTrash /tree/one
dfs -setrep 0 /tree/copy
dfs -test -e /tree/copy
dfs -test -e /none
dfs -test -d /tree/a
dfs -test -z /tree/empty
dfs -test -s /tree/empty
dfs -touch -t 20240102:030405 /tree/empty
dfs -stat %y /tree/empty
dfs -find /tree -name *mall
dfs -getfacl /tree/a
@alice dfs -ls /tree/a
@alice dfs -mkdir /home
@alice dfs -mkdir /tree/alice
@alice dfs -put #/small /tree/alice/small
@alice dfs -chmod 600 /tree/copy
@alice dfs -chown root /tree/copy
@alice dfs -rm -skipTrash /tree/kept
@bob dfs -rm -r -skipTrash /tree/alice
@bob dfs -cat /tree/copy
@bob dfs -ls -R /tree/alice
@bob dfsadmin -safemode enter
@bob dfsadmin -report
@bob dfsadmin -refreshNodes
@bob dfsadmin -metasave waiting
dfs -rm /tree/copy
dfs -rm /tree/a
dfs -rm -r /tree/a
dfs -ls -R /user/root
dfs -rm -r -skipTrash /tree/töne /none
dfs -rmdir /tree
dfs -rmdir /tree/alice/small
dfs -rm -r -f /none
dfs -expunge -immediate
dfs -ls -R /user/root
dfsadmin -report
dfsadmin -safemode get
dfsadmin -saveNamespace
dfsadmin -safemode enter
dfs -mkdir /tree/refused
dfs -put #/small /tree/refused
dfs -rm -skipTrash /tree/kept
dfs -cat /tree/kept
dfsadmin -saveNamespace
dfsadmin -safemode leave
dfsadmin -safemode wait
dfsadmin -saveNamespace -beforeShutdown
dfsadmin -rollEdits
dfsadmin -refreshNodes
dfsadmin -report -slownodes
dfsadmin -report -dead -decommissioning
dfsadmin -metasave waiting
dfsadmin -printTopology
dfsadmin -getBalancerBandwidth 127.0.0.1:NODE
dfsadmin -setBalancerBandwidth 1000000
dfsadmin -finalizeUpgrade
dfsadmin -upgrade query
dfsadmin -getDatanodeInfo 127.0.0.1:NODE
dfs -ls -R /tree
dfs -count /
`
  .trim()
  .split('\n');

const WAITING = 'dfs -setrep -w 3 /tree/one';
const NOT_WAITING = 'dfs -setrep 3 /tree/one';

interface Target {
  readonly conf: string;
  /** Port of the RPC of a DataNode. */
  readonly node: number;
  readonly base: number;
  /** Without what makes Hadoop's client sleep for ten seconds. */
  readonly quick?: boolean;
}

describeRepeatable('Apache’s shell on our clusters', () => {
  let directory: string;
  let apache: Resident;
  let expected: readonly string[] = [];
  let large: string;
  // All DataNodes are told in one round of the NameNode what to delete.
  const keys = { 'fs.trash.interval': '360', 'dfs.namenode.invalidate.work.pct.per.iteration': '1.0' };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-apache-shell-'));
    apache = new Resident(directory);
    const bytes = randomBytes(LARGE);
    large = createHash('md5').update(bytes).digest('hex');
    writeFileSync(join(directory, 'large'), bytes);
    writeFileSync(join(directory, 'small'), 'hello\nworld\n');
    const cluster = await MixedCluster.start({
      directory: join(directory, 'apache'),
      apache,
      makers: ['apache', 'apache', 'apache', 'apache'],
      keys,
    });
    expected = await transcript({ conf: cluster.client, node: cluster.basePort + 4, base: cluster.basePort });
    await cluster.stop();
  });
  afterAll(async () => {
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const transcript = async (target: Target): Promise<readonly string[]> => {
    const shown: string[] = [];
    for (const line of SCRIPT.map((line) => (target.quick === true && line === WAITING ? NOT_WAITING : line))) {
      const words = line
        .replaceAll('#', directory)
        .replace('NODE', String(target.node))
        .split(' ')
        .map((word) => word.replaceAll('~', ' '));
      const user = words[0]?.startsWith('@') ? words.shift()?.slice(1) : undefined;
      const [command = '', ...args] = words;
      const options = { input: 'from stdin\n', ...(user === undefined ? {} : { user }) };
      const ask = async (): Promise<string> => comparable(await apache.run(target.conf, command, args, options), target);
      const wanted = expected.find((text) => text.startsWith(`$ ${line}\n`))?.slice(line.length + 3);
      shown.push(`$ ${line}\n${await (args[0] === '-report' ? settled(ask, wanted) : ask())}`);
      // Not the bytes themselves: a difference of a hundred megabytes is nothing to look at.
      if (existsSync(join(directory, 'back'))) {
        shown.push(
          createHash('md5')
            .update(readFileSync(join(directory, 'back')))
            .digest('hex') === large
            ? 'the same bytes'
            : 'OTHER BYTES',
        );
        rmSync(join(directory, 'back'));
      }
    }
    return shown;
  };

  test('separate daemons answer as Apache’s do', async () => {
    const cluster = await MixedCluster.start({
      directory: join(directory, 'daemons'),
      apache,
      makers: ['ours', 'ours', 'ours', 'ours'],
      keys,
    });
    try {
      const got = await transcript({ conf: cluster.client, node: cluster.basePort + 4, base: cluster.basePort });
      expect(got.join('\n')).toBe(expected.join('\n'));
    } finally {
      await cluster.stop();
    }
  });

  test('tuskfs dev answers as Apache’s does', async () => {
    const dev = join(directory, 'dev');
    rmSync(dev, { recursive: true, force: true });
    const base = await freeBasePort(12);
    const soon = ['-D', 'dfs.heartbeat.interval=1', '-D', 'dfs.namenode.redundancy.interval.seconds=1'];
    const words = [...soon, 'dev', '--dir', dev, '--base-port', String(base)];
    const env = { ...process.env, HADOOP_LOG_DIR: join(dev, 'logs') };
    const child = spawn(process.execPath, [join(ROOT, 'bin/tuskfs'), ...words], { env });
    try {
      await firstLine(child);
      const got = await transcript({ conf: join(dev, 'conf'), node: base + 3, base, quick: true });
      const others = (list: readonly string[]): string =>
        list.filter((text) => !/^\$ dfs -setrep.*\/one\n/.test(text)).join('\n');
      expect(others(got)).toBe(others(expected));
    } finally {
      // It writes to its directory until its end.
      if (child.exitCode === null) {
        const ended = new Promise((done) => child.once('exit', done));
        child.kill('SIGINT');
        await ended;
      }
    }
  });
});

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    child.once('exit', (code) => fail(new Error(`tuskfs dev ended with ${code}`)));
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', done);
  });
}

/**
 * A report counts blocks that were just written, copied or deleted for some heartbeats more. A deletion reaches the DataNodes
 * in the next round of the NameNode, and is counted by the heartbeat after it: only a report that stays the same for longer
 * than all of that has come to rest. Where it is known what should be reported, that is waited for.
 */
const REST_POLLS = 8;
const POLL_MS = 600;
const REST_LIMIT_MS = 60_000;

async function settled(ask: () => Promise<string>, wanted: string | undefined): Promise<string> {
  let last = await ask();
  for (let same = 0, end = Date.now() + REST_LIMIT_MS; Date.now() < end; ) {
    if (wanted === undefined ? same === REST_POLLS : last === wanted) return last;
    await new Promise((done) => setTimeout(done, POLL_MS));
    const next = await ask();
    same = next === last && !/(Under replicated|Pending deletion) blocks: [1-9]/.test(next) ? same + 1 : 0;
    last = next;
  }
  return last;
}

/** An answer without what differs between two runs of the same commands on the same cluster. */
function comparable({ code, stdout, stderr }: Answer, { base }: Target): string {
  return `exit ${code}\n${stdout}--- errors\n${stderr}`
    .replaceAll('localhost', '127.0.0.1')
    .replaceAll(/\b127\.0\.0\.1:(\d+)/g, (whole, port) => (Number(port) - base < 12 ? 'HOST:PORT' : whole))
    .replaceAll(/\b\d{4}-\d\d-\d\d \d\d:\d\d(?!:)/g, 'TIME')
    .replaceAll(/\b\d{13}\b/g, 'MILLIS')
    .replaceAll(/(Last contact|Last Block Report): .*/g, '$1: TIME')
    .replaceAll(/(Present Capacity|Remaining|Non DFS Used): \d+ \(.*/g, '$1: SIZE')
    .replaceAll(/(DFS Used): (\d+) \(.*/g, (_, what, bytes) => `${what}: about ${Math.round(Number(bytes) / 10_000_000)}0 MB`)
    .replaceAll(/(DFS \w+%): .*/g, '$1: PERCENT')
    .replaceAll(/Uptime: \d+/g, 'Uptime: SECONDS');
}
