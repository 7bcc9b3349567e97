// What a viewer writes: a file, the screen, or both. Small pieces are gathered.
import { HdfsError } from '../../base/errors.ts';
import type { Disk, DiskFile } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';

const GATHERED_BYTES = 256 * 1024;

/** Opens the file that a viewer writes. Throws HdfsError EINVAL where it is that which it reads: opening would empty it. */
export async function openOutput(disk: Disk, path: string, input: string): Promise<DiskFile> {
  if (await isSameFile(disk, path, input)) throw new HdfsError('EINVAL', `${path} is the file that is read; name another one`);
  return disk.open(path, 'w');
}

async function isSameFile(disk: Disk, a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  if (!((await disk.exists(a)) && (await disk.exists(b)))) return false;
  if ((await disk.stat(a)).inode !== (await disk.stat(b)).inode) return false;
  return (await disk.volume(a)).id === (await disk.volume(b)).id;
}

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
