// If this fails, an operator who wants to know which calls get long answers does not learn of them, or of all others too.
import { expect, test } from 'vitest';
import { mkdir, TestNameNode } from './test-namenode.ts';

test('answers that are longer than is set are named in the log', async () => {
  const nn = new TestNameNode({ 'ipc.server.max.response.size': 1000 });
  await nn.format();
  const api = await nn.start();
  const list = () => api.getListing({ src: '/', startAfter: new Uint8Array(0), needLocation: false });
  const named = () => nn.logged.filter((line) => line.includes('Large response size'));
  await mkdir(api, '/a');
  await list();
  expect(named()).toEqual([]);
  for (let i = 0; i < 30; i++) await mkdir(api, `/directory-${i}`);
  await list();
  expect(named()).toEqual([
    expect.stringMatching(
      /^warn: .*Large response size \d{4} for call Call#\d+ Retry#0 org\.apache\.hadoop\.hdfs\.protocol\.ClientProtocol\.getListing from /,
    ),
  ]);
});
