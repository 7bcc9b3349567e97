// Programs that are started without copying this process. Node starts one by fork, which copies the tables of all memory that
// the process has, and everybody waits meanwhile: 75 ms for a NameNode of ten million files, once for each user whose groups are
// asked for. posix_spawn borrows the memory until the program runs, whatever there is of it. It is made through the
// C library (kernel-library.ts), and tried before it is used; where it does not work, Node starts the program.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { getSystemErrorName } from 'node:util';
import { HdfsError } from '../../base/errors.ts';
import { type KernelLibrary, kernelLibrary, newPipe, O_CLOEXEC } from './kernel-library.ts';

export interface Program {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit code, or 128 when a signal ended it; its output may not be read to its end by then. */
  readonly ended: Promise<number>;
  kill(): void;
}

type Start = (file: string, args: readonly string[]) => Promise<Program>;

/** What a program is said to exit with whose signal is all that is known. */
const BY_SIGNAL = 128;

const cannotRun = (file: string, cause: Error): HdfsError =>
  new HdfsError('EIO', `cannot run ${file}: ${cause.message}`, { cause });

/** By Node. */
export const forked: Start = (file, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, { shell: false, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    child.on('error', (cause) => reject(cannotRun(file, cause)));
    child.on('spawn', () => {
      const ended = new Promise<number>((done) => child.on('exit', (code) => done(code ?? BY_SIGNAL)));
      const { stdin, stdout, stderr } = child;
      resolve({ stdin, stdout, stderr, ended, kill: () => child.kill('SIGKILL') });
    });
  });

/** The C library's numbers, the same in glibc and musl. */
const POSIX_SPAWN_SETSIGDEF = 4;
const POSIX_SPAWN_SETSIGMASK = 8;
/** More than any of its structures takes. */
const STRUCTURE_BYTES = 1024;
/** Where pointers take eight bytes, least significant first. */
const PROCESSORS = ['x64', 'arm64', 'riscv64', 'loong64'];

interface Async<A extends unknown[]> {
  (...args: A): number;
  async(...args: [...A, done: (error: Error | null, result: number) => void]): void;
}

interface Calls {
  readonly initActions: (actions: Buffer) => number;
  readonly addDuplicate: (actions: Buffer, from: number, to: number) => number;
  readonly destroyActions: (actions: Buffer) => number;
  readonly initAttributes: (attributes: Buffer) => number;
  readonly setFlags: (attributes: Buffer, flags: number) => number;
  readonly setDefault: (attributes: Buffer, signals: Buffer) => number;
  readonly setMask: (attributes: Buffer, signals: Buffer) => number;
  readonly fillSignals: (signals: Buffer) => number;
  readonly emptySignals: (signals: Buffer) => number;
  readonly spawn: Async<
    [pid: Int32Array, file: Buffer, actions: Buffer, attributes: Buffer, args: Buffer, environment: Buffer]
  >;
  readonly wait: Async<[pid: number, status: Int32Array, options: number]>;
}

function callsOf(library: KernelLibrary): Calls {
  const call = <F>(prototype: string): F => library.func(prototype) as F;
  return {
    initActions: call('int posix_spawn_file_actions_init(void *actions)'),
    addDuplicate: call('int posix_spawn_file_actions_adddup2(void *actions, int from, int to)'),
    destroyActions: call('int posix_spawn_file_actions_destroy(void *actions)'),
    initAttributes: call('int posix_spawnattr_init(void *attributes)'),
    setFlags: call('int posix_spawnattr_setflags(void *attributes, short flags)'),
    setDefault: call('int posix_spawnattr_setsigdefault(void *attributes, void *signals)'),
    setMask: call('int posix_spawnattr_setsigmask(void *attributes, void *signals)'),
    fillSignals: call('int sigfillset(void *signals)'),
    emptySignals: call('int sigemptyset(void *signals)'),
    spawn: call('int posix_spawnp(void *pid, void *file, void *actions, void *attributes, void *arguments, void *environment)'),
    wait: call('int waitpid(int pid, void *status, int options)'),
  };
}

/** Pointers to the texts, and a last one that is null; `kept` is what they point to. */
function pointersTo(library: KernelLibrary, texts: readonly string[]): { readonly pointers: Buffer; readonly kept: Buffer } {
  const bytes = texts.map((each) => Buffer.from(`${each}\0`));
  const kept = Buffer.concat(bytes);
  const pointers = Buffer.alloc((texts.length + 1) * 8);
  let address = library.addressOf(kept);
  for (const [i, { length }] of bytes.entries()) {
    pointers.writeBigUInt64LE(address, i * 8);
    address += BigInt(length);
  }
  return { pointers, kept };
}

class Spawner {
  private readonly library: KernelLibrary;
  private readonly calls: Calls;
  private readonly attributes = Buffer.alloc(STRUCTURE_BYTES);

