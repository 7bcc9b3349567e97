// The one door to the world: clock, chance, network, HTTP, names, disks, commands and workers. Everything outside
// host/node reaches them through a Host only, so that a whole cluster runs in one process under one seed (host/sim).
// Here are the interfaces; host/node is the real machine, host/sim the simulated one.

export interface Host {
  readonly clock: Clock;
  readonly random: Random;
  readonly net: Net;
  readonly http: Http;
  readonly dns: Dns;
  readonly disk: Disk;
  readonly commands: Commands;
  readonly workers: Workers;
  readonly machine: Machine;
  readonly log: Log;
}

/** What the process knows of where it runs. */
export interface Machine {
  readonly hostName: string;
  readonly pid: number;
  /** Login name of the user that runs the process. */
  readonly userName: string;
  readonly platform: string;
  /** Bytes: of the process and its heap, for /jmx. */
  memory(): { readonly rss: number; readonly heapUsed: number; readonly heapTotal: number };
  /** After a large piece of work: collects garbage, and gives back the memory that only that work took. */
  releaseMemory(): Promise<void>;
  /**
   * For a process that has just started and keeps no large tables: what it needed once goes back to the machine, and soon.
   * `dropUnused` is asked every ten seconds to let go what nobody has needed since, and answers it: its content is lost.
   */
  keepMemorySmall(dropUnused: () => readonly Buffer[]): void;
  /** Bytes that the heap may take. */
  readonly heapLimit: number;
  /** Garbage collections since the process began, and the milliseconds that they took. */
  collections(): { readonly count: number; readonly ms: number };
  /** Processor time that the process has used, in microseconds. */
  cpuMicros(): number;
  /** What the process waits for: how many sockets, timers and others of each kind. */
  activity(): Readonly<Record<string, number>>;
  /** Load of the last minute, and how many processors there are for it. */
  load(): { readonly average: number; readonly processors: number };
  /** Addresses by network interface, IPv4 first. */
  networkInterfaces(): Readonly<Record<string, readonly string[]>>;
  env(name: string): string | undefined;
  /** Minutes that local time is ahead of UTC at a moment (milliseconds since 1970): Hadoop puts local times into names. */
  utcOffsetMinutes(wallMs: number): number;
}

export interface Timer {
  /** Does nothing when it has fired or been cancelled. */
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary point, with fractions; never goes back, never jumps. All durations use it. */
  monotonic(): number;
  /** Runs `fn` once, `ms` from now. Any length is exact: no 32-bit overflow. */
  setTimer(ms: number, fn: () => void): Timer;
  /** Runs `fn` every `ms`; a run that is late does not pile up. */
  setPeriodic(ms: number, fn: () => void): Timer;
  /** Runs `fn` after the I/O that is ready now: where a batch of work of one turn is flushed, and where long work yields. */
  defer(fn: () => void): void;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** Uniform in [0, bound), bound at most 2^53. */
  below(bound: number): number;
  /** Uniform in [0, 1). */
  fraction(): number;
  /** Fills with random bytes, of cryptographic quality on a real host. */
  bytes(length: number): Buffer;
}

// ---------------------------------------------------------------------------------------------------------------- net

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ConnectOptions extends Address {
  /** Source address; the NameNode sees it as the peer's. */
  readonly localAddress?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** As ListenOptions.slabBytes. */
  readonly slabBytes?: number | undefined;
  /** As ListenOptions.isBulk. */
  readonly isBulk?: boolean | undefined;
}

export interface ListenOptions extends Address {
  readonly backlog?: number | undefined;
  /**
   * Reads into one reused buffer of this size for each connection: a chunk then is valid only during `onData`.
   * Without it every chunk belongs to the receiver.
   */
  readonly slabBytes?: number | undefined;
  /** Whole blocks go over it: worth a few calls of the kernel before the first byte. */
  readonly isBulk?: boolean | undefined;
}

