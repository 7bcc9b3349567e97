// Clients of the file system for requests that move files' data: one for each request, since its leases are nobody else's,
// and no more at once than memory is there for.
import { HdfsError } from '../base/errors.ts';
import type { Hdfs } from '../client/hdfs.ts';
import type { Clock, HttpResponse, Log } from '../host/host.ts';

/** Requests that are carried out at once; each holds a client and its buffers. */
const MAX_REQUESTS = 512;
/** How long a server that stops waits for requests whose connections it has cut. */
const MAX_ENDING_MS = 10_000;

export interface Served {
  readonly answer: HttpResponse;
  /** The client is still needed, as by a body that is being read: it ends when `end` is called. */
  readonly keep: boolean;
}

export class DataClients {
  readonly #log: Log;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  async with(connect: () => Promise<Hdfs>, run: (hdfs: Hdfs, end: () => void) => Promise<Served>): Promise<HttpResponse> {
    if (this.#running >= MAX_REQUESTS) {
      throw new HdfsError('ERETRY', `${this.#running} requests for data are being served already`);
    }
    this.#running++;
    let hdfs: Hdfs | undefined;
    const end = (): void => {
      if (--this.#running === 0) for (const done of this.#waiting.splice(0)) done();
      hdfs?.close().catch((error: unknown) => this.#log.log('debug', 'webhdfs', String(error)));
    };
    let kept = false;
    try {
      hdfs = await connect();
      const { answer, keep } = await run(hdfs, end);
      kept = keep;
      return answer;
    } finally {
      if (!kept) end();
    }
  }

  /** Resolves when no request is carried out any more, or has not ended for too long: a file whose sender is gone is closed then. */
  ended(clock: Clock): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = clock.setTimer(MAX_ENDING_MS, resolve);
      this.#waiting.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
