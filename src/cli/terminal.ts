// What a command sees of the place it runs in: its output, input, directory and calendar. The real one is made in
// main.ts; tests give one that keeps what was printed.

import type { Launcher } from '../launch/launcher.ts';

/** What a command ends with that SIGINT or SIGTERM has ended. */
export const INTERRUPTED = 130;

/** Whether a failure says that nobody reads what is printed. */
export function nobodyReads(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 'EPIPE';
}

export interface Output {
  /** Queues text or bytes. */
  write(chunk: string | Uint8Array): void;
  /** Resolves when little enough is queued that more may be written; rejects with code EPIPE when nobody reads. */
  ready(): Promise<void>;
  readonly isTty: boolean;
  readonly columns: number;
}

/** Parts of a moment as a calendar on the wall shows them. */
export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

export interface LocalMoment extends LocalTime {
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Short name of the time zone: UTC, CEST. */
  readonly zone: string;
}

/** The parts of the local file system that the servers never need, and a copy command does. */
export interface LocalFiles {
  /** Milliseconds since 1970. */
  setTimes(path: string, mtimeMs: number, atimeMs: number): Promise<void>;
  /** Names that this machine knows; undefined leaves one as it is. */
  setOwner(path: string, owner: string | undefined, group: string | undefined): Promise<void>;
  /** Names of owner and group, and what else `ls` shows. */
  describe(path: string): Promise<LocalDescription>;
}

export interface LocalDescription {
  readonly owner: string;
  readonly group: string;
  readonly atimeMs: number;
}

/** Other processes of this machine, for daemons in the background. */
export interface Processes {
  /** Starts one of our own commands apart from this process, its output going to the end of a file. Answers its pid. */
  spawn(command: string, args: readonly string[], logFile: string, environment: Readonly<Record<string, string>>): number;
  isAlive(pid: number): boolean;
  kill(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Words of its command line; undefined where the system does not tell. */
  commandLine(pid: number): Promise<readonly string[] | undefined>;
}

export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  stdin(): AsyncIterable<Uint8Array>;
  /** Whether a person sits at the keyboard. */
  readonly interactive: boolean;
  /** Absolute path of the working directory. */
  readonly cwd: string;
  /** Colours may be used on a terminal. */
  readonly color: boolean;
  readonly files: LocalFiles;
  readonly processes: Processes;
  /** Parts of a moment in the time zone of the user. */
  localTime(ms: number): LocalMoment;
  /** The moment of a local time. */
  fromLocalTime(time: LocalTime): number;
  /** Aborted at the first interrupt (SIGINT, SIGTERM). */
  readonly interrupted: AbortSignal;
  /** The servers, for the commands that start one. */
  launcher(): Launcher;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** yyyy-MM-dd HH:mm */
export function formatMinute(time: LocalTime): string {
  return `${String(time.year).padStart(4, '0')}-${two(time.month)}-${two(time.day)} ${two(time.hour)}:${two(time.minute)}`;
}

/** yyyy-MM-dd HH:mm:ss */
export function formatSecond(time: LocalTime): string {
  return `${formatMinute(time)}:${two(time.second)}`;
}

export async function print(output: Output, text: string): Promise<void> {
  output.write(text);
  await output.ready();
}

const MAX_LINE_LENGTH = 64 * 1024;

interface LineReader {
  readonly chunks: AsyncIterator<Uint8Array | string>;
  text: string;
}

/** What came with a line belongs to the next question, so the reader is kept. */
const readers = new WeakMap<Terminal, LineReader>();

/** Reads a line from the keyboard, without its end. Undefined at the end of the input. */
export async function readLine(terminal: Terminal): Promise<string | undefined> {
  let reader = readers.get(terminal);
  if (reader === undefined) {
    reader = { chunks: terminal.stdin()[Symbol.asyncIterator](), text: '' };
    readers.set(terminal, reader);
  }
  for (;;) {
    const end = reader.text.indexOf('\n');
    const limit = end < 0 ? MAX_LINE_LENGTH : end + 1;
    if (end >= 0 || reader.text.length > MAX_LINE_LENGTH) {
      const line = reader.text.slice(0, limit);
      reader.text = reader.text.slice(limit);
      return line.replace(/\r?\n$/, '');
    }
    const chunk = await reader.chunks.next();
    if (chunk.done === true) {
      const line = reader.text;
      reader.text = '';
      return line === '' ? undefined : line;
    }
    reader.text += Buffer.from(chunk.value).toString('utf8');
  }
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As Java's Date prints itself: Sun Nov 22 10:50:05 UTC 2026. */
export function javaDate(terminal: Terminal, ms: number): string {
  const time = terminal.localTime(ms);
  const [date = '', clock = ''] = formatSecond(time).split(' ');
  return `${DAYS[time.weekday]} ${MONTHS[time.month - 1]} ${date.slice(-2)} ${clock} ${time.zone} ${time.year}`;
}
