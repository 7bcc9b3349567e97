// If this failed, a page of a foreign origin could read a cluster's answers, or have a browser change files there.
import { expect, test } from 'vitest';
import { Configuration } from '../config/configuration.ts';
import type { HttpRequest, HttpResponse } from '../host/host.ts';
import { withCrossOrigin, withCsrfGuard } from './guards.ts';

const request = (headers: Readonly<Record<string, string>>, method = 'GET'): HttpRequest => ({
  method,
  path: '/',
  query: new URLSearchParams(),
  headers,
  remote: { host: '127.0.0.1', port: 1 },
  body: (async function* () {
    yield new Uint8Array(0);
  })(),
});
const ok = (): HttpResponse => ({ status: 200 });

test('other origins are let in only where that is configured', async () => {
  const off = withCrossOrigin(Configuration.of({}), ok);
  expect((await off(request({ origin: 'http://a.example' }))).headers).toBeUndefined();
  const unnamed = withCrossOrigin(Configuration.of({ 'hadoop.http.cross-origin.enabled': true }), ok);
  expect((await unnamed(request({ origin: 'http://a.example' }))).headers).toBeUndefined();
  const on = withCrossOrigin(
    Configuration.of({
      'hadoop.http.filter.initializers': 'org.apache.hadoop.security.HttpCrossOriginFilterInitializer',
      'hadoop.http.cross-origin.enabled': true,
      'hadoop.http.cross-origin.allowed-origins': 'http://*.example.com,regex:https://[ab]\\.org',
    }),
    ok,
  );
  const allowed = async (origin: string, more = {}) =>
    (await on(request({ origin, ...more }))).headers?.['Access-Control-Allow-Origin'];
  expect(await allowed('http://x.example.com')).toBe('http://x.example.com');
  expect(await allowed('http://xexample.com')).toBeUndefined();
  expect(await allowed('https://a.org')).toBe('https://a.org');
  expect(await allowed('https://c.org')).toBeUndefined();
  expect(await allowed('https://a.org', { 'access-control-request-method': 'PUT' })).toBeUndefined();
  expect(await allowed('https://a.org', { 'access-control-request-headers': 'Accept, X-Other' })).toBeUndefined();
  expect((await on(request({}))).headers).toEqual({});
});

test('a browser without the header changes nothing; programs are left alone', async () => {
  const guarded = withCsrfGuard(Configuration.of({ 'dfs.webhdfs.rest-csrf.enabled': true }), ok);
  const browser = { 'user-agent': 'Mozilla/5.0' };
  expect(await guarded(request(browser, 'PUT'))).toMatchObject({
    status: 400,
    reason: 'Missing Required Header for CSRF Vulnerability Protection',
  });
  expect((await guarded(request({ ...browser, 'x-xsrf-header': '' }, 'PUT'))).status).toBe(200);
  expect((await guarded(request(browser, 'GET'))).status).toBe(200);
  expect((await guarded(request({ 'user-agent': 'curl/8' }, 'PUT'))).status).toBe(200);
});
