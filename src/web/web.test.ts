// If this failed, monitoring that reads Hadoop's /jmx, /conf or /prom would break, or a page would carry foreign markup.
import { expect, test } from 'vitest';
import { Timing } from '../base/timing.ts';
import { Configuration } from '../config/configuration.ts';
import type { HttpRequest } from '../host/host.ts';
import { Simulation } from '../host/sim/index.ts';
import { Beans, globMatches, renderJmx } from './jmx.ts';
import { formatJson, JavaDouble, merged } from './json.ts';
import { Metrics } from './metrics.ts';
import { formatBytes, renderPage } from './page.ts';
import { prometheusName, renderPrometheus } from './prometheus.ts';
import { router, webServer } from './server.ts';
import { standardRoutes } from './standard-routes.ts';

const beans = new Beans();
beans.add({
  name: 'Hadoop:service=NameNode,name=FSNamesystemState',
  modelerType: 'org.apache.hadoop.hdfs.server.namenode.FSNamesystem',
  attributes: () => ({ FilesTotal: 1, FSState: 'Operational', Progress: new JavaDouble(0), Gone: undefined }),
});
beans.add({ name: 'Hadoop:service=NameNode,name=NameNodeStatus', attributes: () => ({ State: 'active' }) });
beans.add({ name: 'java.lang:type=GarbageCollector,name=v8', attributes: () => ({ Ids: [1, 2], Empty: [], None: {} }) });

const timing = new Timing();
const metrics = new Metrics();
metrics.add([
  {
    name: 't_volumes',
    help: 'Volumes.',
    kind: 'gauge',
    labels: ['path'],
    read: () => [{ labels: { path: '/a"b' }, value: 2 }],
  },
  { name: 't_calls_total', help: 'Calls.', kind: 'counter', read: () => timing.count },
]);
metrics.addTimings('t_seconds', 'Calls.', ['method'], () => [{ labels: { method: 'mkdirs' }, timing }]);

const jmx = (query: string) => renderJmx(beans, new URLSearchParams(query));

test('numbers with a point are written as Java writes them, and what is no number as a text', () => {
  const shown = [1, 0.25, 1e7, 1234567.5, 1e-4, Number.NaN, Number.POSITIVE_INFINITY].map((n) => formatJson(new JavaDouble(n)));
  expect(shown).toEqual(['1.0', '0.25', '1.0E7', '1234567.5', '1.0E-4', '"NaN"', '"Infinity"']);
});

test('/jmx has the layout of Hadoop’s', () => {
  expect(jmx('qry=Hadoop:service=NameNode,name=FSNamesystemState')).toBe(`{
  "beans" : [ {
    "name" : "Hadoop:service=NameNode,name=FSNamesystemState",
    "modelerType" : "org.apache.hadoop.hdfs.server.namenode.FSNamesystem",
    "FilesTotal" : 1,
    "FSState" : "Operational",
    "Progress" : 0.0
  } ]
}`);
  expect(jmx('qry=java.lang:type=GarbageCollector,*')).toContain('"Ids" : [ 1, 2 ],\n    "Empty" : [ ],\n    "None" : { }');
  expect(formatJson({ a: [{ b: 1 }, { b: 2 }] })).toBe(
    '{\n  "a" : [ {\n  "b" : 1\n}, {\n  "b" : 2\n} ]\n}'.replace(/\n {2}"b"/g, '\n    "b"').replace(/\n\}([, ])/g, '\n  }$1'),
  );
});

test('attributes keep their order, and the last value of a name counts', () => {
  const all = merged([{ name: 'x', b: 1 }, { a: 2 }, { b: 4 }]);
  expect(Object.entries(all)).toEqual([
    ['name', 'x'],
    ['b', 4],
    ['a', 2],
  ]);
  expect(formatJson(merged([{ constructor: 1 }]))).toBe('{\n  "constructor" : 1\n}');
});

test('/jmx takes patterns and single attributes', () => {
  const names = (query: string) => [...jmx(query).matchAll(/"name" : "([^"]*)"/g)].map((match) => match[1]);
  expect(names('')).toHaveLength(3);
  expect(names('qry=Hadoop:*')).toHaveLength(2);
  expect(names('qry=Hadoop:service=NameNode,name=*Status')).toEqual(['Hadoop:service=NameNode,name=NameNodeStatus']);
  expect(names('qry=Hadoop:name=NameNodeStatus,service=NameNode')).toHaveLength(1);
  expect(names('qry=Hadoop:name=NameNodeStatus')).toHaveLength(0);
  expect(jmx('qry=abc')).toBe('{ }');
  expect(jmx('qry=a:b=c,b=c')).toBe('{ }');
  expect(jmx('get=Hadoop:service=NameNode,name=NameNodeStatus::State')).toContain('"State" : "active"');
  expect(jmx('get=Hadoop:service=NameNode,name=NameNodeStatus::toString')).toContain(
    'No attribute with name toString was found.',
  );
  expect(jmx('get=Hadoop')).toBe('{\n  "result" : "ERROR",\n  "message" : "query format is not as expected."\n}');
});

