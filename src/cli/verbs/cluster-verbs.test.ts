// If these fail, `tuskfs` tells an administrator other things of a cluster than there are, changes what it was only to look
// at, or copies and removes other files than it says.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../sim/cluster.ts';
import { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import type { SimNode } from '../../host/sim/index.ts';
import { runShell } from '../shell/shell.ts';
import { type TestTerminal, testTerminal } from '../testing.ts';
import { runTuskfs } from '../tuskfs.ts';

const LIMIT_MS = 600_000;

async function begin(keys: Readonly<Record<string, string | number>> = {}) {
  const cluster = new SimCluster({ seed: 5, dataNodes: 2, clients: 1, keys: { 'dfs.replication': 2, ...keys } });
  await cluster.start();
  const machine = cluster.clients[0] as SimNode;
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const client = await run(cluster.connect(machine));
  const begun = (words: string, terminal: TestTerminal = testTerminal('/work')) => {
    const argv = ['--uri', 'hdfs://nn:8020', '--user', 'hdfs', ...words.split(' ')];
    return runTuskfs(() => machine.host, terminal, argv).then((code) => {
      const lines = terminal.stdout.take().split('\n').slice(0, -1);
      return {
        code,
        lines,
        json: lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : line)),
        err: terminal.stderr.take(),
      };
    });
  };
  const tuskfs = (words: string, input?: string) => run(begun(words, testTerminal('/work', input)));
  return { cluster, machine, client, run, begun, tuskfs };
}

test('touch makes files and renews times, rmdir removes what is empty', async () => {
  const { client, run, tuskfs, cluster } = await begin();
  await run(client.mkdir('/d/e', { recursive: true }));
  expect((await tuskfs('touch -n /d/f')).json).toEqual([{ path: '/d/f', made: true, dryRun: true }]);
  expect((await tuskfs('touch -c /d/f')).lines).toEqual([]);
  expect(await run(client.exists('/d/f'))).toBe(false);
  expect((await tuskfs('touch /d/f /none/f')).code).toBe(0);
  await run(client.writeFile('/d/f', 'kept', { overwrite: true }));
  const before = (await run(client.stat('/d/f'))).mtimeMs;
  await cluster.simulation.advance(10_000);
  expect((await tuskfs('touch /d/*')).json).toMatchObject([{ path: '/d/e' }, { path: '/d/f', made: false }]);
  expect((await run(client.stat('/d/f'))).mtimeMs).toBeGreaterThanOrEqual(before + 10_000);
  expect(String(await run(client.readFile('/d/f')))).toBe('kept');
  expect(await tuskfs('rmdir /d')).toMatchObject({ code: 1, err: expect.stringContaining('/d is not empty: e is in it') });
  expect(await tuskfs('rmdir /d/f')).toMatchObject({ code: 1, err: expect.stringContaining('no directory') });
  expect(await tuskfs('rmdir /d/none')).toMatchObject({ code: 3 });
  expect((await tuskfs('rmdir -n /d/e')).json).toEqual([{ path: '/d/e', dryRun: true }]);
  expect(await run(client.exists('/d/e'))).toBe(true);
  expect(await tuskfs('rmdir /d/e')).toMatchObject({ code: 0, json: [{ path: '/d/e' }] });
  expect(await run(client.exists('/d/e'))).toBe(false);
});

test('numbers that are none are refused before anything is done', async () => {
  const { client, run, tuskfs } = await begin();
  await run(client.writeFile('/d/f', 'a\nb\n'));
  for (const words of ['head -n x /d/f', 'tail -c -1 /d/f', 'truncate 1.5 /d/f', 'tree -L 0 /', 'put --replication x a /d/g']) {
    expect([words, await tuskfs(words)]).toEqual([
      words,
      expect.objectContaining({ code: 2, err: expect.stringContaining('It must be a whole number') }),
    ]);
  }
  expect((await tuskfs('head -n 1 /d/f')).lines).toEqual(['a']);
  expect((await tuskfs('rm /d')).err).toContain('/d is a directory; add -r to remove it with all it holds');
  expect((await tuskfs('checksum /d')).err).not.toContain('remove');
});

test('what cannot be moved to the trash is said with where it would be, as Hadoop’s shell says it', async () => {
  const { machine, client, run } = await begin();
  await run(client.mkdir('/user', { recursive: true }));
  await run(client.chmod('/user', 0o755));
  await run(client.writeFile('/open/f', 'x'));
  await run(client.chmod('/open', 0o777));
  const terminal = testTerminal('/work');
  const keys = Configuration.of({ 'fs.defaultFS': 'hdfs://nn:8020', 'fs.trash.interval': '60' });
  const host: Host = {
    ...machine.host,
    machine: { ...machine.host.machine, env: (name) => (name === 'HADOOP_USER_NAME' ? 'ann' : undefined) },
  };
  expect(await run(runShell(host, terminal, keys, ['-rm', '/open/f']))).toBe(1);
  expect(terminal.stderr.take()).toMatch(
    /^rm: Failed to move hdfs:\/\/nn:8020\/open\/f to trash hdfs:\/\/nn:8020\/user\/ann\/\.Trash\/Current\/open\/f: Permission denied: user=ann, .*\. Consider using -skipTrash option\n$/,
  );
  expect(await run(client.exists('/open/f'))).toBe(true);
});

