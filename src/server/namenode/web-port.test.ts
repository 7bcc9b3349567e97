// If this failed, nobody could see how far a NameNode is that takes minutes to start, or would be told that it serves already.
import { expect, test } from 'vitest';
import { SeededRandom } from '../../base/random.ts';
import { DiskFaults, type DiskRule } from '../../host/sim/disk-faults.ts';
import { NameNode } from './namenode.ts';
import { TestNameNode } from './test-namenode.ts';

const IMAGE = '/name/current/fsimage_0000000000000000000';
const READ_MS = 60_000;

/** A NameNode whose image is read as `rule` has it, and who asks its pages. */
async function starting(rule: Pick<DiskRule, 'delayMs' | 'error'>) {
  const cluster = new TestNameNode({ 'hadoop.http.metrics.enabled': true });
  await cluster.format();
  const faults = new DiskFaults(new SeededRandom(1));
  cluster.machine.diskFault = (call) => faults.decide(call);
  faults.add({ path: IMAGE, operations: 'read', times: 1, ...rule });
  const namenode = new NameNode(cluster.machine.host, cluster.configuration);
  const started = namenode.start();
  const browser = cluster.simulation.node('browser').host;
  const ask = (path: string) =>
    cluster.within(
      (async () => {
        const { status, body } = await browser.http.request(`http://nn:9870${path}`);
        const chunks: Uint8Array[] = [];
        for await (const chunk of body) chunks.push(chunk);
        return { status, body: Buffer.concat(chunks).toString() };
      })(),
    );
  return { cluster, started, ask };
}

test('while the namespace is loaded pages tell how far that is, and those that ask it say that it is not there', async () => {
  const { cluster, started, ask } = await starting({ delayMs: READ_MS });
  await cluster.simulation.advance(READ_MS / 2);
  const phases = async (): Promise<readonly string[]> =>
    JSON.parse((await ask('/startupProgress')).body).phases.map(({ status }: { status: string }) => status);
  expect(await phases()).toEqual(['RUNNING', 'PENDING', 'PENDING', 'PENDING']);
  const page = await ask('/dfshealth.html');
  expect(page.status).toBe(200);
  expect(page.body).toContain('The namespace is being loaded. 0 % of the start is done.');
  expect(page.body).toContain('<h2 id="tab-startup-progress">');
  expect((await ask('/healthz')).status).toBe(200);
  const waiting = { status: 503, body: 'The namespace is being loaded. 0 % of the start is done.\n' };
  for (const path of ['/readyz', '/topology', '/fsck?path=/']) expect(await ask(path), path).toEqual(waiting);
  expect(await ask('/isActive')).toEqual({ status: 405, body: 'not active' });
  expect(await ask('/imagetransfer?getimage=1&txid=latest')).toEqual({
    status: 403,
    body: 'NameNode initialization not yet complete. FSImage has not been set in the NameNode.\n',
  });
  const refused = await ask('/webhdfs/v1/?op=GETFILESTATUS');
  expect(refused.status).toBe(403);
  expect(JSON.parse(refused.body).RemoteException).toEqual({
    exception: 'RetriableException',
    javaClassName: 'org.apache.hadoop.ipc.RetriableException',
    message: 'Namenode is in startup mode',
  });
  expect((await ask('/webhdfs/v1/?op=NOPE')).status).toBe(400);
  expect((await ask('/nothing')).status).toBe(404);
  const beans = async (): Promise<readonly string[]> =>
    JSON.parse((await ask('/jmx?qry=Hadoop:*')).body).beans.map(({ name }: { name: string }) => name);
  const before = await beans();
  expect(before).toContain('Hadoop:service=NameNode,name=StartupProgress');
  expect(before).not.toContain('Hadoop:service=NameNode,name=FSNamesystem');

  await cluster.within(started);
  expect((await phases()).slice(0, 3)).toEqual(['COMPLETE', 'COMPLETE', 'COMPLETE']);
  expect((await ask('/isActive')).status).toBe(200);
  expect((await ask('/webhdfs/v1/?op=GETFILESTATUS')).status).toBe(200);
  expect((await ask('/fsck?path=/')).body).toContain("The filesystem under path '/' is HEALTHY");
  expect((await ask('/dfshealth.html')).body).toContain('id="tab-startup-progress"');
  const after = await beans();
  expect(after).toContain('Hadoop:service=NameNode,name=FSNamesystem');
  // None is there twice, and none has gone.
  expect(new Set(after).size).toBe(after.length);
  expect(after).toEqual(expect.arrayContaining([...before]));
});

test('a NameNode that cannot start lets go of its web port', async () => {
  const { cluster, started, ask } = await starting({ error: 'EIO' });
  await expect(cluster.within(started)).rejects.toThrow('Failed to load FSImage file');
  await expect(ask('/startupProgress')).rejects.toMatchObject({ code: 'ECONN' });
  const namenode = new NameNode(cluster.machine.host, cluster.configuration);
  await cluster.within(namenode.start());
  expect((await ask('/isActive')).status).toBe(200);
});
