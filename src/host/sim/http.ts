// HTTP between simulated machines: the handler is called as one event of its machine, and requests, answers and the
// chunks of their bodies take the network's time. No bytes of HTTP itself are made; a body is copied chunk by chunk, so
// that nothing is shared by accident.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Address, Http, HttpClientRequest, HttpClientResponse, HttpHandler, HttpServer } from '../host.ts';
import { key, type Machine, type Network } from './network.ts';
import type { Life } from './scheduler.ts';

type Body = string | Uint8Array | AsyncIterable<Uint8Array> | undefined;

const NO_ANSWER_MS = 300_000;

interface Served {
  readonly machine: Machine;
  readonly life: Life;
  readonly handler: HttpHandler;
  readonly address: Address;
}

/** Servers of all machines: their keys are those of TCP's listeners, with which they share the ports. */
const servers = new WeakMap<Network, Map<string, Served>>();

function serversOf(network: Network): Map<string, Served> {
  let map = servers.get(network);
  if (map === undefined) {
    map = new Map();
    servers.set(network, map);
  }
  return map;
}

async function* carried(network: Network, reader: Life, body: Body, broken: Promise<never>): AsyncGenerator<Uint8Array> {
  if (body === undefined) return;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : Buffer.from(body);
    if (bytes.length > 0) yield bytes;
    return;
  }
  const iterator = body[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), broken]);
      if (next.done === true) {
        finished = true;
        return;
      }
      const copy = Buffer.from(next.value);
      await new Promise<void>((resolve) => {
        network.scheduler.after(network.delay(), reader, 'http chunk', resolve);
      });
      yield copy;
    }
  } finally {
    // Not awaited: a body whose process has died never answers.
    if (!finished) iterator.return?.().catch(() => undefined);
  }
}

export class SimHttp implements Http {
  private readonly network: Network;
  private readonly machine: Machine;
  private readonly life: Life;
  /** Rejects when this process has died; what others wait for from us then breaks. */
  private readonly broken: Promise<never>;
  private breakAll: (error: Error) => void = () => undefined;

  constructor(network: Network, machine: Machine, life: Life) {
    this.network = network;
    this.machine = machine;
    this.life = life;
    this.broken = new Promise<never>((_, reject) => {
      this.breakAll = reject;
    });
    this.broken.catch(() => undefined); // it is only ever raced
    https.set(life, this);
  }

  listen(address: Address, handler: HttpHandler): Promise<HttpServer> {
    const { network, machine, life } = this;
    const port = address.port === 0 ? network.freePort() : address.port;
    const host = network.resolve(address.host)[0] ?? address.host;
    const name = key(machine, host, port);
    if (network.listeners.has(name) || serversOf(network).has(name)) {
      const error = new Error(`cannot listen on ${address.host}:${port}: the port is already in use`);
      return Promise.reject(Object.assign(error, { code: 'EADDRINUSE' }));
    }
    const served: Served = { machine, life, handler, address: { host, port } };
    serversOf(network).set(name, served);
    return Promise.resolve({
      address: served.address,
      close: () => {
        if (serversOf(network).get(name) === served) serversOf(network).delete(name);
        return Promise.resolve();
      },
    });
  }

  /** The process has ended. */
  abandon(): void {
    const map = serversOf(this.network);
    for (const [name, served] of map) if (served.life === this.life) map.delete(name);
    this.breakAll(new HdfsError('ECONN', `Connection reset by peer: ${this.machine.name}`));
  }

  request(url: string, options: HttpClientRequest = {}): Promise<HttpClientResponse> {
    const { network, machine, life } = this;
    const target = new URL(url);
    const port = target.port === '' ? 80 : Number(target.port);
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const limitMs = options.timeoutMs ?? NO_ANSWER_MS;
      const timer = network.scheduler.after(limitMs, life, 'http timeout', () =>
        reject(new HdfsError('ETIMEDOUT', `${url}: no answer within ${limitMs} ms`)),
      );
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      const answer = (fn: () => void): void => {
        network.scheduler.after(network.delay(), life, 'http answer', () => {
          timer.cancel();
          fn();
        });
      };
      const [host] = network.resolve(target.hostname);
      const other = host === undefined || host.startsWith('127.') ? machine : network.machine(host);
      if (host === undefined || other === undefined) {
        answer(() => reject(new HdfsError('ECONN', `${url}: unknown host`)));
        return;
      }
      // A request into a cut or a dark machine is never answered: the timer ends it.
      if (network.isCut(machine, other) || network.isCut(other, machine) || !other.powered) return;
      const served = serversOf(network).get(key(other, host, port)) ?? serversOf(network).get(key(other, '0.0.0.0', port));
      if (served === undefined || !served.life.alive) {
        answer(() => reject(new HdfsError('ECONN', `${url}: Connection refused`)));
        return;
      }
      const theirs = https.get(served.life)?.broken ?? this.broken;
      theirs.catch((error: unknown) => answer(() => reject(error)));
      network.scheduler.after(network.delay(), served.life, `http ${options.method ?? 'GET'}`, () => {
        const request = {
          method: options.method ?? 'GET',
          path: target.pathname,
          query: new URLSearchParams(target.search),
          headers: Object.fromEntries(Object.entries(options.headers ?? {}).map(([n, v]) => [n.toLowerCase(), v])),
          remote: { host: machine.addresses[0] ?? '127.0.0.1', port: network.freePort() },
          body: carried(network, served.life, options.body, this.broken),
        };
        const run = async (): Promise<void> => {
          const response = await served.handler(request);
          const headers = Object.fromEntries(Object.entries(response.headers ?? {}).map(([n, v]) => [n.toLowerCase(), v]));
          const body = request.method === 'HEAD' ? undefined : response.body;
          answer(() =>
            resolve({ status: response.status, reason: response.reason, headers, body: carried(network, life, body, theirs) }),
          );
        };
        run().catch((error: unknown) =>
          answer(() => resolve({ status: 500, headers: {}, body: carried(network, life, messageOf(error), theirs) })),
        );
      });
    });
  }
}

const https = new WeakMap<Life, SimHttp>();
