// A line on standard error that says how far a long copy is. Silent for short ones, and where nobody looks.
import type { Host } from '../host/host.ts';
import { humanSize } from './human.ts';
import type { Terminal } from './terminal.ts';

const SHOW_AFTER_MS = 500;
const REFRESH_MS = 100;
const BAR = 24;

export class Progress {
  readonly #host: Pick<Host, 'clock'>;
  readonly #terminal: Terminal;
  readonly #enabled: boolean;
  readonly #began: number;
  readonly #label: string;
  readonly #total: number | undefined;
  #done = 0;
  #drawnAt = 0;
  #drawn = false;

  /** `total` in bytes; undefined where nobody knows. */
  constructor(host: Pick<Host, 'clock'>, terminal: Terminal, label: string, total: number | undefined, quiet = false) {
    this.#host = host;
    this.#terminal = terminal;
    this.#label = label;
    this.#total = total;
    this.#enabled = terminal.stderr.isTty && !quiet;
    this.#began = host.clock.monotonic();
  }

  add(bytes: number): void {
    this.#done += bytes;
    if (!this.#enabled) return;
    const now = this.#host.clock.monotonic();
    if (now - this.#began < SHOW_AFTER_MS || now - this.#drawnAt < REFRESH_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    const rate = `${humanSize(Math.round((this.#done * 1000) / (now - this.#began)))}/s`;
    const part = this.#total === undefined || this.#total === 0 ? undefined : Math.min(1, this.#done / this.#total);
    const bar = part === undefined ? '' : `[${'#'.repeat(Math.round(part * BAR)).padEnd(BAR)}] ${Math.floor(part * 100)}% `;
    const text = `${this.#label} ${bar}${humanSize(this.#done)} ${rate}`;
    this.#terminal.stderr.write(`\r\u001b[K${text.slice(0, Math.max(20, this.#terminal.stderr.columns - 1))}`);
  }

  /** Takes the line away. */
  finish(): void {
    if (this.#drawn) this.#terminal.stderr.write('\r\u001b[K');
  }

  async *watch(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source) {
      yield chunk;
      this.add(chunk.length);
    }
  }
}
