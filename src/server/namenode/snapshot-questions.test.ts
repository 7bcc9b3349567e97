// If this failed, Hadoop's tools that ask about snapshots or a rolling upgrade would end with "unknown method" where there simply
// are none, or a user without rights would be told more than Hadoop tells.
import { expect, test } from 'vitest';
import { RollingUpgradeActionProto } from '../../wire/messages/client-namenode.ts';
import { mkdir, TestNameNode } from './test-namenode.ts';

async function started(keys = {}) {
  const nn = new TestNameNode(keys);
  await nn.format();
  const api = await nn.start();
  await mkdir(api, '/d');
  return { nn, api };
}

const SNAPSHOT = 'org.apache.hadoop.hdfs.protocol.SnapshotException';

test('snapshots are answered for by RPC and by WebHDFS', async () => {
  const { nn, api } = await started();
  const names = { fromSnapshot: 's1', toSnapshot: 's2' };
  expect(await api.getSnapshotListing({ snapshotRoot: '/' })).toEqual({ snapshotList: { snapshotListing: [] } });
  await expect(api.getSnapshotListing({ snapshotRoot: '/d' })).rejects.toMatchObject({
    code: 'ESNAPSHOT',
    javaClass: SNAPSHOT,
    message: expect.stringMatching(/^Directory is not a snapshottable directory: \/d$/m),
  });
  const neither = { code: 'ESNAPSHOT', message: expect.stringMatching(/^The path \/d is neither snapshottable nor under a/) };
  await expect(api.getSnapshotDiffReport({ snapshotRoot: '/d', ...names })).rejects.toMatchObject(neither);
  await expect(api.getSnapshotDiffReportListing({ snapshotRoot: '/d', ...names })).rejects.toMatchObject(neither);
  const current = { snapshotRoot: '/', fromSnapshot: '', toSnapshot: '' };
  expect(await api.getSnapshotDiffReport(current)).toEqual({ diffReport: { ...current, diffReportEntries: [] } });
  expect((await api.getSnapshotDiffReportListing(current)).diffReport.cursor).toMatchObject({ index: -1 });

  const ask = async (path: string, query: string) => {
    const { http } = nn.simulation.node('client').host;
    const response = await http.request(`http://nn:9870/webhdfs/v1${path}?user.name=hdfs&${query}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    return [response.status, Buffer.concat(chunks).toString()];
  };
  const got = (path: string, query: string) => nn.within(ask(path, query));
  const refused = (words: string) => [
    403,
    `{"RemoteException":{"exception":"SnapshotException","javaClassName":"${SNAPSHOT}","message":"${words}"}}`,
  ];
  const NEITHER = 'The path /d is neither snapshottable nor under a snapshot root!';
  expect(await got('/d', 'op=GETSNAPSHOTLIST')).toEqual(refused('Directory is not a snapshottable directory: /d'));
  expect(await got('/d', 'op=GETSNAPSHOTDIFF&oldsnapshotname=a&snapshotname=b')).toEqual(refused(NEITHER));
  expect(await got('/d', 'op=GETSNAPSHOTDIFFLISTING&oldsnapshotname=a&snapshotname=b')).toEqual(refused(NEITHER));
  expect(await got('/', 'op=GETSNAPSHOTLIST')).toEqual([200, '{"SnapshotList":[]}']);
  expect(await got('/', 'op=GETSNAPSHOTDIFF')).toEqual([
    200,
    '{"SnapshotDiffReport":{"diffList":[],"fromSnapshot":null,"snapshotRoot":"/","toSnapshot":null}}',
  ]);
});

test('no rolling upgrade is under way: whoever may ask is told so, and none begins', async () => {
  const { nn, api } = await started();
  expect(await api.rollingUpgrade({ action: RollingUpgradeActionProto.QUERY })).toEqual({ rollingUpgradeInfo: undefined });
  expect(await api.rollingUpgrade({ action: RollingUpgradeActionProto.FINALIZE })).toEqual({ rollingUpgradeInfo: undefined });
  await expect(api.rollingUpgrade({ action: RollingUpgradeActionProto.START })).rejects.toMatchObject({
    code: 'EUNSUPPORTEDACTION',
    message: expect.stringMatching(/^PREPARE is not yet supported/),
  });
  for (const [action, operation] of [
    [RollingUpgradeActionProto.QUERY, 'queryRollingUpgrade'],
    [RollingUpgradeActionProto.START, 'startRollingUpgrade'],
    [RollingUpgradeActionProto.FINALIZE, 'finalizeRollingUpgrade'],
  ] as const) {
    await expect(nn.client('bob').rollingUpgrade({ action })).rejects.toMatchObject({
      code: 'EACCES',
      message: expect.stringContaining(`Superuser privilege is required for operation ${operation}`),
    });
  }
});