export interface Net {
  /** Rejects with HdfsError ECONN or ETIMEDOUT. */
  connect(options: ConnectOptions): Promise<Connection>;
  /** Rejects with an Error whose `code` is EADDRINUSE, EACCES or EADDRNOTAVAIL. Port 0 takes a free one. */
  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener>;
}

export interface Listener {
  readonly address: Address;
  /** Stops accepting; connections that exist go on. */
  close(): Promise<void>;
}

export interface ConnectionHandler {
  onData(chunk: Buffer): void;
  /** The peer has finished writing. */
  onEnd(): void;
  /** The last event. `error` is absent after an orderly close. */
  onClose(error?: Error): void;
  /** The outgoing buffer has emptied after `write` answered false. */
  onDrain?(): void;
}

/** Memory of a receiver's that a connection reads into, in place of the slab that all share. */
export interface ReadTarget {
  /** Where the next bytes go, which nobody else changes until `readDone`; undefined: into the slab. */
  readRoom(): Buffer | undefined;
  /** Nothing is read any more into what `readRoom` gave. Called before it is asked again, and when the connection has closed. */
  readDone(): void;
}

/** Has the kernel send bytes of files to a connection's peer, past this process. For one who sends at a time. */
export interface FileSender {
  /**
   * Bytes of an open file (its descriptor) go behind what was written, all of which the kernel must have. A few may stay there
   * for a moment until more follow, or the sender is closed. Answers how many it took. None may have any reason, the disk, the peer, no room: bytes that are read and written the usual way tell which.
   */
  send(file: number, position: number, length: number): Promise<number>;
  /** Not before the last `send` has answered. */
  close(): void;
}

/** A TCP stream. Reading is paused until `start` gives it a handler. */
export interface Connection {
  readonly remote: Address;
  readonly local: Address;
  start(handler: ConnectionHandler): void;
  /** Takes another handler in mid-stream, e.g. when a transport is unwrapped from here on. */
  setHandler(handler: ConnectionHandler): void;
  pause(): void;
  resume(): void;
  /**
   * Behind the next read, bytes come to lie where `target` has room for them, if the host can do so; undefined: in the slab.
   * Such a chunk too is valid only during `onData`, unless the target knows better.
   */
  readInto?(target: ReadTarget | undefined): void;
  /**
   * The handler need not hear of data before there are so many bytes of it, or the peer has ended; 1: at once, as in the beginning.
   * Where the host can do so.
   */
  tellFrom?(bytes: number): void;
  /** Queues bytes, which must not change until sent. False: more than the high-water mark is queued, await onDrain. */
  write(chunk: Uint8Array): boolean;
  /**
   * As `write`, of memory that the caller would like back. True: the kernel has taken all, so it may be used again; false: it
   * must not change until sent.
   */
  lend(chunk: Uint8Array): boolean;
  /** Several chunks in one system call. */
  writev(chunks: readonly Uint8Array[]): boolean;
  /** Calls back once everything queued up to now was given to the kernel, or the connection ended (`error`). */
  flushed(fn: (error?: Error) => void): void;
  /** Bytes queued and not yet given to the kernel. */
  readonly queuedBytes: number;
  readonly destroyed: boolean;
  /** Where the host can do so; to be closed. undefined: it cannot, or not now. */
  fileSender?(): Promise<FileSender | undefined>;
  /** Sends what is queued, then ends our side. */
  end(): void;
  /** Drops the connection now. */
  destroy(error?: Error): void;
  setNoDelay(on: boolean): void;
  setKeepAlive(on: boolean): void;
}

// --------------------------------------------------------------------------------------------------------------- http

