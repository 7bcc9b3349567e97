// If this failed, an operator could not read a daemon's logs through its web port, or anybody could read them, or files beside
// them.
import { expect, test } from 'vitest';
import { Configuration } from '../config/configuration.ts';
import type { HttpResponse } from '../host/host.ts';
import { Simulation } from '../host/sim/index.ts';
import { configuredGroups } from '../security/groups.ts';
import { staticUser, webAdministrators } from '../security/web-administrators.ts';
import { Beans } from './jmx.ts';
import { Metrics } from './metrics.ts';
import { router } from './server.ts';
import { standardRoutes } from './standard-routes.ts';

const LIMIT_MS = 60_000;

interface Answer {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  readonly body: string;
}

async function server(
  keys: Readonly<Record<string, string>> = {},
  env: Record<string, string> = { HADOOP_LOG_DIR: '/var/log' },
) {
  const simulation = new Simulation({ seed: 1 });
  const { host } = simulation.node('h', { env });
  const { disk } = host;
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, LIMIT_MS);
  await run(disk.mkdir('/var/log/old'));
  await run(disk.writeFileAtomic('/var/secret', 'no'));
  await run(disk.writeFileAtomic('/var/log/nn <1>.log', `${'x'.repeat(300_000)}end\n`));
  await run(disk.writeFileAtomic('/var/log/old/a', ''));
  const configuration = Configuration.of(keys);
  const groups = configuredGroups(host, configuration);
  const route = router(
    standardRoutes({
      host,
      beans: new Beans(),
      metrics: new Metrics(),
      configuration,
      hostName: 'h',
      isAdministrator: webAdministrators(configuration, groups, 'dfs.cluster.administrators', staticUser(configuration)),
      notReady: () => undefined,
      page: () => ({ title: 't', facts: [] }),
    }),
  );
  const get = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => {
    const body = (async function* () {
      yield new Uint8Array(0);
    })();
    const remote = { host: '127.0.0.1', port: 1 };
    const answer = await run(route({ method: 'GET', path, query: new URLSearchParams(), headers, remote, body }));
    let text = typeof answer.body === 'string' ? answer.body : '';
    if (answer.body !== undefined && typeof answer.body === 'object' && Symbol.asyncIterator in answer.body) {
      const chunks = answer.body;
      await run(
        (async () => {
          for await (const chunk of chunks) text += Buffer.from(chunk).toString();
        })(),
      );
    }
    return { status: answer.status, headers: answer.headers, body: text };
  };
  return get;
}

test('the directory is listed, and its files are read whole or in part', async () => {
  const get = await server();
  expect(await get('/logs')).toMatchObject({ status: 302, headers: { Location: '/logs/' } });
  const listing = await get('/logs/');
  expect(listing.body).toContain('<a href="/logs/nn%20%3C1%3E.log">nn &lt;1&gt;.log</a>');
  expect(listing.body).toContain('<a href="/logs/old/">old/</a>');
  const file = '/logs/nn%20%3C1%3E.log';
  const whole = await get(file);
  expect(whole).toMatchObject({ status: 200, headers: { 'Content-Length': '300004' } });
  expect(whole.body).toHaveLength(300_004);
  const tail = await get(file, { range: 'bytes=-4' });
  expect(tail).toMatchObject({ status: 206, body: 'end\n', headers: { 'Content-Range': 'bytes 300000-300003/300004' } });
  expect(await get(file, { range: 'bytes=0-1' })).toMatchObject({ status: 206, body: 'xx' });
  expect(await get(file, { range: 'bytes=300004-' })).toMatchObject({ status: 416, body: '' });
  expect((await get(file, { range: 'lines=1' })).status).toBe(200);
  expect(await get('/logs/old/a')).toMatchObject({ status: 200, body: '' });
});

test('nothing beside the directory is reached', async () => {
  const get = await server();
  for (const path of [
    '/logs/../secret',
    '/logs/%2e%2e/secret',
    '/logs/..%2fsecret',
    '/logs/old/../../secret',
    '/logs/a%00',
    '/logs/%ff',
    '/logs/none',
    '/logs/old/a/b',
  ]) {
    expect((await get(path)).status, path).toBe(404);
  }
});

test('only administrators read them where service authorization is on', async () => {
  const on = { 'hadoop.security.authorization': 'true' };
  const statuses = async (keys: Readonly<Record<string, string>>): Promise<readonly number[]> => {
    const get = await server(keys);
    const answers: number[] = [];
    for (const path of ['/logs/', '/logLevel', '/jmx', '/conf', '/stacks', '/prom']) answers.push((await get(path)).status);
    return answers;
  };
  expect(await statuses(on)).toEqual([403, 403, 200, 200, 200, 200]);
  expect(await statuses({ ...on, 'hadoop.security.instrumentation.requires.admin': 'true' })).toEqual([
    403, 403, 403, 403, 403, 200,
  ]);
  expect(await statuses({ ...on, 'dfs.cluster.administrators': 'ann,dr.who' })).toEqual([200, 200, 200, 200, 200, 200]);
  const group = { 'dfs.cluster.administrators': ' ops', 'hadoop.user.group.static.mapping.overrides': 'dr.who=ops' };
  expect((await statuses({ ...on, ...group }))[0]).toBe(200);
  expect((await statuses({ ...on, ...group, 'hadoop.http.filter.initializers': '' }))[0]).toBe(403);
});

test('without a directory of logs, or where it is switched off, there is no such page', async () => {
  expect((await (await server({}, {}))('/logs/')).status).toBe(404);
  expect((await (await server({ 'hadoop.http.logs.enabled': 'false' }))('/logs/')).status).toBe(404);
});
