// If this failed, a page could be read without a name where one is asked for, or a forged cookie would be believed.
import { expect, test } from 'vitest';
import { Configuration } from '../config/configuration.ts';
import type { HttpRequest, HttpResponse } from '../host/host.ts';
import { Simulation } from '../host/sim/index.ts';
import { readToken, signedToken } from './signed-token.ts';
import { nameNodeFilter } from './simple-authentication.ts';

const LIMIT_MS = 1_000_000;
const secret = Buffer.from('a secret');

function requestOf(target: string, cookie?: string): HttpRequest {
  const [path = '', query] = target.split('?');
  const body = (async function* () {
    yield new Uint8Array(0);
  })();
  const headers = cookie === undefined ? {} : { cookie };
  return { method: 'GET', path, query: new URLSearchParams(query), headers, remote: { host: 'c', port: 1 }, body };
}

async function pages(keys: Readonly<Record<string, string | boolean | number>>, file?: string) {
  const simulation = new Simulation({ seed: 1 });
  const { host } = simulation.node('h', { env: { HOME: '/etc' } });
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, LIMIT_MS);
  if (file !== undefined) {
    await run(host.disk.mkdir('/etc'));
    await run(host.disk.writeFileAtomic('/etc/hadoop-http-auth-signature-secret', file));
  }
  const values = { 'hadoop.http.authentication.signature.secret.file': '/etc/hadoop-http-auth-signature-secret', ...keys };
  const filter = await run(nameNodeFilter(host, Configuration.of(values)));
  const served = filter(({ remoteUser }) => ({ status: 200, body: remoteUser ?? 'nobody' }));
  return {
    ask: async (target: string, cookie?: string): Promise<HttpResponse> =>
      run(Promise.resolve(served(requestOf(target, cookie)))),
    pass: (ms: number) => run(new Promise<void>((resolve) => host.clock.setTimer(ms, resolve))),
    now: () => host.clock.now(),
  };
}

const cookieOf = (answer: HttpResponse): string => answer.headers?.['Set-Cookie'] ?? '';
const sent = (answer: HttpResponse): string => cookieOf(answer).split(';')[0] ?? '';
const STRICT = { 'hadoop.http.authentication.simple.anonymous.allowed': false };

test('who names somebody gets a cookie, and is that one with it', async () => {
  const { ask } = await pages({ 'hadoop.http.authentication.cookie.domain': 'example.com' });
  const first = await ask('/jmx?user.name=ann');
  expect(first).toMatchObject({ status: 200, body: 'ann' });
  expect(cookieOf(first)).toMatch(
    /^hadoop\.auth="u=ann&p=ann&t=simple&e=\d+&s=[\w+/]+=*"; Path=\/; Domain=example\.com; HttpOnly$/,
  );
  const again = await ask('/jmx', `a=b; ${sent(first)}; c=d`);
  expect([again.body, cookieOf(again)]).toEqual(['ann', '']);
  // Somebody who is known stays so, whomever the request names.
  expect((await ask('/jmx?user.name=bob', sent(first))).body).toBe('ann');
  expect((await ask('/jmx')).body).toBe('nobody');
  expect((await ask('/jmx?user.name=')).status).toBe(500);
  for (const odd of ['a%0d%0aX: y', '%C3%A9', 'a;b', 'a"', 'a%20b', 'x'.repeat(5000)]) {
    const answer = await ask(`/jmx?user.name=${odd}`);
    expect([answer.status, answer.body, cookieOf(answer)]).toEqual([200, decodeURIComponent(odd), '']);
  }
});

test('without a name there is no page where one is asked for', async () => {
  const { ask } = await pages(STRICT);
  const refused = await ask('/jmx');
  expect(refused).toMatchObject({ status: 401, reason: 'Authentication required' });
  expect(refused.headers).toMatchObject({ 'WWW-Authenticate': 'PseudoAuth', 'Set-Cookie': 'hadoop.auth=; Path=/; HttpOnly' });
  expect((await ask('/jmx', 'hadoop.auth=')).reason).toBe('Unauthorized access');
  expect((await ask('/jmx', 'hadoop.auth="u=ann&p=ann&t=simple&e=9999999999999"')).reason).toContain('Invalid signed text');
  expect((await ask('/jmx', 'hadoop.auth="u=ann&p=ann&t=simple&e=9999999999999&s=AAAA"')).reason).toContain(
    'Invalid signature',
  );
  expect((await ask('/jmx?user.name=ann')).body).toBe('ann');
  expect((await ask('/healthz')).body).toBe('nobody');
  // Tokens are looked at by WebHDFS itself.
  expect((await ask('/webhdfs/v1/?op=GETHOMEDIRECTORY&Delegation=x')).body).toBe('nobody');
  expect((await ask('/jmx?delegation=x')).status).toBe(401);
});

test('a cookie ends, and so does the secret that signed it', async () => {
  const { ask, pass } = await pages({ ...STRICT, 'hadoop.http.authentication.token.validity': 100 });
  const cookie = sent(await ask('/?user.name=ann'));
  await pass(99_000);
  expect((await ask('/', cookie)).body).toBe('ann');
  await pass(2000);
  expect((await ask('/', cookie)).reason).toBe('AuthenticationToken expired');
  // The secret is drawn anew; what the one before signed still holds.
  const late = sent(await ask('/?user.name=ann'));
  await pass(99_000);
  expect((await ask('/', late)).body).toBe('ann');
  expect((await ask('/', late.replace('u=ann', 'u=bob'))).reason).toContain('Invalid signature');
  await pass(300_000);
  await ask('/');
  await pass(100_000);
  expect((await ask('/', late)).status).toBe(401);
});

test('servers with the same file of a secret take each other’s cookies; those of another kind of server are not taken', async () => {
  const one = await pages(STRICT, 'a secret');
  const other = await pages(STRICT, 'a secret');
  const cookie = sent(await one.ask('/?user.name=ann'));
  expect((await other.ask('/', cookie)).body).toBe('ann');
  expect((await (await pages(STRICT, 'another')).ask('/', cookie)).status).toBe(401);
  // Nothing in the file is no secret.
  expect(
    (
      await (
        await pages(STRICT, '')
      ).ask('/', `hadoop.auth=${signedToken({ user: 'a', type: 'simple', expires: 1e15 }, Buffer.alloc(0))}`)
    ).status,
  ).toBe(401);
  const foreign = signedToken({ user: 'ann', type: 'simple-dt', expires: one.now() + 1000 }, secret);
  expect((await one.ask('/', `hadoop.auth="${foreign}"`)).reason).toBe('Invalid AuthenticationToken type');
});

test('a token is read as it was written, by any of the secrets', () => {
  const token = { user: 'ann@REALM', type: 'simple', expires: 1_700_000_000_000 };
  const text = signedToken(token, secret);
  expect(readToken(text, [Buffer.from('new'), secret])).toEqual(token);
  expect(readToken(text, [Buffer.from('new')])).toContain('Invalid signature');
  expect(readToken(text.replace('ann', 'bob'), [secret])).toContain('Invalid signature');
});
