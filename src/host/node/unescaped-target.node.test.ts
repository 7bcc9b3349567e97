// If this failed, Hadoop's Java client could not reach a file over WebHDFS whose name has other letters than ASCII's.
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpServer } from '../host.ts';
import { nodeHost } from './index.ts';
import { escapedPacket } from './unescaped-target.ts';

const host = nodeHost({ logLevel: 'silent' });
let server: HttpServer;

beforeAll(async () => {
  server = await host.http.listen({ host: '127.0.0.1', port: 0 }, async ({ method, path, query, body, remote }) => {
    let length = 0;
    for await (const chunk of body) length += chunk.length;
    return { status: 200, body: [method, decodeURIComponent(path), query.get('x'), length, remote.host].join(' ') };
  });
});
afterAll(() => server.close());

/** What comes back until the server ends the connection. */
const ask = (head: string, rest = Buffer.alloc(0)): Promise<string> =>
  new Promise((done, fail) => {
    let answer = '';
    const socket = connect(server.address.port, '127.0.0.1', () => {
      socket.write(head);
      // A packet of its own.
      if (rest.length > 0) setImmediate(() => socket.write(rest));
    });
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    socket.on('close', () => done(answer)).on('error', fail);
  });

test('a target with bytes beyond ASCII is taken as if it were escaped, bodies included', async () => {
  const read = await ask('GET /größe/日本?x=ö HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(read).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(read).toContain('\r\nConnection: close\r\n');
  expect(read).toMatch(/GET \/größe\/日本 ö 0 127.0.0.1$/);
  const body = Buffer.alloc(1_000_000, 'ö');
  const written = await ask(`PUT /ä HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length + 3}\r\n\r\nabc`, body);
  expect(written).toMatch(/PUT \/ä {2}1000003 127.0.0.1$/);
});

test('what is wrong otherwise stays refused', async () => {
  for (const head of ['GET /\u0001ö HTTP/1.1\r\nHost: a\r\n\r\n', 'nonsense ö\r\n\r\n', 'GET /ö\r\n\r\n']) {
    expect(await ask(head)).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
  }
  const error = (text: string, bytesParsed: number) =>
    Object.assign(new Error('refused'), { code: 'HPE_INVALID_URL', rawPacket: Buffer.from(text), bytesParsed });
  const two = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /ö HTTP/1.1\r\n\r\n';
  expect(escapedPacket(error(two, 40))).toBeUndefined();
  expect(escapedPacket(error('GET /a HTTP/1.1\r\n\r\n', 5))).toBeUndefined();
});
