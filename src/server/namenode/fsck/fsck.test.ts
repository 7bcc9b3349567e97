// If this failed, an operator would be told that files are whole when they are not, or scripts would misread the report.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../../sim/cluster.ts';
import { javaFloat } from './result.ts';

const LIMIT_MS = 300_000;

test('shares are printed as Java prints them', () => {
  expect([0, 100, 100 / 3, 200 / 3, 1.5, 0.1].map(javaFloat)).toEqual(['0.0', '100.0', '33.333332', '66.666664', '1.5', '0.1']);
});

async function clusterOfTwo(keys: Readonly<Record<string, number>>) {
  const cluster = new SimCluster({ seed: 9, dataNodes: 2, clients: 1, keys: { 'dfs.replication': 2, ...keys } });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const client = await run(cluster.connect(machine));
  const fsck = async (query: string): Promise<string> => {
    const { body } = await machine.host.http.request(`http://nn:9870/fsck?ugi=hdfs&${query}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const lose = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) cluster.crash(name, 'process', false);
    const left = 2 - names.length;
    await cluster.until(() => (cluster.nameNode.running?.system.blockManager.datanodes.aliveCount ?? 9) === left, LIMIT_MS);
  };
  /** Asks until every DataNode has told of what was written to it. */
  const fsckOf = async (query: string, replicas: string): Promise<string> => {
    for (let tries = 0; ; tries++) {
      const report = await fsck(query);
      if (report.includes(replicas) || tries === 100) return report;
      await machine.host.clock.sleep(100);
    }
  };
  return { run, client, fsck, fsckOf, lose };
}

test('what is left of a broken file is moved to /lost+found, run by run of its blocks', async () => {
  const { run, client, fsck, lose } = await clusterOfTwo({ 'dfs.replication': 1 });
  const content = Buffer.alloc(100_000, 'what is left of it ');
  await run(client.mkdir('/a/b', { recursive: true }));
  await run(client.writeFile('/a/b/parts', content));
  await run(client.chmod('/a/b/parts', 0o640));
  const blocks = await run(client.blockLocations('/a/b/parts'));
  const isLost = (block: (typeof blocks)[number]): boolean => block.hosts[0] === 'dn1';
  const runs: Buffer[] = [];
  let inRun = false;
  for (const block of blocks) {
    if (isLost(block)) inRun = false;
    else {
      const bytes = content.subarray(block.offset, block.offset + block.length);
      if (inRun) runs.push(Buffer.concat([runs.pop() ?? Buffer.alloc(0), bytes]));
      else runs.push(bytes);
      inRun = true;
    }
  }
  // Else the seed shows nothing.
  expect(runs.length).toBeGreaterThan(1);
  await run(lose('dn1'));
  const report = await run(fsck('path=/&move=1'));
  expect(report).toContain(`\n/a/b/parts: MISSING ${blocks.filter(isLost).length} blocks of total size`);
  expect(report).toContain(' Total dirs:\t\t\t3\n');
  expect(report.endsWith("The filesystem under path '/' is CORRUPT")).toBe(true);
  const names = await run(client.readdir('/lost+found/a/b/parts'));
  expect(names).toEqual(runs.map((_, index) => String(index)));
  for (const [index, bytes] of runs.entries()) {
    expect((await run(client.readFile(`/lost+found/a/b/parts/${index}`))).equals(bytes)).toBe(true);
  }
  expect((await run(client.stat('/lost+found/a/b/parts'))).mode & 0o777).toBe(0o640);
  // Again, nothing of it is touched, and then the broken file goes.
  expect((await run(fsck('path=/a&move=1&delete=1'))).endsWith("The filesystem under path '/a' is CORRUPT")).toBe(true);
  expect(await run(client.exists('/a/b/parts'))).toBe(false);
  expect((await run(fsck('path=/'))).endsWith("The filesystem under path '/' is HEALTHY")).toBe(true);
});

test('where the name of /lost+found is taken the report fails', async () => {
  const { run, client, fsck, lose } = await clusterOfTwo({});
  await run(client.writeFile('/lost+found', ''));
  await run(client.writeFile('/f', 'x'));
  await run(lose('dn0', 'dn1'));
  expect(await run(fsck('path=/&move=1'))).toMatch(/fsck encountered internal errors!\n\n\nFsck on path '\/' FAILED$/);
});

test('whole, open, under-replicated and lost files are told apart', async () => {
  const { run, client, fsck, fsckOf, lose } = await clusterOfTwo({ 'dfs.namenode.max-corrupt-file-blocks-returned': 3 });
  await run(client.mkdir('/a/b', { recursive: true }));
  await run(client.writeFile('/a/b/whole', Buffer.alloc(20_000)));
  await run(client.writeFile('/a/three', 'x', { replication: 3 }));
  await run(client.writeFile('/a/empty', ''));
  const open = await run(client.open('/a/open', 'w'));
  await run(open.write('being written'));
  await run(open.hflush());
  const report = await run(fsckOf('path=/a&files=1&blocks=1&locations=1', 'Replicas is 3 but found 2'));
  expect(report).toMatch(/^FSCK started by hdfs \(auth:SIMPLE\) from \/\S+ for path \/a at .+\n\n\/a <dir>\n\/a\/b <dir>\n/);
  expect(report).toMatch(
    /\/a\/b\/whole 20000 bytes, replicated: replication=2, 2 block\(s\): {2}OK\n0\. BP-\S+:blk_\d+_\d+ len=16384 Live_repl=2 {2}\[DatanodeInfoWithStorage\[\S+,DS-\S+,DISK\], /,
  );
  expect(report).toMatch(
    /Target Replicas is 3 but found 2 live replica\(s\), 0 decommissioned replica\(s\), 0 decommissioning replica\(s\)\.\n/,
  );
  expect(report).toContain(' Total size:\t20001 B');
  expect(report).toContain(' Total files:\t3 (Files currently being written: 1)\n');
  expect(report).toContain(' Under-replicated blocks:\t1 (33.333332 %)\n');
  expect(report).toContain(' Missing replicas:\t\t1 (14.285714 %)\n');
  expect(report.endsWith("\n\n\nThe filesystem under path '/a' is HEALTHY")).toBe(true);
  expect(await run(fsck('path=/a/open&openforwrite=1&files=1&blocks=1'))).toMatch(
    /OPENFORWRITE: .*[\s\S]*Under Construction Block:\n0\. .* Expected_repl=2/,
  );
  expect((await run(fsck('path=/none'))).endsWith("\n\nPath '/none' does not exist")).toBe(true);
  const id = /:(blk_\d+)_\d+ len=16384/.exec(report)?.[1] ?? '';
  const block = await run(fsck(`path=/&blockId=${id}+nonsense`));
  expect(block).toContain(
    `Block Id: ${id}\nBlock belongs to: /a/b/whole\nNo. of Expected Replica: 2\nNo. of live Replica: 2\n`,
  );
  expect(block).toMatch(/Block replica on datanode\/rack: \S+\/default-rack is HEALTHY\n/);
  expect(block).toContain('Incorrect blockId format: nonsense\n');
  expect(await run(fsck('path=/&blockId='))).toMatch(/\nIncorrect blockId format: \n$/);
  expect(await run(fsck(`path=/&blockId=blk_${'9'.repeat(20)}`))).toContain(
    `\nFor input string: "${'9'.repeat(20)}"\n\n\nFsck on blockId 'blk_${'9'.repeat(20)}`,
  );
  await run(open.close());
  await run(lose('dn0', 'dn1'));
  const lost = await run(fsck('path=/a'));
  expect(lost).toContain('\n/a/b/whole: MISSING 2 blocks of total size 20000 B.');
  expect(lost.endsWith("The filesystem under path '/a' is CORRUPT")).toBe(true);
  expect(await run(fsck('path=/a&listcorruptfileblocks=1'))).toMatch(/Cookie:\t3\n(blk_\d+\t\d\t\/a\/\S+\n){3}\n/);
  expect((await run(fsck('path=/a/b&delete=1'))).endsWith('is CORRUPT')).toBe(true);
  expect(await run(client.exists('/a/b/whole'))).toBe(false);
});
