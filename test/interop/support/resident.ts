// One JVM with all of Apache's commands and daemons in it, driven line by line: a test that gives a hundred commands, or
// starts a whole cluster, pays for one start of Java. See java/Resident.java for the other side.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Finished } from '../apache.ts';
import { type JavaOptions, javaWords } from './java.ts';

/** One that writes an archive of its classes takes a while. */
const CLOSE_LIMIT_MS = 90_000;

export interface Answer extends Finished {
  readonly bytes: Buffer;
}

export interface CommandOptions {
  readonly user?: string;
  readonly input?: string | Uint8Array;
}

interface Waiting {
  readonly done: (answer: Answer) => void;
  readonly fail: (error: Error) => void;
}

export class Resident {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #waiting: Waiting[] = [];
  #ended = false;

  /** `directory` takes its log. */
  constructor(directory: string, java: JavaOptions = {}) {
    this.#log = join(directory, 'apache.log');
    const log = openSync(this.#log, 'a');
    const words = javaWords('Resident.java', { options: ['-Xmx1g'], ...java });
    this.#child = spawn('java', words, { stdio: ['pipe', 'pipe', log], cwd: directory });
    closeSync(log);
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('no standard output');
    createInterface({ input: stdout }).on('line', (line) => {
      const { code, out, err } = JSON.parse(line) as { code: number; out: string; err: string };
      const bytes = Buffer.from(out, 'base64');
      // A process ends with the lowest byte of what it returned.
      const answer = { code: code & 0xff, bytes, stdout: String(bytes), stderr: String(Buffer.from(err, 'base64')) };
      this.#waiting.shift()?.done(answer);
    });
    this.#child.on('exit', (code, signal) => {
      this.#ended = true;
      const error = new Error(`Java ended with ${code ?? signal}: ${readFileSync(this.#log, 'utf8').slice(-2000)}`);
      for (const { fail } of this.#waiting.splice(0)) fail(error);
    });
  }

  /** Everything that was logged so far. */
  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  run(conf: string | undefined, command: string, args: readonly string[], options: CommandOptions = {}): Promise<Answer> {
    if (this.#ended) return Promise.reject(new Error('Java has ended'));
    const stdin = options.input === undefined ? undefined : Buffer.from(options.input).toString('base64');
    const request = JSON.stringify({ command, conf, args, user: options.user, stdin });
    return new Promise((done, fail) => {
      this.#waiting.push({ done, fail });
      this.#child.stdin?.write(`${request}\n`);
    });
  }

  /** As `run`, for what has to end well. */
  async must(conf: string | undefined, command: string, args: readonly string[], options?: CommandOptions): Promise<Answer> {
    const answer = await this.run(conf, command, args, options);
    if (answer.code === 0) return answer;
    throw new Error(`${command} ${args.join(' ')} ended with ${answer.code}: ${answer.stdout}${answer.stderr}`);
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  }
}