test('/jmx takes for an object name what Java does', () => {
  const names = (query: string) => [...jmx(query).matchAll(/"name" : "([^"]*)"/g)].map((match) => match[1]);
  expect(names('qry=')).toHaveLength(3);
  expect(jmx('get=::State')).toContain('"result" : "ERROR"');
  for (const name of ['a:b=', 'a:b=c,*', 'a:*,', 'a:*,b=c', 'a:b="', 'a:b="x"y', 'a:b=c"d', ':b=c', 'a:b =c']) {
    expect([name, jmx(`qry=${encodeURIComponent(name)}`)]).toEqual([name, '{\n  "beans" : [ ]\n}']);
  }
  for (const name of ['a:', ':', 'a:=b', 'a:b=c,', 'a:b=c,,d=e', 'a:*,*', 'a:*x', 'a:b', 'a:b=c=d', 'a:b=c:d', 'a:b*=c']) {
    expect([name, jmx(`qry=${encodeURIComponent(name)}`)]).toEqual([name, '{ }']);
  }
  for (const name of ['a:b="x,y"', 'a=b:c=d', 'a\nb:c=d', 'a:b=c\nd']) {
    expect([name, jmx(`qry=${encodeURIComponent(name)}`)]).toEqual([name, '{ }']);
  }
});

test('/jmx splits a query for an attribute as Java does', () => {
  const name = 'get=Hadoop:service=NameNode,name=NameNodeStatus';
  expect(jmx(`${name}::State::`)).toContain('"State" : "active"');
  const wrong = '{\n  "result" : "ERROR",\n  "message" : "query format is not as expected."\n}';
  for (const query of ['get=', 'get=::', 'get=a::', `${name}::`, `${name}::State::x`]) expect(jmx(query)).toBe(wrong);
});

test('globs match in bounded time', () => {
  expect(globMatches('a*b?c', 'axxbyc')).toBe(true);
  expect(globMatches('', '')).toBe(true);
  expect(globMatches('*', '')).toBe(true);
  expect(globMatches('a', 'ab')).toBe(false);
  expect(globMatches('*a'.repeat(1000), 'a'.repeat(999))).toBe(false);
});

test('Prometheus names are Hadoop’s', () => {
  expect(prometheusName('FSNamesystem', 'CapacityUsed')).toBe('fs_namesystem_capacity_used');
  expect(prometheusName('RpcActivity', 'RpcQueueTimeNumOps')).toBe('rpc_activity_rpc_queue_time_num_ops');
  expect(prometheusName('JvmMetrics', 'MemHeapUsedM')).toBe('jvm_metrics_mem_heap_used_m');
  expect(renderPrometheus(beans, 'h"x')).toBe(
    '# TYPE fs_namesystem_state_files_total gauge\nfs_namesystem_state_files_total{hostname="h\\"x"} 1\n' +
      '# TYPE fs_namesystem_state_progress gauge\nfs_namesystem_state_progress{hostname="h\\"x"} 0\n',
  );
});

test('metrics are read when they are asked for', async () => {
  timing.add(0.2);
  timing.add(20_000);
  const text = await metrics.text();
  expect(text).toContain('# TYPE t_volumes gauge\nt_volumes{path="/a\\"b"} 2\n');
  expect(text).toContain('# TYPE t_calls_total counter\nt_calls_total 2\n');
  expect(text).toContain('# TYPE t_seconds histogram\n');
  expect(text).toContain('t_seconds_bucket{method="mkdirs",le="0.0001"} 0\n');
  expect(text).toContain('t_seconds_bucket{method="mkdirs",le="0.00025"} 1\n');
  expect(text).toContain('t_seconds_bucket{method="mkdirs",le="+Inf"} 2\n');
  expect(text).toContain('t_seconds_sum{method="mkdirs"} 20.0002\nt_seconds_count{method="mkdirs"} 2\n');
  timing.add(1);
  expect(await metrics.text()).toContain('t_calls_total 3\n');
});

const request = (path: string, query = '', method = 'GET'): HttpRequest => ({
  method,
  path,
  query: new URLSearchParams(query),
  headers: {},
  remote: { host: '127.0.0.1', port: 1 },
  body: (async function* () {
    yield new Uint8Array(0);
  })(),
});

const { host } = new Simulation({ seed: 1 }).node('h');

