// One range of a block from whichever replica gives it first: when the first one asked is silent for longer than a
// threshold, another one is asked beside it, and so on. The others are then given up. Apache: hedgedFetchBlockByteRange.
import { sometimes } from '../base/sometimes.ts';
import type { Timer } from '../host/host.ts';
import type { PipelineNode } from '../transfer/pipeline-client.ts';
import { type ClientContext, checkSignal } from './context.ts';
import { type Located, nodeKey, nodeName } from './located.ts';
import type { Attempts, ReplicaChoice } from './replica-choice.ts';

/** How many further replicas all readers of a client may ask at once. */
export class HedgePool {
  readonly #size: number;
  readonly thresholdMs: number;
  #taken = 0;

  /** `size` is dfs.client.hedged.read.threadpool.size, 0 for none. */
  constructor(size: number, thresholdMs: number) {
    this.#size = size;
    this.thresholdMs = thresholdMs;
  }

  get enabled(): boolean {
    return this.#size > 0;
  }

  take(): boolean {
    if (this.#taken >= this.#size) return false;
    this.#taken++;
    return true;
  }

  give(): void {
    this.#taken--;
  }
}

export interface HedgedSource {
  /** The block, as its locations are known now; undefined when the file ends before. */
  locate(): Promise<Located | undefined>;
  readFrom(block: Located, node: PipelineNode, signal: AbortSignal): Promise<Buffer>;
}

interface Request {
  readonly node: PipelineNode;
  readonly stop: AbortController;
  readonly hedge: boolean;
}

type Event =
  | { readonly kind: 'bytes'; readonly request: Request; readonly bytes: Buffer }
  | { readonly kind: 'failed'; readonly request: Request; readonly error: unknown }
  | { readonly kind: 'slow' };

export class HedgedRead {
  readonly #context: ClientContext;
  readonly #choice: ReplicaChoice;
  readonly #source: HedgedSource;
  readonly #running = new Map<Request, Promise<Event>>();

  constructor(context: ClientContext, choice: ReplicaChoice, source: HedgedSource) {
    this.#context = context;
    this.#choice = choice;
    this.#source = source;
  }

  /** The bytes; undefined when the file was cut to less meanwhile. */
  async run(at: number, signal: AbortSignal | undefined): Promise<Buffer | undefined> {
    let block = await this.#source.locate();
    if (block === undefined) return undefined;
    const attempts = this.#choice.begin(block);
    const onAbort = (): void => this.#stopAll();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        if (this.#running.size === 0) {
          const node = await this.#choice.choose(block, attempts, at, signal);
          if (node === undefined) {
            // Other locations, and maybe another length.
            block = await this.#source.locate();
            if (block === undefined) return undefined;
            continue;
          }
          this.#ask(block, node, false);
        }
        const event = await this.#next(block, attempts);
        checkSignal(this.#context, signal);
        if (event.kind === 'bytes') {
          await this.#choice.succeeded(block, attempts);
          return event.bytes;
        }
        if (event.kind === 'failed') this.#choice.failed(block, event.request.node, attempts, event.error);
        else this.#hedge(block, attempts);
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#stopAll();
    }
  }

  #busy(): ReadonlySet<string> {
    return new Set([...this.#running.keys()].map(({ node }) => nodeKey(node.info)));
  }

  #hedge(block: Located, attempts: Attempts): void {
    const node = this.#choice.untried(block, attempts, this.#busy());
    if (node === undefined || !this.#context.hedges.take()) return;
    sometimes('client asked another replica beside a silent one');
    this.#context.host.log.log('debug', 'client', 'a replica is slow, another one is asked too', {
      datanode: nodeName(node.info),
    });
    this.#ask(block, node, true);
  }

  #ask(block: Located, node: PipelineNode, hedge: boolean): void {
    const request: Request = { node, stop: new AbortController(), hedge };
    const event = this.#source.readFrom(block, node, request.stop.signal).then(
      (bytes): Event => ({ kind: 'bytes', request, bytes }),
      (error: unknown): Event => ({ kind: 'failed', request, error }),
    );
    this.#running.set(request, event);
  }

  /** What happens first: an answer, a failure, or silence for the threshold while another replica could be asked. */
  async #next(block: Located, attempts: Attempts): Promise<Event> {
    const { clock } = this.#context.host;
    const waits: Promise<Event>[] = [...this.#running.values()];
    let timer: Timer | undefined;
    if (this.#choice.untried(block, attempts, this.#busy()) !== undefined) {
      waits.push(
        new Promise((resolve) => {
          timer = clock.setTimer(this.#context.hedges.thresholdMs, () => resolve({ kind: 'slow' }));
        }),
      );
    }
    const event = await Promise.race(waits);
    timer?.cancel();
    if (event.kind !== 'slow') this.#end(event.request);
    return event;
  }

  #end(request: Request): void {
    if (!this.#running.delete(request)) return;
    if (request.hedge) this.#context.hedges.give();
  }

  #stopAll(): void {
    for (const request of [...this.#running.keys()]) {
      request.stop.abort();
      this.#end(request);
    }
  }
}
