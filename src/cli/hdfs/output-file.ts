// What a viewer writes: a file, the screen, or both. Small pieces are gathered.
import type { DiskFile } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';

const GATHERED_BYTES = 256 * 1024;

export class OutputFile {
  readonly #file: DiskFile | undefined;
  readonly #terminal: Terminal | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #position = 0;

  /** `file` undefined: the screen alone; `terminal` undefined: the file alone. */
  constructor(file: DiskFile | undefined, terminal: Terminal | undefined) {
    this.#file = file;
    this.#terminal = terminal;
  }

  /** Queues a copy. */
  put(piece: string | Uint8Array): void {
    const bytes = Buffer.from(piece);
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
  }

  async flush(least = GATHERED_BYTES): Promise<void> {
    if (this.#bytes < least || this.#bytes === 0) return;
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    await this.#file?.write(bytes, this.#position);
    this.#position += bytes.length;
    if (this.#terminal === undefined) return;
    this.#terminal.stdout.write(bytes);
    await this.#terminal.stdout.ready();
  }

  async close(): Promise<void> {
    try {
      await this.flush(0);
    } finally {
      await this.#file?.close();
    }
  }
}