test('status and nodes say how the cluster is, and the exit code says it too', async () => {
  const { cluster, client, run, tuskfs } = await begin();
  await run(client.writeFile('/f', 'x'));
  // Both have reported it then.
  await cluster.simulation.advance(10_000);
  const well = await tuskfs('status');
  expect(well).toMatchObject({
    code: 0,
    json: [{ health: 'well', reasons: [], safeMode: false, nodes: { live: 2, dead: 0 } }],
  });
  expect((await tuskfs('--no-json status')).lines.join('\n')).toMatch(
    /^Cluster {4}hdfs:\/\/nn:8020\nHealth {5}well\nSafe mode {2}off\nSpace .*\nNodes {6}2 live, 0 dead, 0 leaving\nBlocks {5}0 missing/,
  );
  expect((await tuskfs('--user bob status')).json).toMatchObject([{ health: 'well' }]);
  expect((await tuskfs('nodes')).json).toMatchObject([
    { host: 'dn0', live: true, state: 'normal', blocks: 1 },
    { host: 'dn1', live: true },
  ]);
  cluster.crash('dn1', 'process', false);
  await cluster.until(() => (cluster.nameNode.running?.system.blockManager.datanodes.aliveCount ?? 2) === 1, LIMIT_MS);
  const degraded = (await tuskfs('status')).json[0];
  expect(degraded).toMatchObject({ health: 'degraded', nodes: { live: 1, dead: 1 } });
  expect(degraded.reasons).toContain('1 DataNode dead');
  expect((await tuskfs('nodes ls --state dead')).json).toMatchObject([{ host: 'dn1', live: false }]);
  expect((await tuskfs('--no-json nodes ls --state live')).lines).toHaveLength(2);
  expect(await tuskfs('nodes ls --state well')).toMatchObject({ code: 2 });
  expect(await tuskfs('nodes drain')).toMatchObject({ code: 2, err: expect.stringContaining('dfs.hosts.exclude') });
  await run(client.writeFile('/g', 'x'));
  cluster.crash('dn0', 'process', false);
  await cluster.until(() => (cluster.nameNode.running?.system.blockManager.datanodes.aliveCount ?? 2) === 0, LIMIT_MS);
  expect(await tuskfs('status')).toMatchObject({ code: 1, json: [{ health: 'failed' }] });
});

test('safemode is asked for, entered, left and waited for', async () => {
  const { client, run, begun, tuskfs, cluster } = await begin();
  expect((await tuskfs('safemode')).json).toEqual([{ safeMode: false }]);
  expect((await tuskfs('safemode enter -n')).json).toEqual([{ safeMode: false, wouldBe: true, dryRun: true }]);
  expect((await tuskfs('safemode enter --yes')).json).toEqual([{ safeMode: true }]);
  expect(await tuskfs('mkdir /d')).toMatchObject({ err: expect.stringContaining('tuskfs safemode leave') });
  expect(await tuskfs('safemode wait --timeout 3')).toMatchObject({ code: 1, json: [{ safeMode: true }] });
  const waiting = begun('safemode wait');
  await cluster.simulation.advance(2000);
  expect((await tuskfs('--no-json safemode leave')).lines).toEqual(['Safe mode is off']);
  expect(await run(waiting)).toMatchObject({ code: 0, json: [{ safeMode: false }] });
  expect(await tuskfs('safemode dance')).toMatchObject({ code: 2 });
  expect(await tuskfs('--user bob safemode enter --yes')).toMatchObject({ code: 4 });
  await run(client.mkdir('/d'));
});

