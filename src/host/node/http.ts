// HTTP over node:http: the server that carries the pages, metrics and WebHDFS, and the client for other daemons' servers.
// Bodies flow in both directions with back-pressure. A body has no limit of time, only of silence.
import http from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HdfsError, messageOf } from '../../base/errors.ts';
import type {
  Address,
  Http,
  HttpClientRequest,
  HttpClientResponse,
  HttpHandler,
  HttpRequest,
  HttpResponse,
  HttpServer,
  Log,
} from '../host.ts';
import { HttpTurns } from './http-turns.ts';
import { escapedPacket, ReplayedSocket } from './unescaped-target.ts';

/** What a client may take of a server. */
export interface HttpLimits {
  /** Connections beyond are closed at once. */
  readonly maxConnections: number;
  /** As hadoop.http.max.request.header.size. */
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** A client has this long to send its headers. */
  readonly headersTimeoutMs: number;
  /** How often that is looked at. */
  readonly checkMs: number;
  /** A connection on which nothing moves, in a request or its answer, ends after this long. */
  readonly silenceTimeoutMs: number;
  /** As hadoop.http.idle_timeout.ms: between two requests. */
  readonly keepAliveTimeoutMs: number;
}

const DEFAULT_LIMITS: HttpLimits = {
  maxConnections: 8192,
  maxHeaderBytes: 64 * 1024,
  maxHeaders: 200,
  headersTimeoutMs: 20_000,
  checkMs: 5_000,
  silenceTimeoutMs: 300_000,
  keepAliveTimeoutMs: 60_000,
};

/** What is told to a client whose request cannot be read. */
const UNREADABLE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

const plainAddress = (address: string | undefined): string =>
  address === undefined ? '' : address.startsWith('::ffff:') ? address.slice(7) : address;

/** The body of a request; asks for it (100 Continue) when it is first read, so that a refused body never travels. */
async function* bodyOf(request: http.IncomingMessage, proceed: () => void): AsyncGenerator<Uint8Array> {
  proceed();
  for await (const chunk of request) yield chunk as Buffer;
}

/** The server as a client names it that takes it for a proxy: another name of this one. */
const SERVER = /^https?:\/\/[^/?]*/i;

/** Path and query of a request; what stands behind a `#` is a matter of who asks. */
function targetOf(request: http.IncomingMessage): { readonly path: string; readonly query: string } {
  const target = ((request.url ?? '/').split('#', 1)[0] ?? '').replace(SERVER, '');
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  return { path: path === '' ? '/' : path, query: question < 0 ? '' : target.slice(question + 1) };
}

/** Escapes that are none, or bytes that are no UTF-8, would silently be another text than was meant. */
function isReadable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

const refusal = (status: number, reason: string): HttpResponse => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body: `${reason}\n`,
});

/** Why a request is not looked at; undefined when it is. */
function refusalOf(request: http.IncomingMessage): HttpResponse | undefined {
  if (request.httpVersionMajor !== 1) return refusal(505, `HTTP/${request.httpVersion} not supported`);
  const { path, query } = targetOf(request);
  if (!isReadable(query)) return refusal(400, 'Unable to parse URI query');
  return isReadable(path) ? undefined : refusal(400, 'Unable to parse URI path');
}

function requestOf(request: http.IncomingMessage, proceed: () => void): HttpRequest {
  const { path, query } = targetOf(request);
  return {
    method: request.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers: request.headers,
    remote: { host: plainAddress(request.socket.remoteAddress), port: request.socket.remotePort ?? 0 },
    body: bodyOf(request, proceed),
  };
}

async function send(request: http.IncomingMessage, response: http.ServerResponse, answer: HttpResponse): Promise<void> {
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  // A body that nobody read is not waited for: the connection ends with the answer.
  if (!request.complete && request.method !== 'GET' && request.method !== 'HEAD') response.setHeader('Connection', 'close');
  response.statusCode = answer.status;
  if (answer.reason !== undefined) response.statusMessage = answer.reason.replace(/[^\t\x20-\x7e]/g, ' ');
  if ((request.socket as unknown) instanceof ReplayedSocket) response.setHeader('Connection', 'close');
  const { body } = answer;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = body === undefined ? Buffer.alloc(0) : typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
    const bodyless = answer.status === 204 || answer.status === 304 || answer.status < 200;
    if (!bodyless && !response.hasHeader('Content-Length')) response.setHeader('Content-Length', bytes.length);
    response.end(request.method === 'HEAD' || bodyless ? undefined : bytes);
    return;
  }
  if (request.method === 'HEAD') {
    await body[Symbol.asyncIterator]().return?.();
    response.end();
    return;
  }
  await pipeline(Readable.from(body, { objectMode: false }), response);
}

async function handle(
  log: Log,
  handler: HttpHandler,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  proceed: () => void,
): Promise<void> {
  try {
    let answer: HttpResponse;
    try {
      answer = refusalOf(request) ?? (await handler(requestOf(request, proceed)));
    } catch (error) {
      log.log('error', 'http', `${request.method ?? ''} ${request.url ?? ''} failed: ${messageOf(error)}`, { error });
      answer = refusal(500, 'internal error');
    }
    await send(request, response, answer);
  } catch (error) {
    // The client went away, or the body failed half way: cutting the connection is the only way left to say so.
    log.log('debug', 'http', `answer to ${request.method ?? ''} ${request.url ?? ''} broke off: ${messageOf(error)}`);
    response.destroy();
  }
}

const unreadable = (error: Error): string =>
  `HTTP/1.1 ${UNREADABLE['code' in error ? String(error.code) : ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`;

/** A client has this long to fetch why it is sent away. */
const PARTING_MS = 500;