export interface HttpRequest {
  readonly method: string;
  /** Path with its percent escapes, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly remote: Address;
  /** The body as it arrives; not reading it holds the sender back. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Who asks, where the server's authentication has found it out. */
  readonly remoteUser?: string | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** The words beside the status, where a client reads them; the usual ones without it. */
  readonly reason?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse> | HttpResponse;

export interface HttpServerLimits {
  /** How long a connection may wait for its next request; 0 for ever. */
  readonly keepAliveMs?: number;
}

export interface HttpServer {
  readonly address: Address;
  close(): Promise<void>;
}

export interface HttpClientRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface HttpClientResponse {
  readonly status: number;
  readonly reason?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Http {
  listen(address: Address, handler: HttpHandler, limits?: HttpServerLimits): Promise<HttpServer>;
  request(url: string, options?: HttpClientRequest): Promise<HttpClientResponse>;
}

export interface Dns {
  /** Addresses of a name, IPv4 first. Rejects with HdfsError ENOENT when it has none. */
  lookup(host: string): Promise<readonly string[]>;
  /** Name of an address, or undefined; from the system, or from one name server. */
  reverse(address: string, server?: string): Promise<string | undefined>;
}

// --------------------------------------------------------------------------------------------------------------- disk

/** Reasons of a failed disk call; `code` of the DiskError. */
export type DiskErrorCode =
  | 'ENOENT'
  | 'EEXIST'
  | 'ENOTDIR'
  | 'EISDIR'
  | 'ENOTEMPTY'
  | 'EACCES'
  | 'ENOSPC'
  | 'EIO'
  | 'EMFILE'
  | 'EROFS'
  | 'EOTHER';

export interface DiskError extends Error {
  readonly code: string;
}

export interface FileStat {
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  readonly mode: number;
  /** Identity of the file on its file system, for telling a replaced file from the same one. */
  readonly inode: number;
}

export interface VolumeStat {
  /** The same for all paths of one file system, and only for them. */
  readonly id: string;
  readonly capacity: number;
  /** Bytes that an ordinary user may still write. */
  readonly available: number;
  readonly used: number;
}

/** 'r' read; 'r+' read and write, must exist; 'w' create or empty; 'wx' create, must not exist; 'a' append, create. */
export type OpenFlags = 'r' | 'r+' | 'w' | 'wx' | 'a';

/**
 * An open file. Calls ending in Sync run at once and hold the thread: only where the volume is known to be fast.
 * Nothing is durable before `sync` or `datasync` of the file, and for a new, renamed or removed name before
 * `syncDirectory` of its directory. A failed sync is never to be retried.
 */
export interface DiskFile {
  readonly path: string;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  readSync(buffer: Uint8Array, offset: number, length: number, position: number): number;
  /** Fills the chunks one after the other; fewer bytes only at the end of the file. */
  readv(chunks: readonly Uint8Array[], position: number): Promise<number>;
  /** As the sender's `send`, of this file. Absent: the host has no senders. */
  sendTo?(sender: FileSender, position: number, length: number): Promise<number>;
  /** Writes all of it. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  writeSync(bytes: Uint8Array, position: number): void;
  writev(chunks: readonly Uint8Array[], position: number): Promise<void>;
  writevSync(chunks: readonly Uint8Array[], position: number): void;
  /**
   * Has the system begin to put written bytes on the disk, so that a later sync has less to wait for. It promises nothing, and
   * what goes wrong is for the sync to tell. False: the system does not do that. Absent: the host has no such call.
   */
  beginWriteback?(position: number, length: number): Promise<boolean>;
  truncate(length: number): Promise<void>;
  truncateSync(length: number): void;
  datasync(): Promise<void>;
  datasyncSync(): void;
  sync(): Promise<void>;
  syncSync(): void;
  stat(): Promise<FileStat>;
  close(): Promise<void>;
  closeSync(): void;
}

/** A file opened past its disk, for reading. */
export interface CachedFile extends DiskFile {
  /**
   * As `read`, in the thread, of what the machine has in memory. undefined: it would take the disk, or something is wrong with
   * it, which `read` tells.
   */
  readNow(buffer: Uint8Array, offset: number, length: number, position: number): number | undefined;
  /** As `close`, in the thread. Only while the file keeps its name: with its last name goes its place on the disk, and that waits. */
  closeNow(): void;
}

/** Bytes to be written, all of them, at a place of an open file. */
export interface FileStep {
  readonly file: DiskFile;
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** Opens and reads files without ever waiting for their disk, whatever state that is in. */
export interface CachedReads {
  /** undefined: the machine does not have the file in memory, or cannot open it, which `open` of the disk tells. */
  open(path: string): CachedFile | undefined;
}

/** A way to learn the sizes of very many files of one disk, at a fraction of what a `stat` for each takes. */
export interface FileSizes {
  /**
   * Sizes of the first of these files of a directory: of one at least, and of as many as the disk tells of in a short time.
   * NO_FILE for what is not there, or is no ordinary file.
   */
  of(directory: string, names: readonly string[]): Promise<Float64Array>;
  close(): void;
}

/** In place of a size. */
export const NO_FILE = -1;

/** File names in answers are sorted by bytes, whatever the file system's order. Every call fails with a DiskError. */
export interface Disk {
  /**
   * How many calls run at once, on all disks together. When so many hang, every further one waits: whoever has several disks
   * keeps account of what each of them takes.
   */
  readonly parallelism: number;
  open(path: string, flags: OpenFlags, mode?: number): Promise<DiskFile>;
  openSync(path: string, flags: OpenFlags, mode?: number): DiskFile;
  stat(path: string): Promise<FileStat>;
  /** To be closed. What hangs with the disk is this alone, and no call of another. */
  fileSizes(): FileSizes;
  /**
   * For the files of one file system, tried with `file`, one of them that is not empty. undefined: this machine, or that file
   * system, cannot tell beforehand whether a read would wait, or `file` cannot be read. Never rejects.
   */
  cachedReads?(file: string): Promise<CachedReads | undefined>;
  /**
   * Makes a few short writes one after the other, at little more than what one takes. One that fails ends it. Bytes may change
   * at once, files are to be closed after the answer. undefined: not now, or not so much; nothing was done. Absent: the host has
   * no such way.
   */
  inTurn?(steps: readonly FileStep[]): Promise<void> | undefined;
  exists(path: string): Promise<boolean>;
  readdir(path: string): Promise<readonly string[]>;
  /** Makes missing parents too; an existing directory is fine. */
  mkdir(path: string, mode?: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  renameSync(from: string, to: string): void;
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  unlinkSync(path: string): void;
  /** Removes a tree; a missing one is fine. */
  removeTree(path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  readFile(path: string): Promise<Buffer>;
  /** Writes aside, syncs, renames over `path` and syncs the directory: after it returns, the content survives power loss. */
  writeFileAtomic(path: string, content: Uint8Array | string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  syncDirectorySync(path: string): void;
  volume(path: string): Promise<VolumeStat>;
  /**
   * Takes the lock file `path` (Apache's in_use.lock) and keeps it until released or the process dies. Rejects with
   * HdfsError EBUSY that names the holder when another living process has it.
   */
  lock(path: string): Promise<DiskLock>;
}

export interface DiskLock {
  release(): Promise<void>;
}

// ------------------------------------------------------------------------------------------------------------ the rest

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Commands {
  /** Runs a program without a shell. Rejects when it cannot be started or runs longer than `timeoutMs`. */
  run(
    file: string,
    args: readonly string[],
    options?: { readonly timeoutMs?: number; readonly input?: string },
  ): Promise<CommandResult>;
}

export interface Workers {
  /** How many tasks may run beside the main thread. */
  readonly parallelism: number;
  /** Runs a registered task (by name) away from the main thread; inline, as one event, in a simulation. */
  run<Input, Output>(task: string, input: Input, transfer?: readonly ArrayBuffer[]): Promise<Output>;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** From which level on lines are written. Nothing is said at `all`, `trace` or `fatal` here: Java's operators know them. */
export type LogThreshold = LogLevel | 'all' | 'trace' | 'fatal' | 'off';

/** What of the log is written, where that can be changed while the process runs. */
export interface LogLevels {
  /** Least level that is written of a component. */
  of(component: string): LogThreshold;
  /** False when no more are kept. */
  set(component: string, threshold: LogThreshold): boolean;
}

export interface Log {
  readonly levels?: LogLevels | undefined;
  log(level: LogLevel, component: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}
