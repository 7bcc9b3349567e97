// HttpServer2-PORT: how many requests a web server has answered, with what, and how long that took. Hadoop shows of its server
// what Jetty's StatisticsHandler counts.
import type { Clock, HttpHandler, HttpRequest, HttpResponse } from '../host/host.ts';
import type { Bean } from './jmx.ts';
import { JavaDouble, type JmxValue } from './json.ts';

/** A request is dispatched once, and never left alone to be answered later. */
const NEVER_DONE: Readonly<Record<string, JmxValue>> = {
  AsyncDispatches: 0,
  AsyncRequests: 0,
  AsyncRequestsWaiting: 0,
  AsyncRequestsWaitingMax: 0,
  Expires: 0,
};

export class HttpCounters {
  private readonly clock: Pick<Clock, 'monotonic'>;
  private readonly sinceMs: number;
  private requests = 0;
  private active = 0;
  private activeMax = 0;
  private ended = 0;
  private maxMs = 0;
  private totalMs = 0;
  /** Mean and sum of squared distances from it, as Welford keeps them. */
  private mean = 0;
  private squares = 0;
  private bytes = 0;
  /** By the first digit of the status. */
  private readonly statuses = [0, 0, 0, 0, 0, 0];

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.clock = clock;
    this.sinceMs = clock.monotonic();
  }

  /** The same handler, its requests counted. One has ended when its body has left. */
  counting(handler: HttpHandler): HttpHandler {
    return async (request) => {
      const beganMs = this.clock.monotonic();
      this.requests++;
      this.active++;
      this.activeMax = Math.max(this.activeMax, this.active);
      try {
        return this.follow(request, await handler(request), beganMs);
      } catch (error) {
        this.end(500, beganMs);
        throw error;
      }
    };
  }

  private follow(request: HttpRequest, response: HttpResponse, beganMs: number): HttpResponse {
    const { body, status } = response;
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array || request.method === 'HEAD') {
      if (typeof body === 'string') this.bytes += Buffer.byteLength(body);
      else if (body instanceof Uint8Array) this.bytes += body.length;
      this.end(status, beganMs);
      return response;
    }
    return { ...response, body: this.followed(body, () => this.end(status, beganMs)) };
  }

  private followed(body: AsyncIterable<Uint8Array>, ended: () => void): AsyncIterable<Uint8Array> {
    const begin = (): AsyncIterator<Uint8Array> => {
      const chunks = body[Symbol.asyncIterator]();
      let isOver = false;
      const over = (): void => {
        if (!isOver) ended();
        isOver = true;
      };
      return {
        next: async () => {
          try {
            const next = await chunks.next();
            if (next.done === true) over();
            else this.bytes += next.value.length;
            return next;
          } catch (error) {
            over();
            throw error;
          }
        },
        // The client has gone: also before it had asked for anything.
        return: async () => {
          over();
          await chunks.return?.();
          return { done: true, value: undefined };
        },
      };
    };
    return { [Symbol.asyncIterator]: begin };
  }

  private end(status: number, beganMs: number): void {
    const ms = this.clock.monotonic() - beganMs;
    this.active--;
    this.ended++;
    this.maxMs = Math.max(this.maxMs, ms);
    this.totalMs += ms;
    const before = ms - this.mean;
    this.mean += before / this.ended;
    this.squares += before * (ms - this.mean);
    const digit = Math.floor(status / 100);
    this.statuses[digit] = (this.statuses[digit] ?? 0) + 1;
  }

  attributes(): Readonly<Record<string, JmxValue>> {
    const { statuses, ended } = this;
    const times = (name: string): Readonly<Record<string, JmxValue>> => ({
      [`${name}Max`]: Math.round(this.maxMs),
      [`${name}Mean`]: new JavaDouble(this.mean),
      [`${name}StdDev`]: new JavaDouble(Math.sqrt(ended > 1 ? this.squares / (ended - 1) : 0)),
      [`${name}Total`]: Math.round(this.totalMs),
    });
    return {
      ...NEVER_DONE,
      Dispatched: this.requests,
      DispatchedActive: this.active,
      DispatchedActiveMax: this.activeMax,
      ...times('DispatchedTime'),
      Requests: this.requests,
      RequestsActive: this.active,
      RequestsActiveMax: this.activeMax,
      ...times('RequestTime'),
      ...Object.fromEntries([1, 2, 3, 4, 5].map((digit) => [`Responses${digit}xx`, statuses[digit] ?? 0])),
      ResponsesBytesTotal: this.bytes,
      StatsOnMs: Math.round(this.clock.monotonic() - this.sinceMs),
    };
  }

  bean(service: string, port: number, hostName: string): Bean {
    const name = `HttpServer2-${port}`;
    return {
      name: `Hadoop:service=${service},name=${name}`,
      modelerType: name,
      record: 'HttpServer2',
      attributes: () => ({ 'tag.Context': 'http', 'tag.Hostname': hostName, ...this.attributes() }),
    };
  }
}
