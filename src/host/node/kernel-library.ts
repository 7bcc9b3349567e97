// The kernel's calls that Node has no way to, made through a library that can make any (koffi). npm installs its builds as
// optional packages, so there may be none for this machine.
import { createRequire } from 'node:module';
import type net from 'node:net';

/** The machine's C library. */
export interface KernelLibrary {
  /** A function of it; calling it holds the thread, its `async` takes one of the pool. */
  func(prototype: string): unknown;
  /** Where a buffer's bytes lie. */
  addressOf(bytes: Uint8Array): bigint;
}

interface Koffi {
  load(path: null): { func(prototype: string): unknown };
  address(bytes: Uint8Array): bigint;
}

let loaded: KernelLibrary | false | undefined;

function load(): KernelLibrary | false {
  if (process.platform !== 'linux') return false;
  try {
    const koffi = createRequire(import.meta.url)(`@koromix/koffi-linux-${process.arch}`) as Koffi;
    const library = koffi.load(null);
    return { func: (prototype) => library.func(prototype), addressOf: (bytes) => koffi.address(bytes) };
  } catch {
    return false; // no build of it for this machine: whoever asks has a plain way
  }
}

/** False: this machine has none. */
export function kernelLibrary(): KernelLibrary | false {
  loaded ??= load();
  return loaded;
}

/** What `take` gets from it. undefined: this machine has none, or it lacks a call that is wanted; whoever asks has a plain way. */
export function fromKernelLibrary<T>(take: (library: KernelLibrary) => T): T | undefined {
  const library = kernelLibrary();
  if (library === false) return undefined;
  try {
    return take(library);
  } catch {
    return undefined; // an older C library, or another one
  }
}

/** Linux's number: programs that are started do not get the descriptor. */
export const O_CLOEXEC = 0o2000000;
/** Linux's number. */
export const O_NONBLOCK = 0o4000;

export type SetSocketOption = (socket: number, level: number, name: number, value: Buffer, bytes: number) => number;

let setOption: SetSocketOption | undefined;

/** The kernel's setsockopt: 0, or -1 when it refuses. Throws where the C library has none. */
export function socketOption(library: KernelLibrary): SetSocketOption {
  setOption ??= library.func('int setsockopt(int socket, int level, int name, void *value, uint32_t bytes)') as SetSocketOption;
  return setOption;
}

/** Linux's number: options of TCP. */
export const IPPROTO_TCP = 6;

interface HandleOwner {
  readonly _handle: { readonly fd?: number } | null;
}

/** The descriptor of a socket. undefined: it is closed, or this version of Node does not show it. */
export function descriptorOf(socket: net.Socket): number | undefined {
  const descriptor = (socket as unknown as HandleOwner)._handle?.fd;
  return descriptor === undefined || descriptor < 0 ? undefined : descriptor;
}

type Pipe = (ends: Int32Array, flags: number) => number;

let pipe: Pipe | undefined;

/** Descriptors of the two ends of a new pipe. undefined: none is to be had. */
export function newPipe(library: KernelLibrary, flags: number): readonly [from: number, to: number] | undefined {
  pipe ??= library.func('int pipe2(void *ends, int flags)') as Pipe;
  const ends = new Int32Array(2);
  return pipe(ends, flags) === 0 ? [ends[0] as number, ends[1] as number] : undefined;
}
