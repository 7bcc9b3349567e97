// The entry of the bundle for commands: `main(command, argv)` for bin/tuskfs, bin/hdfs and bin/hadoop; main-daemons.ts adds
// the servers. This is the one place of the program that picks the real host and sees the process; everything else gets a
// Host and a Terminal.
import { spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { chown, lstat, readFile, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '../base/assert.ts';
import { HdfsError } from '../base/errors.ts';
import { nodeHost } from '../host/node/index.ts';
import type { Launcher } from '../launch/launcher.ts';
import { printError } from './errors.ts';
import { runHdfs } from './hdfs/hdfs.ts';
import {
  INTERRUPTED,
  type LocalDescription,
  type LocalFiles,
  type LocalMoment,
  type LocalTime,
  nobodyReads,
  type Output,
  type Processes,
  type Terminal,
} from './terminal.ts';
import { runTuskfs } from './tuskfs.ts';

/** Bytes queued for a reader that is slower than we are. */
const HIGH_WATER_BYTES = 256 * 1024;
/** How long an interrupted command may take to tidy up: one call to a NameNode that is well. */
const TIDYING_MS = 2000;

class StreamOutput implements Output {
  readonly #stream: NodeJS.WriteStream;
  #error: Error | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#error = error;
    });
  }

  get isTty(): boolean {
    return this.#stream.isTTY === true;
  }

  get columns(): number {
    return this.#stream.columns ?? 80;
  }

  write(chunk: string | Uint8Array): void {
    if (this.#error === undefined) this.#stream.write(chunk);
  }

  async ready(): Promise<void> {
    while (this.#error === undefined && this.#stream.writableLength > HIGH_WATER_BYTES) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#stream.off('drain', done).off('error', done).off('close', done);
          resolve();
        };
        this.#stream.on('drain', done).on('error', done).on('close', done);
      });
    }
    if (this.#error !== undefined) throw this.#error;
  }

  /** Resolves when everything was taken, or nobody takes it any more. */
  flush(): Promise<void> {
    if (this.#error !== undefined || this.#stream.writableLength === 0) return Promise.resolve();
    return new Promise((resolve) => this.#stream.write('', () => resolve()));
  }
}

const names = new Map<string, ReadonlyMap<string, string>>();

/** Name of a numeric user or group, from /etc/passwd or /etc/group. */
function nameOfId(file: string, id: number): string {
  let known = names.get(file);
  if (known === undefined) {
    let text = '';
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      // No such file on this system: numbers have to do.
      if (!(error instanceof Error)) throw error;
    }
    known = new Map(text.split('\n').map((line) => [line.split(':')[2] ?? '', line.split(':')[0] ?? '']));
    names.set(file, known);
  }
  return known.get(String(id)) ?? String(id);
}

async function describe(path: string): Promise<LocalDescription> {
  const { uid, gid, atimeMs } = await lstat(path);
  return { owner: nameOfId('/etc/passwd', uid), group: nameOfId('/etc/group', gid), atimeMs };
}

/** Number of a user or group by its name. As the words of `chown`, which Hadoop's shell runs for this. */
function idOf(kind: 'user' | 'group', name: string, asked: string): number {
  const file = kind === 'user' ? '/etc/passwd' : '/etc/group';
  if (/^\d+$/.test(name)) return Number(name);
  nameOfId(file, 0);
  const found = [...(names.get(file) ?? [])].find(([, known]) => known === name);
  if (found === undefined) throw new HdfsError('EIO', `chown: invalid ${kind}: ‘${asked}’`);
  return Number(found[0]);
}

async function setOwner(path: string, owner: string | undefined, group: string | undefined): Promise<void> {
  const asked = `${owner ?? ''}${group === undefined ? '' : `:${group}`}`;
  const { uid, gid } = await lstat(path);
  const [user, of] = [
    owner === undefined ? uid : idOf('user', owner, asked),
    group === undefined ? gid : idOf('group', group, asked),
  ];
  await chown(path, user, of);
}

export const localFiles: LocalFiles = {
  describe,
  setOwner,
  setTimes: (path, mtimeMs, atimeMs) => utimes(path, atimeMs / 1000, mtimeMs / 1000),
};

function zoneOf(date: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
}

export function localTime(ms: number): LocalMoment {
  const date = new Date(ms);
  return {
    weekday: date.getDay(),
    // Asked for rarely, and slow to find out.
    get zone() {
      return zoneOf(date);
    },
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  };
}

export function fromLocalTime({ year, month, day, hour, minute, second }: LocalTime): number {
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}

const processes: Processes = {
  spawn(command, args, logFile, environment) {
    const log = openSync(logFile, 'a');
    try {
      const script = join(dirname(process.argv[1] ?? ''), command);
      const env = { ...process.env, ...environment };
      const child = spawn(process.execPath, [script, ...args], { detached: true, stdio: ['ignore', log, log], env });
      child.unref();
      if (child.pid === undefined) throw new Error(`${script} cannot be started`);
      return child.pid;
    } finally {
      closeSync(log);
    }
  },
  isAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      // Somebody else's process is alive too.
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  },
  kill(pid, signal) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  },
  async commandLine(pid) {
    try {
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return undefined;
    }
  },
};

function workingDirectory(): string {
  // The shell's name of the directory, where it still is that directory: links stay as the user sees them.
  const named = process.env.PWD;
  const real = process.cwd();
  if (named === undefined || !named.startsWith('/')) return real;
  const [a, b] = [named, real].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev ? named : real;
}

/** Runs a command and leaves its exit code in `process.exitCode`. */
export async function main(command: string, argv: readonly string[], launcher?: Launcher): Promise<void> {
  const stdout = new StreamOutput(process.stdout);
  const stderr = new StreamOutput(process.stderr);
  const interrupt = new AbortController();
  // All that is copied at once listens to it: many listeners are no leak.
  setMaxListeners(0, interrupt.signal);
  let interrupts = 0;
  let isServing = false;
  const endUnlessServing = (): void => {
    if (!isServing) process.exit(INTERRUPTED);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupt.abort(new Error('Interrupted'));
      // Whoever asks twice means it.
      if (++interrupts > 1) process.exit(INTERRUPTED);
      // Servers know themselves how long they may take. A command may wait for what never answers: servers, or who reads its output.
      setTimeout(endUnlessServing, TIDYING_MS);
    });
  }
  const terminal: Terminal = {
    stdout,
    stderr,
    stdin: () => process.stdin,
    interactive: process.stdin.isTTY === true,
    cwd: workingDirectory(),
    color: stdout.isTty && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb',
    files: localFiles,
    processes,
    localTime,
    fromLocalTime,
    interrupted: interrupt.signal,
    launcher() {
      assert(launcher !== undefined, 'this command line belongs to the bundle that holds the servers');
      isServing = true;
      return launcher;
    },
  };
  // Clients keep quiet; daemons log what they do.
  const host = (logLevel: 'info' | 'error') => nodeHost({ logLevel });
  let code: number;
  try {
    code = command === 'tuskfs' ? await runTuskfs(host, terminal, argv) : await runHdfs(command, host, terminal, argv);
  } catch (error) {
    code = nobodyReads(error) ? 0 : printError(terminal, command, error);
  }
  await stdout.flush();
  await stderr.flush();
  // Sockets that linger and timers of libraries must not hold a finished command.
  process.exit(code);
}
