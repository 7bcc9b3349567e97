// Short writes to several files in one way to another thread. A call of the pool for each takes a way there and one back, one
// behind the other where order matters, and these cost many times what the kernel takes for a few bytes. Here one thread makes
// all calls of a question, synchronously; it sleeps on a word of shared memory, and its answer comes through a pipe, which wakes
// the main thread for less than Node's own messages. It has one question at a time: whoever finds it busy, as a disk that hangs
// keeps it for good, goes the usual way. It lives only while it is used, for what its memory takes. No syncs: in threads of the
// pool, beside each other, several end sooner where the processors are busy.
import fs from 'node:fs';
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import { DiskFailure } from '../disk-error.ts';
import { fromKernelLibrary, newPipe, O_CLOEXEC, O_NONBLOCK } from './kernel-library.ts';
import type { SlabSocketOptions } from './slab.ts';
import { threadBegins } from './small-memory.ts';

export interface ThreadStep {
  /** Its descriptor, which stays open until the answer. */
  readonly file: number;
  readonly bytes: Uint8Array;
  readonly position: number;
}

const MAX_STEPS = 16;
/** More is better written from where it lies than copied. */
const MAX_BYTES = 32 * 1024;
/** So many questions in so much time are worth a thread; it ends when there was none for as long. */
const THREAD_FROM_QUESTIONS = 50;
const IDLE_MS = 200;
/** In the system for a first, empty question. */
const TRIAL_MS = 5000;
/** Megabytes. */
const THREAD_MEMORY = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

/** Words of the shared memory: how many questions there were, steps of this one, the length of its error's text or 0; */
const QUESTIONS = 0;
const STEPS = 1;
const ERROR_BYTES = 2;
/** then each step. */
const FIRST_STEP = 4;
/** Of a step: the file, and the end of its bytes behind those of the steps before. */
const STEP_WORDS = 2;
const WORDS = FIRST_STEP + MAX_STEPS * STEP_WORDS;
/** Numbers: the position of each step. */
const NUMBERS_AT = Math.ceil((WORDS * 4) / 8) * 8;
const BYTES_AT = NUMBERS_AT + MAX_STEPS * 8;

interface ThreadData {
  readonly memory: SharedArrayBuffer;
  readonly pipe: number;
  readonly layout: {
    readonly words: number;
    readonly numbersAt: number;
    readonly bytesAt: number;
    readonly firstStep: number;
    readonly stepWords: number;
  };
}