  constructor(library: KernelLibrary) {
    this.library = library;
    this.calls = callsOf(library);
    const { calls, attributes } = this;
    const signals = Buffer.alloc(STRUCTURE_BYTES);
    calls.initAttributes(attributes);
    calls.setFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    // Node ignores some, and a program that ignores SIGPIPE never learns that nobody reads it.
    calls.fillSignals(signals);
    calls.setDefault(attributes, signals);
    calls.emptySignals(signals);
    calls.setMask(attributes, signals);
  }

  async start(file: string, args: readonly string[]): Promise<Program> {
    if ([file, ...args].some((each) => each.includes('\0'))) {
      throw new HdfsError('EIO', `cannot run ${file}: a name or an argument has a byte of zero in it`);
    }
    // Standard input, output and errors: the end that is ours, and the program's.
    const pipes: [ours: number, theirs: number][] = [];
    try {
      for (let stream = 0; stream < 3; stream++) pipes.push(this.pipe(stream === 0));
      const pid = await this.spawn(file, args, pipes);
      return this.program(pid, pipes);
    } catch (error) {
      for (const [ours] of pipes) fs.closeSync(ours);
      throw error;
    } finally {
      for (const [, theirs] of pipes) fs.closeSync(theirs);
    }
  }

  private pipe(isInput: boolean): [ours: number, theirs: number] {
    const ends = newPipe(this.library, O_CLOEXEC);
    if (ends === undefined) throw new HdfsError('EIO', 'no pipe to be had for a program');
    const [from, to] = ends;
    return isInput ? [to, from] : [from, to];
  }

  private spawn(file: string, args: readonly string[], pipes: readonly [number, number][]): Promise<number> {
    const { calls, library } = this;
    const pid = new Int32Array(1);
    const name = Buffer.from(`${file}\0`);
    const actions = Buffer.alloc(STRUCTURE_BYTES);
    const given = pointersTo(library, [file, ...args]);
    const environment = pointersTo(
      library,
      Object.entries(process.env).map(([key, value]) => `${key}=${value}`),
    );
    // What the call reads has to be there until it is back.
    const lent: unknown[] = [name, given, environment];
    calls.initActions(actions);
    for (const [stream, [, theirs]] of pipes.entries()) calls.addDuplicate(actions, theirs, stream);
    return new Promise((resolve, reject) => {
      calls.spawn.async(pid, name, actions, this.attributes, given.pointers, environment.pointers, (error, number) => {
        calls.destroyActions(actions);
        lent.length = 0;
        if (error !== null) reject(error);
        else if (number === 0) resolve(pid[0] as number);
        else {
          const code = getSystemErrorName(-number);
          reject(cannotRun(file, Object.assign(new Error(`spawn ${file} ${code}`), { code, errno: -number })));
        }
      });
    });
  }

  private program(pid: number, pipes: readonly [ours: number, theirs: number][]): Program {
    let isOver = false;
    const status = new Int32Array(1);
    const ended = new Promise<number>((resolve, reject) => {
      this.calls.wait.async(pid, status, 0, (error, result) => {
        isOver = true;
        const word = status[0] as number;
        if (error !== null) reject(error);
        else if (result !== pid) reject(new HdfsError('EIO', `nothing is known of the end of process ${pid}`));
        else resolve((word & 0x7f) === 0 ? (word >> 8) & 0xff : BY_SIGNAL);
      });
    });
    const [stdin, stdout, stderr] = pipes.map(
      ([fd], stream) => new net.Socket({ fd, readable: stream > 0, writable: stream === 0 }),
    ) as [net.Socket, net.Socket, net.Socket];
    return {
      stdin,
      stdout,
      stderr,
      ended,
      kill: () => {
        // Its number may be another's once it was waited for.
        if (!isOver) kill(pid);
      },
    };
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it was waited for just now
  }
}

/** Whether input, both outputs and the exit code come through, and what is not there is told. */
async function works(start: Start): Promise<boolean> {
  const program = await start('sh', ['-c', 'read line; echo "$line $0"; echo err >&2; exit 3', 'arg']);
  program.stdin.end('in\n');
  const seen = await Promise.all([text(program.stdout), text(program.stderr), program.ended]);
  if (seen.join() !== 'in arg\n,err\n,3') return false;
  return start('/dev/null/nothing', []).then(
    () => false,
    (error: unknown) => error instanceof HdfsError,
  );
}

async function choose(): Promise<Start> {
  const library = PROCESSORS.includes(process.arch) && kernelLibrary();
  if (library === false) return forked;
  try {
    const spawner = new Spawner(library);
    const start: Start = (file, args) => spawner.start(file, args);
    return (await works(start)) ? start : forked;
  } catch {
    return forked; // a C library without it: Node starts programs
  }
}

let chosen: Promise<Start> | undefined;

/** By the C library; asked once for each process. Node's own where that does not work. */
export const spawned = (): Promise<Start> => {
  chosen ??= choose();
  return chosen;
};

/** Starts a program with these arguments. Rejects with HdfsError EIO where it cannot be run. */
export const startProgram: Start = async (file, args) => (await spawned())(file, args);
