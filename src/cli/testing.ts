// A terminal for tests: keeps what was printed.
import { launcher } from '../launch/launcher.ts';
import type { LocalMoment, Output, Terminal } from './terminal.ts';

class KeptOutput implements Output {
  readonly isTty = false;
  readonly columns = 80;
  readonly #chunks: Buffer[] = [];

  write(chunk: string | Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk));
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  /** What was printed since the last time. */
  take(): string {
    return Buffer.concat(this.#chunks.splice(0)).toString('utf8');
  }
}

export interface TestTerminal extends Terminal {
  readonly stdout: KeptOutput;
  readonly stderr: KeptOutput;
  interrupt(): void;
}

const EPOCH: LocalMoment = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, weekday: 4, zone: 'UTC' };

export function testTerminal(cwd: string, input = ''): TestTerminal {
  const interruption = new AbortController();
  return {
    stdout: new KeptOutput(),
    stderr: new KeptOutput(),
    stdin: async function* stdin() {
      yield Buffer.from(input);
    },
    interactive: false,
    cwd,
    color: false,
    files: {
      describe: () => Promise.resolve({ owner: 'me', group: 'us', atimeMs: 0 }),
      setTimes: () => Promise.resolve(),
      setOwner: () => Promise.resolve(),
    },
    processes: {
      spawn: () => 0,
      isAlive: () => false,
      kill: () => undefined,
      commandLine: () => Promise.resolve(undefined),
    },
    localTime: () => EPOCH,
    fromLocalTime: () => 0,
    interrupted: interruption.signal,
    launcher: () => launcher,
    interrupt: () => interruption.abort(new Error('Interrupted')),
  };
}
