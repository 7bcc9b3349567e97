// If this failed, an operator's reports on who did what would miss lines, or a client could forge them.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../../sim/cluster.ts';
import { RpcClient, rpcProxy } from '../../../rpc/client.ts';
import { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import { TestNameNode } from '../test-namenode.ts';
import { stampedLine } from './audit-log.ts';
import { auditLine, escapeJava, permissionText } from './line.ts';

const LIMIT_MS = 120_000;
const options = { contexts: true, maxContext: 8, maxSignature: 4, trackingId: false };
const event = {
  allowed: true,
  user: 'ann',
  realUser: undefined,
  address: '10.0.0.1',
  cmd: 'create',
  src: '/a\tallowed=true\n',
  dst: undefined,
  status: { owner: 'ann', group: 'users', mode: 0o1754 },
  protocol: 'rpc',
  callerContext: { context: 'job_0123456', signature: Buffer.from('sig') },
};

test('a line is Hadoop’s, and nothing that a client sends can begin another', () => {
  expect(auditLine(event, options)).toBe(
    'allowed=true\tugi=ann (auth:SIMPLE)\tip=/10.0.0.1\tcmd=create\tsrc=/a\\tallowed=true\\n\tdst=null\t' +
      'perm=ann:users:rwxr-xr-T\tproto=rpc\tcallerContext=job_0123:sig',
  );
  expect(auditLine({ ...event, realUser: 'root', status: undefined }, { ...options, contexts: false })).toContain(
    'ugi=ann (auth:PROXY) via root (auth:SIMPLE)\t',
  );
  expect(escapeJava('é"\\\u0000\u007f')).toBe('\\u00E9\\"\\\\\\u0000\u007f');
  expect([0o644, 0o1777, 0o1776].map(permissionText)).toEqual(['rw-r--r--', 'rwxrwxrwt', 'rwxrwxrwT']);
});

test('lines are stamped as log4j stamps them', () => {
  expect(stampedLine('x', 1_795_907_109_007, 60)).toBe('2026-11-29 00:05:09,007 INFO FSNamesystem.audit: x');
});

test('calls by RPC and by WebHDFS are written down, and so is what was refused', async () => {
  const lines: string[] = [];
  const cluster = new SimCluster({
    seed: 5,
    dataNodes: 1,
    clients: 1,
    keys: { 'hdfs.audit.logger': 'INFO,console', 'dfs.replication': 1 },
    log: ({ component, message }) => {
      if (component === 'audit') lines.push(message.replaceAll('\t', ' '));
    },
  });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const client = await run(cluster.connect(machine));
  const bob = await run(cluster.connect(machine, 'bob'));
  lines.length = 0;
  await run(client.mkdir('/d', { mode: 0o700 }));
  await run(client.writeFile('/d/f', 'x'));
  await run(client.rename('/d/f', '/d/g'));
  await expect(run(bob.readFile('/d/g'))).rejects.toThrow(/Permission denied/);
  await run(machine.host.http.request('http://nn:9870/webhdfs/v1/d?op=GETFILESTATUS&user.name=alice'));
  for (const query of ['path=/d', 'path=/&blockId=blk_1+blk_2']) {
    const { body } = await run(machine.host.http.request(`http://nn:9870/fsck?ugi=hdfs&${query}`));
    await run(
      (async () => {
        for await (const _ of body);
      })(),
    );
  }
  const cut = lines.map((line) => line.replace(/ip=\S+/, 'ip=IP'));
  expect(cut).toContain(
    'allowed=true ugi=hdfs (auth:SIMPLE) ip=IP cmd=mkdirs src=/d dst=null perm=hdfs:supergroup:rwx------ proto=rpc',
  );
  expect(cut).toContain(
    'allowed=true ugi=hdfs (auth:SIMPLE) ip=IP cmd=rename (options=[NONE]) src=/d/f dst=/d/g perm=hdfs:supergroup:rw-rw-rw- proto=rpc',
  );
  expect(cut).toContain('allowed=false ugi=bob (auth:SIMPLE) ip=IP cmd=open src=/d/g dst=null perm=null proto=rpc');
  expect(cut).toContain('allowed=true ugi=alice (auth:SIMPLE) ip=IP cmd=getfileinfo src=/d dst=null perm=null proto=webhdfs');
  // A name that leads from a number to its directory takes what is moved there; the line shows it.
  const protocol = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';
  const address = { host: 'nn', port: 8020 };
  const as = (user: string) => rpcProxy(new RpcClient(machine.host, { address, protocol, user }), ClientNamenodeProtocol);
  const api = as('hdfs');
  await run(client.mkdir('/e/h', { mode: 0o750, recursive: true }));
  const { fs } = await run(api.getFileInfo({ src: '/e/h' }));
  const dst = `/.reserved/.inodes/${fs?.fileId}/..`;
  expect(await run(api.rename({ src: '/d/g', dst }))).toEqual({ result: true });
  expect((await run(client.stat('/e/g'))).size).toBe(1);
  expect(lines.find((line) => line.includes('cmd=rename src'))).toMatch(`dst=${dst} perm=hdfs:supergroup:rw-rw-rw- proto=rpc`);
  // What cannot be done is no line, nor a reason.
  expect(await run(client.move('/nowhere', '/e'))).toBe(false);
  expect(lines.filter((line) => line.includes('cmd=rename src'))).toHaveLength(1);
  // Who asks where a link leads sees what stands there, unless nothing can.
  await expect(run(api.getLinkTarget({ path: '/none' }))).rejects.toThrow('File does not exist: /none');
  await expect(run(api.getLinkTarget({ path: '/.reserved/.inodes/none' }))).rejects.toThrow('Invalid inode path');
  expect(lines.at(-1)).toMatch(/^allowed=true ugi=hdfs .* cmd=getfileinfo src=\/none dst=null/);
  // What is refused is written down though a path behind it fails the whole call.
  const listing = as('bob').getBatchedListing({ paths: ['/d', 'no path'], startAfter: new Uint8Array(0), needLocation: false });
  await expect(run(listing)).rejects.toThrow('Absolute path required');
  expect(lines.at(-1)).toMatch(/^allowed=false ugi=bob .* cmd=listStatus src=\/d dst=null/);
  const fsck = cut.filter((line) => line.includes('cmd=fsck')).map((line) => line.slice(line.indexOf('cmd=')));
  expect(fsck).toEqual([
    'cmd=fsck src=/d dst=null perm=null proto=null',
    'cmd=fsck src=blocksIds=[blk_1, blk_2] dst=null perm=null proto=null',
  ]);
});

test('the client’s port stands in the context, behind the separator that is set', async () => {
  const contextWith = async (keys: Readonly<Record<string, string>>) => {
    const contexts: string[] = [];
    const nn = new TestNameNode(
      {
        'hdfs.audit.logger': 'INFO,console',
        'hadoop.caller.context.enabled': true,
        'dfs.namenode.audit.log.with.remote.port': true,
        ...keys,
      },
      1,
      {},
      ({ component, message }) => {
        if (component === 'audit') contexts.push(message.split('callerContext=')[1] ?? '');
      },
    );
    await nn.format();
    await nn.start();
    const client = new RpcClient(nn.simulation.node('client').host, {
      address: { host: 'nn', port: 8020 },
      protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
      user: 'hdfs',
    });
    const api = rpcProxy(client, ClientNamenodeProtocol);
    await nn.within(api.getFileInfo({ src: '/' }, { callerContext: { context: 'job_1' } }));
    return contexts;
  };
  expect(await contextWith({})).toEqual([expect.stringMatching(/^job_1,clientPort:\d+$/)]);
  expect(await contextWith({ 'hadoop.caller.context.separator': '; ' })).toEqual([
    expect.stringMatching(/^job_1; clientPort:\d+$/),
  ]);
  await expect(contextWith({ 'hadoop.caller.context.separator': '=' })).rejects.toThrow('Illegal field separator: =');
});

test('the file is put aside when it is full', async () => {
  const { AuditFile } = await import('./file.ts');
  const { Simulation } = await import('../../../host/sim/index.ts');
  const simulation = new Simulation({ seed: 1 });
  const { host } = simulation.node('m');
  const file = new AuditFile(host, { path: '/log/hdfs-audit.log', maxBytes: 100, backups: 2 });
  await simulation.run(
    (async () => {
      for (let i = 0; i < 12; i++) {
        file.write(`line ${i} ${'x'.repeat(30)}`);
        await host.clock.sleep(10);
      }
      await file.close();
      expect(await host.disk.readdir('/log')).toEqual(['hdfs-audit.log', 'hdfs-audit.log.1', 'hdfs-audit.log.2']);
      expect((await host.disk.readFile('/log/hdfs-audit.log')).toString()).toContain('line 11 ');
      expect((await host.disk.readFile('/log/hdfs-audit.log.1')).toString()).toContain('line 9 ');
    })(),
    LIMIT_MS,
  );
});