const route = router([
  ...standardRoutes({
    host,
    beans,
    metrics,
    configuration: Configuration.of({ 'my.password': 'hunter2', 'fs.defaultFS': 'hdfs://a&b' }),
    hostName: 'h',
    isAdministrator: () => Promise.resolve(true),
    notReady: () => undefined,
    pagePaths: ['/dfshealth.html'],
    page: () => ({ title: '<x>', facts: [['a', '"b"']], tables: [{ title: 't', columns: ['c'], rows: [['<script>']] }] }),
  }),
  { method: 'PUT', path: '/files/:name', handler: (_request, { name }) => ({ status: 201, body: `${name}` }) },
  { method: 'GET', path: '/under/*', handler: ({ path }) => ({ status: 200, body: path }) },
  {
    method: 'GET',
    path: '/broken',
    handler: () => {
      throw new Error('told');
    },
  },
]);

test('routes answer, and unknown ones say so', async () => {
  expect((await route(request('/jmx', 'qry=Hadoop:*'))).headers?.['Content-Type']).toBe('application/json; charset=utf8');
  expect((await route(request('/jmx', '', 'HEAD'))).status).toBe(200);
  expect(await route(request('/files/a%20b', '', 'PUT'))).toMatchObject({ status: 201, body: 'a b' });
  expect((await route(request('/files/x'))).status).toBe(405);
  expect((await route(request('/nope'))).status).toBe(404);
  expect((await route(request('/%zz'))).status).toBe(404);
  // A way around is a way, a slash behind a page is none, as with Hadoop's web server.
  for (const path of ['/./jmx', '/a/../jmx', '/a/b/.././../jmx']) expect((await route(request(path))).status, path).toBe(200);
  for (const path of ['/./under/a', '/x/../under/a'])
    expect(await route(request(path)), path).toMatchObject({ body: '/under/a' });
  expect(await route(request('/under/../a'))).toMatchObject({ body: '/under/../a' });
  for (const path of ['/jmx/', '/../jmx', '/a/../../jmx', '/jmx/..x'])
    expect((await route(request(path))).status, path).toBe(404);
  expect(await route(request('/broken'))).toMatchObject({ status: 500, body: 'told\n' });
});

test('/conf hides secrets and escapes', async () => {
  const xml = String((await route(request('/conf'))).body);
  expect(xml).toContain('<name>my.password</name><value>&lt;redacted&gt;</value>');
  expect(xml).toContain('<value>hdfs://a&amp;b</value>');
  expect(xml).not.toContain('hunter2');
  const json = String((await route(request('/conf', 'format=json&name=dfs.replication'))).body);
  expect(JSON.parse(json)).toEqual({
    property: { key: 'dfs.replication', value: '3', isFinal: false, resource: 'hdfs-default.xml' },
  });
  expect((await route(request('/conf', 'name=no.such'))).status).toBe(404);
});

test('a page escapes what it shows', async () => {
  const body = String((await route(request('/'))).body);
  expect(String((await route(request('/dfshealth.html'))).body)).toBe(body);
  expect(body).toContain('<title>&lt;x&gt;</title>');
  expect(body).toContain('<td>&lt;script&gt;</td>');
  expect(renderPage({ title: 't', facts: [] })).toContain('<!doctype html>');
  expect([0, 1023, 1024, 1536, 128 * 1024 ** 2, 2 ** 41].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1 KB',
    '1.5 KB',
    '128 MB',
    '2 TB',
  ]);
});

test('answers say who may show them in a frame, and whatever else is configured', async () => {
  const headersWith = async (keys: Readonly<Record<string, string>>) => {
    const simulation = new Simulation({ seed: 1 });
    const server = simulation.node('server');
    const configuration = Configuration.of(keys);
    const shown = { beans: new Beans(), service: 'X' };
    await simulation.run(webServer(server.host, { host: 'server', port: 80 }, [], configuration, { shown }));
    const answer = simulation.node('client').host.http.request('http://server:80/nowhere');
    return (await simulation.run(answer)).headers;
  };
  expect((await headersWith({}))['x-frame-options']).toBe('SAMEORIGIN');
  expect((await headersWith({ 'dfs.xframe.value': 'DENY' }))['x-frame-options']).toBe('DENY');
  expect(await headersWith({ 'dfs.xframe.enabled': 'false' })).not.toHaveProperty('x-frame-options');
  expect(
    (await headersWith({ 'hadoop.http.header.Strict-Transport-Security': 'max-age=1' }))['strict-transport-security'],
  ).toBe('max-age=1');
  await expect(headersWith({ 'dfs.xframe.value': 'deny' })).rejects.toThrow('Unexpected value in xFrameOption.');
});
