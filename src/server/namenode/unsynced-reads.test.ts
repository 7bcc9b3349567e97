// If this fails, somebody is told of a change that a power cut takes back a moment later.
import { expect, test } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { RpcClient, rpcProxy } from '../../rpc/client.ts';
import type { RpcCall } from '../../rpc/service.ts';
import { ClientNamenodeProtocol } from '../../wire/messages/client-namenode.ts';
import { type Api, createFile, mkdir, TestNameNode } from './test-namenode.ts';

const src = '/d/f';

/** What shows a file, or that it is closed. */
const QUESTIONS: readonly (readonly [string, (api: Api) => Promise<unknown>])[] = [
  ['isFileClosed', (api) => api.isFileClosed({ src })],
  ['getPreferredBlockSize', (api) => api.getPreferredBlockSize({ filename: src })],
  ['getStoragePolicy', (api) => api.getStoragePolicy({ path: src })],
  ['getErasureCodingPolicy', (api) => api.getErasureCodingPolicy({ src })],
  ['getEZForPath', (api) => api.getEZForPath({ src })],
  ['getEnclosingRoot', (api) => api.getEnclosingRoot({ filename: src })],
  ['getSnapshotListing', (api) => api.getSnapshotListing({ snapshotRoot: '/d' })],
  ['getFileInfo', (api) => api.getFileInfo({ src })],
  ['getBlockLocations', (api) => api.getBlockLocations({ src, offset: 0, length: 1 })],
  ['getLocatedFileInfo', (api) => api.getLocatedFileInfo({ src, needBlockToken: false })],
  ['getListing', (api) => api.getListing({ src, startAfter: Buffer.alloc(0), needLocation: false })],
  ['getContentSummary', (api) => api.getContentSummary({ path: src })],
  ['getQuotaUsage', (api) => api.getQuotaUsage({ path: src })],
  ['checkAccess', (api) => api.checkAccess({ path: src, mode: 4 })],
  ['getAclStatus', (api) => api.getAclStatus({ src })],
  ['getXAttrs', (api) => api.getXAttrs({ src, xAttrs: [] })],
];

test('a question that fails in a later turn waits for what it met there', async () => {
  const nn = new TestNameNode();
  await nn.format();
  await nn.start();
  const { system } = nn.running;
  const { host } = nn.simulation.node('other');
  const call = { user: 'hdfs', afterTxid: 0 } as RpcCall;
  const asked = system.read(call, async () => {
    await host.clock.sleep(10);
    // A large tree goes while it is counted.
    system.editLog.rollNow();
    throw new HdfsError('ENOENT', 'File does not exist: /large');
  });
  await expect(nn.within(Promise.resolve(asked))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(call.afterTxid).toBe(system.editLog.lastTxid);
});

test.each(QUESTIONS)('%s shows no file that is not on the disk', async (_name, ask) => {
  const nn = new TestNameNode();
  await nn.format();
  await mkdir(await nn.start(), '/d');
  const { simulation } = nn;
  const { host } = simulation.node('other');
  const clock = () => host.clock.monotonic();
  const address = { host: 'nn', port: 8020 };
  const client = new RpcClient(host, { address, protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol', user: 'hdfs' });
  const api: Api = rpcProxy(client, ClientNamenodeProtocol);
  nn.machine.diskFault = ({ operation, path }) =>
    operation === 'fdatasync' && path.includes('edits') ? { delayMs: 2_000 } : undefined;
  // From now on the log is written beside everything else.
  await simulation.run(mkdir(api, '/slow'), 60_000);
  const created = createFile(api, src).then(clock);
  await simulation.advance(100);
  const answered = ask(api).then(clock, clock);
  const [synced, told] = await simulation.run(Promise.all([created, answered]), 60_000);
  expect(told).toBeGreaterThanOrEqual(synced);
  client.close();
});