/** All that the thread does. It gets there as text: nothing else of this file is known to it. */
function threadProgram({ memory, pipe, layout }: ThreadData, { writeSync }: Pick<typeof fs, 'writeSync'>): void {
  const { firstStep, stepWords } = layout;
  const words = new Int32Array(memory, 0, layout.words);
  const numbers = new Float64Array(memory, layout.numbersAt, (layout.bytesAt - layout.numbersAt) / 8);
  const bytes = Buffer.from(memory, layout.bytesAt);
  const tick = Buffer.alloc(1);
  const answer = (): void => {
    const steps = words[1] as number;
    words[2] = 0;
    let at = 0;
    try {
      for (let step = 0; step < steps; step++) {
        const word = firstStep + step * stepWords;
        const file = words[word] as number;
        let position = numbers[step] as number;
        for (const end = words[word + 1] as number; at < end; ) {
          const written = writeSync(file, bytes, at, end - at, position);
          at += written;
          position += written;
        }
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      words[2] = bytes.write(JSON.stringify({ code, message: message.slice(0, 500) }), 0, 'utf8');
    }
  };
  for (let seen = 0; ; ) {
    Atomics.wait(words, 0, seen);
    const asked = Atomics.load(words, 0);
    if (asked === seen) continue;
    seen = asked;
    answer();
    writeSync(pipe, tick, 0, 1);
  }
}

type StartThread = (program: string, workerData: ThreadData) => Worker;

const startThread: StartThread = (program, workerData) =>
  threadBegins(
    new Worker(program, { eval: true, name: 'short writes', execArgv: [], resourceLimits: THREAD_MEMORY, workerData }),
  );

const PROGRAM = `(${threadProgram})(require('node:worker_threads').workerData, require('node:fs'));`;

/** What the answers come through; waiting for it is the event loop's affair. */
const answerPipe = (): readonly [from: number, to: number] | undefined =>
  fromKernelLibrary((library) => newPipe(library, O_NONBLOCK | O_CLOEXEC));

interface Question {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The thread while it lives. */
class RunningThread {
  readonly #worker: Worker;
  readonly #pipe: net.Socket;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #onGone: () => void;
  #question: Question | undefined;
  #isGone = false;

  constructor([from, to]: readonly [number, number], start: StartThread, onGone: () => void) {
    const memory = new SharedArrayBuffer(BYTES_AT + MAX_BYTES);
    this.#onGone = onGone;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#numbers = new Float64Array(memory, NUMBERS_AT, MAX_STEPS);
    this.#bytes = new Uint8Array(memory, BYTES_AT);
    const ticks = Buffer.alloc(16);
    const onread = { buffer: () => ticks, callback: () => this.#answered() };
    const options: SlabSocketOptions = { fd: from, readable: true, writable: false, onread };
    this.#pipe = new net.Socket(options);
    this.#pipe.on('error', () => this.end());
    this.#pipe.resume();
    this.#pipe.unref();
    const layout = {
      words: WORDS,
      numbersAt: NUMBERS_AT,
      bytesAt: BYTES_AT,
      firstStep: FIRST_STEP,
      stepWords: STEP_WORDS,
    };
    const workerData: ThreadData = { memory, pipe: to, layout };
    try {
      this.#worker = start(PROGRAM, workerData);
    } catch (error) {
      this.#pipe.destroy();
      fs.closeSync(to);
      throw error;
    }
    this.#worker.unref();
    this.#worker.on('error', () => undefined); // it ends
    this.#worker.on('exit', () => {
      this.end();
      fs.closeSync(to);
      const question = this.#question;
      this.#question = undefined;
      // Nobody knows what it has done; only now does it do nothing more.
      question?.reject(new DiskFailure('EIO', 'the thread that was writing is gone'));
    });
  }

  get isBusy(): boolean {
    return this.#question !== undefined;
  }

  /** undefined: it is too much. */
  ask(steps: readonly ThreadStep[]): Promise<void> | undefined {
    if (this.isBusy || this.#isGone || steps.length > MAX_STEPS) return undefined;
    const words = this.#words;
    let end = 0;
    let word = FIRST_STEP;
    for (let i = 0; i < steps.length; i++) {
      const { file, bytes, position } = steps[i] as ThreadStep;
      if (end + bytes.length > MAX_BYTES) return undefined;
      this.#bytes.set(bytes, end);
      end += bytes.length;
      words[word] = file;
      words[word + 1] = end;
      this.#numbers[i] = position;
      word += STEP_WORDS;
    }
    words[STEPS] = steps.length;
    return new Promise((resolve, reject) => {
      this.#question = { resolve, reject };
      this.#pipe.ref();
      Atomics.add(words, QUESTIONS, 1);
      Atomics.notify(words, QUESTIONS, 1);
    });
  }

  #answered(): boolean {
    const question = this.#question;
    if (question === undefined) return true;
    this.#question = undefined;
    this.#pipe.unref();
    const errorBytes = this.#words[ERROR_BYTES] as number;
    if (errorBytes === 0) question.resolve();
    else question.reject(DiskFailure.from(this.#errorOf(errorBytes)));
    return true;
  }

  #errorOf(length: number): Error {
    const text = Buffer.from(this.#bytes.subarray(0, length)).toString('utf8');
    const { code, message } = JSON.parse(text) as { readonly code?: string; readonly message: string };
    return Object.assign(new Error(message), { code });
  }

  /** A question that is under way is answered when the thread has ended, which a disk that hangs keeps from it. */
  end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#pipe.destroy();
    this.#onGone();
    void this.#worker.terminate();
  }
}

/** The thread, which begins when it is worth while. */
export class FileThread {
  readonly #threadFrom: number;
  readonly #startThread: StartThread;
  #running: RunningThread | undefined;
  /** It has answered. */
  #isTried = false;
  /** None is begun any more: it did not work. */
  #isOff = false;
  #questions = 0;
  #questionsBefore = 0;
  #watch: NodeJS.Timeout | undefined;

  constructor(threadFrom = THREAD_FROM_QUESTIONS, start: StartThread = startThread) {
    this.#startThread = start;
    this.#threadFrom = threadFrom;
  }

  /** Whether there is one that answers; for tests. */
  get isRunning(): boolean {
    return this.#running !== undefined && this.#isTried;
  }

  /** The steps one after the other. undefined: not now, or not so much; nothing was done. */
  run(steps: readonly ThreadStep[]): Promise<void> | undefined {
    this.#questions++;
    const running = this.#running;
    if (running !== undefined) return this.#isTried ? running.ask(steps) : undefined;
    if (this.#isOff) return undefined;
    this.#watch ??= setInterval(() => this.#look(), IDLE_MS).unref();
    if (this.#questions - this.#questionsBefore >= this.#threadFrom) this.#begin();
    return undefined;
  }

  #begin(): void {
    const ends = answerPipe();
    if (ends === undefined) {
      this.#isOff = true;
      return;
    }
    try {
      const running = new RunningThread(ends, this.#startThread, () => this.#gone(running));
      this.#running = running;
      const timer = setTimeout(() => this.#isTried || this.#giveUp(running), TRIAL_MS).unref();
      running.ask([])?.then(
        () => {
          clearTimeout(timer);
          this.#isTried = this.#running === running;
        },
        () => this.#giveUp(running),
      );
    } catch {
      this.#isOff = true; // none can be had
    }
  }

  #giveUp(running: RunningThread): void {
    this.#isOff = true;
    running.end();
  }

  /** It ended by itself, or was to. */
  #gone(running: RunningThread): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#isTried = false;
  }

  #look(): void {
    const isIdle = this.#questions === this.#questionsBefore;
    this.#questionsBefore = this.#questions;
    if (!isIdle || this.#running?.isBusy === true) return;
    this.end();
  }

  end(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#running?.end();
  }
}

export const fileThread = new FileThread();