/** Ends a connection of which nothing more is read, also when the client keeps its side of it. */
function sendAway(socket: Duplex, error: Error): void {
  socket.end(unreadable(error), () => {
    const timer = setTimeout(() => socket.destroy(), PARTING_MS);
    socket.once('close', () => clearTimeout(timer));
  });
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
}

/** What is under way on each connection: requests and their answers, in order. */
class Exchanges {
  readonly #open = new WeakMap<Duplex, Exchange[]>();
  /** Connections that end with the answers that are under way. */
  readonly #ending = new WeakSet<Duplex>();

  add(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { socket } = request;
    const open = this.#open.get(socket) ?? [];
    this.#open.set(socket, open);
    const exchange = { request, response };
    open.push(exchange);
    response.once('close', () => open.splice(open.indexOf(exchange), 1));
  }

  /**
   * Ends a connection on which something has come that cannot be read. A request whose body it is breaks off, for whoever
   * takes it in, too; answers to requests before it go out whole, and nothing comes between their bytes. False where nothing
   * is under way.
   */
  endUnreadable(error: Error, socket: Duplex): boolean {
    if (this.#ending.has(socket)) return true;
    const open = this.#open.get(socket) ?? [];
    const last = open.at(-1);
    if (last === undefined) return false;
    this.#ending.add(socket);
    if (last.request.complete) {
      last.response.once('finish', () => socket.writable && sendAway(socket, error));
    } else if (open.length > 1 || last.response.headersSent) socket.destroy();
    else socket.end(unreadable(error), () => socket.destroy());
    return true;
  }
}

async function listen(log: Log, limits: HttpLimits, address: Address, handler: HttpHandler): Promise<HttpServer> {
  const server = http.createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    connectionsCheckingInterval: limits.checkMs,
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    noDelay: true,
  });
  server.timeout = limits.silenceTimeoutMs;
  server.maxHeadersCount = limits.maxHeaders;
  server.maxConnections = limits.maxConnections;
  // Who ends its side of a connection behind a request waits for the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  const turns = new HttpTurns();
  const exchanges = new Exchanges();
  server.on('request', (request, response) => {
    exchanges.add(request, response);
    turns.add(request.socket, () => handle(log, handler, request, response, () => undefined));
  });
  server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) => {
    let asked = false;
    const proceed = (): void => {
      if (asked) return;
      asked = true;
      response.writeContinue();
    };
    exchanges.add(request, response);
    turns.add(request.socket, () => handle(log, handler, request, response, proceed));
  });
  server.on('clientError', (error, socket) => {
    if (exchanges.endUnreadable(error, socket)) return;
    const escaped = socket instanceof Socket ? escapedPacket(error) : undefined;
    if (escaped !== undefined && socket instanceof Socket) server.emit('connection', new ReplayedSocket(socket, escaped));
    else if (socket.writable) sendAway(socket, error);
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const reason = error.code === 'EADDRINUSE' ? 'the port is already in use' : error.message;
      reject(
        Object.assign(new Error(`cannot listen on ${address.host}:${address.port}: ${reason}`, { cause: error }), {
          code: error.code ?? '',
        }),
      );
    };
    server.once('error', onError);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  server.on('error', (error) => log.log('error', 'http', `the HTTP server failed: ${error.message}`));
  const bound = server.address() as AddressInfo;
  return {
    address: { host: bound.address, port: bound.port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 16, timeout: 60_000 });

function failed(url: string, error: Error): Error {
  if (error instanceof HdfsError) return error;
  const code = 'code' in error ? String(error.code) : '';
  return new HdfsError(code === 'ETIMEDOUT' ? 'ETIMEDOUT' : 'ECONN', `${url}: ${error.message === '' ? code : error.message}`, {
    cause: error,
  });
}

function request(url: string, options: HttpClientRequest = {}): Promise<HttpClientResponse> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    if (target.protocol !== 'http:') {
      reject(new HdfsError('EUNSUPPORTED', `only http: addresses can be asked: ${url}`));
      return;
    }
    const { body, signal, timeoutMs } = options;
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const outgoing = http.request(target, { method: options.method ?? 'GET', headers: { ...options.headers }, agent });
    const onAbort = (): void => void outgoing.destroy(signal?.reason);
    const finish = (): void => signal?.removeEventListener('abort', onAbort);
    signal?.addEventListener('abort', onAbort, { once: true });
    outgoing.on('close', finish);
    if (timeoutMs !== undefined && timeoutMs > 0) {
      outgoing.setTimeout(Math.min(timeoutMs, 0x7fff_ffff), () =>
        outgoing.destroy(new HdfsError('ETIMEDOUT', `${url}: no answer within ${timeoutMs} ms`)),
      );
    }
    outgoing.on('error', (error) => reject(signal?.aborted ? signal.reason : failed(url, error)));
    outgoing.on('response', (incoming) =>
      resolve({
        status: incoming.statusCode ?? 0,
        reason: incoming.statusMessage,
        headers: incoming.headers,
        body: incoming,
      }),
    );
    if (body === undefined) outgoing.end();
    else if (typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body);
    else pipeline(Readable.from(body, { objectMode: false }), outgoing).catch((error: Error) => reject(failed(url, error)));
  });
}

export function nodeHttp(log: Log, limits: Partial<HttpLimits> = {}): Http {
  const all = { ...DEFAULT_LIMITS, ...limits };
  return {
    listen: (address, handler, { keepAliveMs = all.keepAliveTimeoutMs } = {}) =>
      listen(log, { ...all, keepAliveTimeoutMs: Math.max(0, keepAliveMs) }, address, handler),
    request,
  };
}
