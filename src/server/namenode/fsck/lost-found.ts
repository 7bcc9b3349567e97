// `fsck -move`: what can still be read of broken files is written below /lost+found. A file becomes a directory of its name
// there, in which each unbroken run of its blocks is a file: 0, 1, and so on. Mirrors NamenodeFsck.copyBlocksToLostFound.
import { HdfsError, messageOf } from '../../../base/errors.ts';
import type { HdfsFileHandle } from '../../../client/file-handle.ts';
import type { Hdfs } from '../../../client/hdfs.ts';
import type { Log } from '../../../host/host.ts';
import type { NameNodeCalls } from '../../../webhdfs/operation.ts';

export const LOST_FOUND = '/lost+found';

export interface LostFoundParts {
  readonly log: Log;
  /** As whoever asked for the report. */
  readonly namenode: NameNodeCalls;
  readonly connect: () => Promise<Hdfs>;
}

export class LostFound {
  readonly #parts: LostFoundParts;
  #client: Promise<Hdfs> | undefined;
  #ready: Promise<void> | undefined;

  constructor(parts: LostFoundParts) {
    this.#parts = parts;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await (await client)?.close();
  }

  /** False: not all that its blocks' holders promise was copied, and why was logged. What is there already stays as it is. */
  async keep(path: string, mode: number): Promise<boolean> {
    const { log } = this.#parts;
    try {
      this.#ready ??= this.#begin();
      await this.#ready;
      return await this.#copy(path, mode);
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      log.log('error', 'fsck', `cannot move ${path} to ${LOST_FOUND}: ${error.message}`);
      return false;
    }
  }

  async #begin(): Promise<void> {
    const { namenode } = this.#parts;
    const { fs } = await namenode.call('getFileInfo', { src: LOST_FOUND });
    const client = await this.#connected();
    if (fs === undefined) await client.mkdir(LOST_FOUND);
    else if (!(await client.stat(LOST_FOUND)).isDirectory()) {
      throw new HdfsError('ENOTDIR', `${LOST_FOUND} is a file`, { path: LOST_FOUND });
    }
  }

  #connected(): Promise<Hdfs> {
    this.#client ??= this.#parts.connect();
    return this.#client;
  }

  async #copy(path: string, mode: number): Promise<boolean> {
    const { namenode, log } = this.#parts;
    const target = LOST_FOUND + path;
    if ((await namenode.call('getFileInfo', { src: target })).fs !== undefined) {
      log.log('warn', 'fsck', `what is left of ${path} is not copied: ${target} exists`);
      return true;
    }
    await namenode.call('mkdirs', { src: target, masked: { perm: mode }, createParent: true });
    const client = await this.#connected();
    let whole = true;
    let chain = 0;
    let file: HdfsFileHandle | undefined;
    const end = async (): Promise<void> => {
      await file?.close();
      file = undefined;
    };
    try {
      for (const { offset, length, hosts } of await client.blockLocations(path)) {
        if (hosts.length === 0) {
          await end();
          continue;
        }
        file ??= await client.open(`${target}/${chain++}`, 'w');
        try {
          for await (const piece of client.createReadStream(path, { start: offset, end: offset + length - 1 })) {
            await file.write(piece as Uint8Array);
          }
        } catch (error) {
          if (!(error instanceof HdfsError)) throw error;
          log.log('error', 'fsck', `cannot copy the block at ${offset} of ${path} to ${target}: ${messageOf(error)}`);
          whole = false;
          await end();
        }
      }
    } finally {
      await end();
    }
    log.log('info', 'fsck', `${whole ? 'copied what is left' : 'copied some of what is left'} of ${path} to ${target}`);
    return whole;
  }
}
