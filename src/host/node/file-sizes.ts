// Sizes of very many files. An asynchronous `stat` costs ten times what the kernel takes for it, a synchronous one would hold
// the caller's thread for as long as the disk does not answer: so a thread of its own makes synchronous ones once there are
// many files. For few, and where no thread can be had, asynchronous ones do.
import type fs from 'node:fs';
import { promises as fsp } from 'node:fs';
import { type MessagePort, Worker } from 'node:worker_threads';
import { DiskFailure } from '../disk-error.ts';
import { type FileSizes, NO_FILE } from '../host.ts';
import { threadBegins } from './small-memory.ts';

/** A thread takes about as much to begin as so many calls without it. */
const THREAD_FROM_FILES = 1500;
/** An answer tells of what was found in so much time. */
const ANSWER_MS = 50;
/** Megabytes for its objects: the names of one question, and what Node itself needs. */
const THREAD_MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 };

interface Question {
  readonly directory: string;
  /** Parted by slashes: one string is passed on quicker than many. */
  readonly names: string;
  readonly limitMs: number;
}

type Answer = { readonly sizes: Float64Array } | { readonly code: string | undefined; readonly message: string };

/** All that the thread does. It gets there as text: nothing else of this file is known to it. */
function threadProgram(port: MessagePort, { statSync }: Pick<typeof fs, 'statSync'>): void {
  const FILES_A_LOOK = 16;
  const sizeOf = (path: string): number => {
    try {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat?.isFile() === true ? stat.size : -1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return -1;
      throw error;
    }
  };
  port.on('message', ({ directory, names, limitMs }: Question) => {
    const each = names.split('/');
    const sizes = new Float64Array(each.length);
    const end = performance.now() + limitMs;
    let done = 0;
    try {
      do {
        sizes[done] = sizeOf(`${directory}/${each[done]}`);
        done++;
      } while (done < each.length && (done % FILES_A_LOOK !== 0 || performance.now() < end));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      port.postMessage({ code, message } satisfies Answer);
      return;
    }
    const told = done === each.length ? sizes : sizes.slice(0, done);
    port.postMessage({ sizes: told } satisfies Answer, [told.buffer]);
  });
}

const PROGRAM = `(${threadProgram})(require('node:worker_threads').parentPort, require('node:fs'));`;

function startThread(): Worker {
  return threadBegins(new Worker(PROGRAM, { eval: true, name: 'file sizes', execArgv: [], resourceLimits: THREAD_MEMORY }));
}

async function sizeOf(path: string): Promise<number> {
  try {
    const stat = await fsp.stat(path);
    return stat.isFile() ? stat.size : NO_FILE;
  } catch (error) {
    const failure = DiskFailure.from(error);
    if (failure.code === 'ENOENT' || failure.code === 'ENOTDIR') return NO_FILE;
    throw failure;
  }
}

/** The plain way. */
async function sizesOneByOne(directory: string, names: readonly string[]): Promise<Float64Array> {
  const sizes: number[] = [];
  const end = performance.now() + ANSWER_MS;
  for (const name of names) {
    sizes.push(await sizeOf(`${directory}/${name}`));
    if (performance.now() >= end) break;
  }
  return Float64Array.from(sizes);
}

interface Waiting {
  settle(answer: Answer): void;
  /** The thread is gone. */
  lost(): void;
}

class NodeFileSizes implements FileSizes {
  readonly #startThread: () => Worker;
  readonly #waiting: Waiting[] = [];
  #thread: Worker | undefined;
  /** How many files to ask of before the next thread. */
  #plain: number;

  constructor(threadFrom: number, start: () => Worker) {
    this.#plain = threadFrom;
    this.#startThread = start;
  }

  of(directory: string, names: readonly string[]): Promise<Float64Array> {
    this.#plain -= names.length;
    const thread = this.#plain > 0 ? undefined : this.#begun();
    if (thread === undefined || names.length === 0) return sizesOneByOne(directory, names);
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        settle: (answer) => {
          if ('sizes' in answer) resolve(answer.sizes);
          else reject(DiskFailure.from(Object.assign(new Error(answer.message), { code: answer.code })));
        },
        lost: () => sizesOneByOne(directory, names).then(resolve, reject),
      });
      thread.postMessage({ directory, names: names.join('/'), limitMs: ANSWER_MS } satisfies Question);
    });
  }

  close(): void {
    const thread = this.#thread;
    this.#lose();
    // It comes to its end as soon as its disk answers, which nobody waits for.
    void thread?.terminate();
  }

  #begun(): Worker | undefined {
    if (this.#thread !== undefined) return this.#thread;
    try {
      const thread = this.#startThread();
      thread.on('message', (answer: Answer) => this.#waiting.shift()?.settle(answer));
      thread.on('error', () => this.#lose());
      thread.on('exit', () => this.#lose());
      this.#thread = thread;
    } catch {
      this.#lose();
    }
    return this.#thread;
  }

  /** From here on without a thread. */
  #lose(): void {
    this.#thread = undefined;
    this.#plain = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.splice(0)) waiting.lost();
  }
}

export function nodeFileSizes(threadFrom = THREAD_FROM_FILES, start: () => Worker = startThread): FileSizes {
  return new NodeFileSizes(threadFrom, start);
}
