// Apache's Java client as one of the writers of the supervisor: a program of its own (java/Writer.java), whose words fill a
// ledger as our own writers do.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Change, type Entry, moveEntries, type Progress, removeEntries, WriterLedger } from '../../scenarios/ledger.ts';
import type { ForeignClient } from '../../scenarios/supervisor.ts';
import { javaWords } from './java.ts';

const NAME = 'java';
/** A client that waits for its own time-outs. */
const STOP_LIMIT_MS = 120_000;

export class JavaWriter implements ForeignClient {
  readonly ledger = new WriterLedger(NAME);
  reads = 0;
  readonly #child: ChildProcess;
  #progress: Progress = { written: 0, flushed: 0, synced: 0 };
  #wrong: string[] = [];
  #ended: string[] = [];
  #stopped: (() => void) | undefined;

  constructor(conf: string, seed: number, directory: string) {
    const log = openSync(join(directory, 'logs', NAME), 'a');
    const words = [...javaWords('Writer.java', { conf, options: ['-Xmx512m'] }), NAME, String(seed)];
    this.#child = spawn('java', words, { stdio: ['pipe', 'pipe', log], cwd: directory });
    closeSync(log);
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('no standard output');
    createInterface({ input: stdout }).on('line', (line) => this.#hear(line));
    this.#child.on('exit', (code, signal) => {
      this.#wrong.push(`Java ended with ${code ?? signal}`);
      this.#stopped?.();
    });
  }

  begin(): void {
    this.#child.stdin?.write('run\n');
  }

  async stop(): Promise<{ readonly wrong: readonly string[]; readonly ended: readonly string[] }> {
    const stopped = new Promise<void>((done) => {
      this.#stopped = done;
    });
    const timer = setTimeout(() => {
      this.#wrong.push(`Apache's client does not come to an end: ${this.ledger.pending?.what ?? 'writing'}`);
      this.#stopped?.();
    }, STOP_LIMIT_MS);
    if (this.#child.exitCode === null) this.#child.stdin?.write('stop\n');
    else this.#stopped?.();
    await stopped;
    clearTimeout(timer);
    const answer = { wrong: this.#wrong, ended: this.#ended };
    this.#wrong = [];
    this.#ended = [];
    return answer;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await ended;
  }

  #hear(line: string): void {
    const [word = '', ...rest] = line.split(' ');
    const { ledger } = this;
    switch (word) {
      case 'begin':
        ledger.pending = this.#change(rest);
        return;
      case 'done':
        ledger.pending?.apply(ledger.tree);
        ledger.pending = undefined;
        ledger.acknowledged++;
        return;
      case 'written':
        this.#progress.written = Number(rest[0]);
        return;
      case 'flushed':
        this.#progress.flushed = Number(rest[0]);
        return;
      case 'synced':
        this.#progress.flushed = Number(rest[0]);
        this.#progress.synced = Number(rest[0]);
        return;
      case 'read':
        this.reads++;
        return;
      case 'unread':
        return;
      case 'failed':
        this.#ended.push(`${NAME}: ${ledger.pending?.what ?? 'writing'}: ${rest.join(' ')}`);
        return;
      case 'wrong':
        this.#wrong.push(rest.join(' '));
        return;
      case 'stopped':
        this.#stopped?.();
        return;
      default:
        this.#wrong.push(`Apache's client says: ${line}`);
    }
  }

  #change([what = '', path = '', ...rest]: readonly string[]): Change {
    const named = { what: `${what} ${path}` };
    const put = (entry: Entry): Change => ({ ...named, apply: (tree) => void tree.set(path, entry) });
    switch (what) {
      case 'mkdir':
        return {
          ...named,
          apply: (tree) => {
            for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1))
              tree.set(path.slice(0, at), { kind: 'directory' });
            tree.set(path, { kind: 'directory' });
          },
        };
      case 'delete':
        return { ...named, apply: (tree) => removeEntries(tree, path) };
      case 'rename':
        return { ...named, apply: (tree) => moveEntries(tree, path, rest[0] ?? '') };
      case 'create':
        this.#progress = { written: 0, flushed: 0, synced: 0 };
        return put({ kind: 'open', tag: Number(rest[0]), progress: this.#progress });
      case 'close':
        return put({ kind: 'file', tag: Number(rest[0]), length: Number(rest[1]) });
      default:
        throw new Error(`Apache's client is about to do something unknown: ${what}`);
    }
  }
}