test('quotas are set, shown and cleared one by one', async () => {
  const { client, run, tuskfs } = await begin();
  await run(client.mkdir('/d'));
  await run(client.writeFile('/d/f', 'xyz'));
  const none = { path: '/d', names: { used: 2, limit: null }, space: { used: 6, limit: null } };
  expect((await tuskfs('quota ls /d')).json).toMatchObject([none]);
  expect((await tuskfs('quota set -n --names 5 /d')).json).toMatchObject([{ path: '/d', names: 5, dryRun: true }]);
  expect((await tuskfs('quota set --names 5 --space 10m /d')).json).toMatchObject([
    { names: { limit: 5 }, space: { limit: 10 * 1024 * 1024 } },
  ]);
  expect((await tuskfs('quota set --space 1g --type ssd /d')).json).toMatchObject([{ types: { SSD: { limit: 2 ** 30 } } }]);
  expect((await tuskfs('--no-json quota ls /d')).lines).toEqual([
    '/d',
    '  names   2 of 5',
    '  space   6 of 10M',
    '  on SSD  0 of 1.0G',
  ]);
  expect((await tuskfs('quota clear --only names /d')).json).toMatchObject([
    { names: { limit: null }, space: { limit: 10485760 } },
  ]);
  expect((await tuskfs('quota clear --type SSD /d')).json).toMatchObject([{ types: {}, space: { limit: 10485760 } }]);
  expect((await tuskfs('quota clear /d')).json).toMatchObject([none]);
  for (const words of ['set /d', 'set --names many /d', 'set --names 5 --type SSD /d', 'clear --only x /d', 'get /d']) {
    expect(await tuskfs(`quota ${words}`), words).toMatchObject({ code: 2, lines: [] });
  }
  expect(await tuskfs('quota set --names 5 /d/f')).toMatchObject({ code: 1, err: expect.stringContaining('no directory') });
  expect(await tuskfs('--user bob quota set --names 5 /d')).toMatchObject({ code: 4 });
});

test('storage policies are listed, set and unset', async () => {
  const { client, run, tuskfs } = await begin();
  await run(client.mkdir('/d'));
  expect((await tuskfs('policy ls')).json.map(({ name }) => name)).toContain('ALL_SSD');
  expect((await tuskfs('policy get /d')).json).toMatchObject([{ path: '/d', policy: 'HOT', storageTypes: ['DISK'] }]);
  expect((await tuskfs('policy set -n cold /d')).json).toMatchObject([{ policy: 'COLD', dryRun: true }]);
  expect((await tuskfs('policy set cold /d')).json).toMatchObject([{ policy: 'COLD' }]);
  expect((await tuskfs('policy unset /d')).json).toMatchObject([{ policy: 'HOT' }]);
  expect(await tuskfs('policy set lukewarm /d')).toMatchObject({ code: 2, err: expect.stringContaining('ALL_NVDIMM') });
  expect(await tuskfs('policy get')).toMatchObject({ code: 2 });
  expect(await tuskfs('policy get /none')).toMatchObject({ code: 3 });
});

test('a file that is replaced is there all the time, the old one or the new one', async () => {
  const { client, run, begun, machine } = await begin();
  const { disk } = machine.host;
  await run(client.writeFile('/d/f', 'old'));
  await run(disk.mkdir('/work'));
  for (const [name, text] of [
    ['new', 'newer'],
    ['f', 'older'],
    ['.f.crc', 'crc\0 of what was there'],
  ] as const) {
    const file = await run(disk.open(`/work/${name}`, 'w'));
    await run(file.write(Buffer.from(text), 0));
    await run(file.close());
  }
  const sizes = new Set<number>();
  const meanwhile = async (words: string, look: () => Promise<number>) => {
    let isOver = false;
    const command = begun(words).finally(() => {
      isOver = true;
    });
    const looks: Promise<unknown>[] = [];
    while (!isOver) {
      looks.push(look().then((size) => sizes.add(size)));
      await machine.host.clock.sleep(0.02);
    }
    await Promise.all(looks);
    return command;
  };
  expect(await run(meanwhile('put -f new /d/f', async () => (await client.stat('/d/f')).size))).toMatchObject({ code: 0 });
  expect([...sizes]).toEqual([3, 5]);
  sizes.clear();
  await run(client.writeFile('/d/f', 'abc'));
  expect(await run(meanwhile('get -f /d/f f', async () => (await disk.stat('/work/f')).size))).toMatchObject({ code: 0 });
  expect([...sizes]).toEqual([5, 3]);
  expect(await run(disk.readdir('/work'))).toEqual(['f', 'new']);
});

test('watch tells what changes below a path, until it is interrupted or has told enough', async () => {
  const { client, run, begun, tuskfs, cluster } = await begin();
  await run(client.mkdir('/w/sub', { recursive: true }));
  const terminal = testTerminal('/work');
  const watching = begun('watch /w', terminal);
  await cluster.simulation.advance(3000);
  await run(client.writeFile('/w/f', 'xyz'));
  await run(client.writeFile('/elsewhere', 'x'));
  await run(client.chmod('/w/f', 0o600));
  await run(client.rename('/w/f', '/away'));
  await run(client.rename('/away', '/w/sub/f'));
  await run(client.rm('/w/sub', { recursive: true, skipTrash: true }));
  await cluster.simulation.advance(3000);
  terminal.interrupt();
  const { code, json } = await run(watching);
  expect(code).toBe(0);
  expect(json).toMatchObject([
    { type: 'create', path: '/w/f', kind: 'file' },
    { type: 'close', path: '/w/f', size: 3 },
    { type: 'metadata', path: '/w/f', changed: 'mode' },
    { type: 'rename', path: '/w/f', to: '/away' },
    { type: 'rename', path: '/away', to: '/w/sub/f' },
    { type: 'unlink', path: '/w/sub' },
  ]);
  // What was told can be told again.
  const again = await tuskfs(`--no-json watch /w --after ${json[1].txid} --count 2`);
  expect(again.lines.map((line) => line.trim().split(/ {2,}/).slice(-3))).toEqual([
    ['metadata', '/w/f', 'mode'],
    ['rename', '/w/f', '-> /away'],
  ]);
  expect(await tuskfs('watch --count 0')).toMatchObject({ code: 2 });
  expect(await tuskfs('--user bob watch')).toMatchObject({ code: 4 });
});

