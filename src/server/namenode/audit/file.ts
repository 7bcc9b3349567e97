// Where the audit log goes: a file that is put aside when it is full, as log4j's RollingFileAppender does. Lines of one turn
// are written together, behind the answers. A disk that does not keep up costs lines, which is said in the log, never the
// NameNode's time.
import type { DiskFile, Host } from '../../../host/host.ts';

export interface AuditFileOptions {
  readonly path: string;
  readonly maxBytes: number;
  /** Files that are kept beside the one that is written. */
  readonly backups: number;
}

/** Bytes that wait for the disk before lines are left out. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export class AuditFile {
  readonly #host: Host;
  readonly #options: AuditFileOptions;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #left = 0;
  #writing: Promise<void> | undefined;
  #file: DiskFile | undefined;
  #size = 0;

  constructor(host: Host, options: AuditFileOptions) {
    this.#host = host;
    this.#options = options;
  }

  write(line: string): void {
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#left++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#writing !== undefined) return;
    this.#writing = new Promise<void>((resolve) => this.#host.clock.defer(resolve)).then(() => this.#drain());
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = Buffer.from(`${this.#waiting.join('\n')}\n`, 'utf8');
        this.#waiting = [];
        this.#waitingBytes = 0;
        const file = await this.#opened(bytes.length);
        await file.write(bytes, this.#size);
        this.#size += bytes.length;
      }
      if (this.#left > 0) this.#warn(`${this.#left} lines were left out: the disk did not keep up`);
      this.#left = 0;
    } catch (error) {
      // Tried again with the next line: a full disk may have room by then.
      this.#warn(`cannot write ${this.#options.path}: ${String(error)}`);
      await this.#file?.close().catch((reason: unknown) => this.#warn(String(reason)));
      this.#file = undefined;
    } finally {
      this.#writing = undefined;
    }
  }

  #warn(message: string): void {
    this.#host.log.log('warn', 'audit', message);
  }

  async #opened(more: number): Promise<DiskFile> {
    const { path, maxBytes, backups } = this.#options;
    const { disk } = this.#host;
    if (this.#file === undefined) {
      await disk.mkdir(path.slice(0, Math.max(1, path.lastIndexOf('/'))));
      this.#size = (await disk.exists(path)) ? (await disk.stat(path)).size : 0;
      this.#file = await disk.open(path, this.#size === 0 ? 'w' : 'r+', 0o640);
    }
    if (this.#size === 0 || this.#size + more <= maxBytes) return this.#file;
    await this.#file.close();
    this.#file = undefined;
    for (let number = backups; number > 0; number--) {
      const from = number === 1 ? path : `${path}.${number - 1}`;
      if (await disk.exists(from)) await disk.rename(from, `${path}.${number}`);
    }
    this.#file = await disk.open(path, 'w', 0o640);
    this.#size = 0;
    return this.#file;
  }
}