test('sync copies what differs, and removes only what it is told to', async () => {
  const { client, run, tuskfs } = await begin();
  const write = async (path: string, data: string): Promise<void> => {
    await run(client.writeFile(path, data, { overwrite: true }));
  };
  await run(client.mkdir('/from/sub', { recursive: true }));
  for (const [path, data] of Object.entries({ '/from/a': 'aa', '/from/sub/b': 'bbb', '/from/c': 'c' })) await write(path, data);
  expect((await tuskfs('sync -n /from /to')).json.at(-1)).toEqual({ copied: 3, bytes: 6, removed: 0, same: 0, dryRun: true });
  expect(await run(client.exists('/to'))).toBe(false);
  expect((await tuskfs('sync /from /to')).json.at(-1)).toEqual({ copied: 3, bytes: 6, removed: 0, same: 0 });
  expect(String(await run(client.readFile('/to/sub/b')))).toBe('bbb');
  expect((await tuskfs('sync /from /to')).json).toEqual([{ copied: 0, bytes: 0, removed: 0, same: 3 }]);
  await write('/from/a', 'other');
  await run(client.rm('/from/c', { skipTrash: true }));
  await write('/to/extra', 'x');
  expect((await tuskfs('--no-json sync /from /to')).lines).toEqual(['+ /to/a  5', '1 file copied (5 bytes), 1 the same']);
  expect(await run(client.exists('/to/extra'))).toBe(true);
  // Nobody is there to be asked.
  expect(await tuskfs('sync --delete /from /to')).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
  expect((await tuskfs('sync --delete -n /from /to')).json).toEqual([
    { action: 'remove', path: '/to/c', dryRun: true },
    { action: 'remove', path: '/to/extra', dryRun: true },
    { copied: 0, bytes: 0, removed: 2, same: 2, dryRun: true },
  ]);
  expect((await tuskfs('sync --delete --yes /from /to')).json.at(-1)).toEqual({ copied: 0, bytes: 0, removed: 2, same: 2 });
  expect(await run(client.readdir('/to'))).toEqual(['a', 'sub']);
  // A directory where a file is to come.
  await run(client.mkdir('/to/d/e', { recursive: true }));
  await write('/from/d', 'file');
  expect(await tuskfs('sync /from /to')).toMatchObject({ code: 1, err: expect.stringContaining('--delete replaces it') });
  expect((await tuskfs('sync --delete --yes /from /to')).code).toBe(0);
  expect(String(await run(client.readFile('/to/d')))).toBe('file');
  for (const words of ['/from /from/sub', '/from /', './a ./b']) expect((await tuskfs(`sync ${words}`)).code, words).toBe(2);
  expect((await tuskfs('sync /none /to')).code).toBe(3);
  // Out of the cluster and back into it.
  expect((await tuskfs('sync /from ./back')).json.at(-1)).toMatchObject({ copied: 3 });
  expect((await tuskfs('sync ./back /again')).json.at(-1)).toMatchObject({ copied: 3 });
  expect(String(await run(client.readFile('/again/sub/b')))).toBe('bbb');
});

test('put and sync copy what can be copied of a tree, say what cannot, and end with partial success', async () => {
  const { machine, client, run, tuskfs } = await begin();
  const { disk } = machine.host;
  await run(disk.mkdir('/work/t/b'));
  for (const name of ['t/a', 't/no:name', 't/b/c']) await run(disk.writeFileAtomic(`/work/${name}`, Buffer.from(name)));
  const whole = { '/a': 't/a', '/b/c': 't/b/c' };
  for (const [words, target] of [
    ['put t /d', '/d'],
    ['sync ./t /e', '/e'],
  ] as const) {
    const { code, err } = await tuskfs(words);
    expect([words, code]).toEqual([words, 6]);
    expect(err).toContain(`${target}/no:name (EINVALIDPATH)`);
    expect(err).not.toContain('_COPYING_');
    for (const [path, bytes] of Object.entries(whole)) expect(String(await run(client.readFile(target + path)))).toBe(bytes);
  }
});
