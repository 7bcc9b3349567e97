// cat, text, head, tail, checksum: what shows the content of files.

import { HdfsError } from '../../../base/errors.ts';
import { nobodyReads } from '../../terminal.ts';
import { Command } from '../command.ts';
import { LONG_MAX, parseOptions, parseWhole } from '../command-format.ts';
import { Item } from '../item.ts';
import { textOf } from '../text/text.ts';

/** Bytes that head and tail show. */
const ENDS_BYTES = 1024;
const FOLLOW_MS = 5000;
/** Timers take no more. */
const MAX_FOLLOW_MS = 2 ** 31 - 1;

abstract class Display extends Command {
  protected async copyOut(source: AsyncIterable<Uint8Array>): Promise<number> {
    const { stdout } = this.context.terminal;
    let bytes = 0;
    for await (const chunk of source) {
      stdout.write(chunk);
      bytes += chunk.length;
      await stdout.ready();
    }
    return bytes;
  }
}

export class Cat extends Display {
  #ignoreChecksums = false;

  protected processOptions(args: string[]): void {
    this.#ignoreChecksums = parseOptions(args, { min: 1, flags: ['ignoreCrc'] }).has('ignoreCrc');
  }

  protected async processPath(item: Item): Promise<void> {
    item.requireFile();
    if (this.#ignoreChecksums) item.fs.ignoreChecksums();
    try {
      await this.copyOut(await this.content(item));
    } catch (error) {
      if (!nobodyReads(error)) throw error;
      // A file that was not shown whole is a failure; other commands end quietly.
      throw new HdfsError('EIO', 'Unable to write to output stream.');
    }
  }

  protected async content(item: Item): Promise<AsyncIterable<Uint8Array>> {
    return item.fs.read(item.path);
  }
}

/** Plain files, and what Hadoop packs or frames them in. */
export class Text extends Cat {
  protected override content(item: Item): Promise<AsyncIterable<Uint8Array>> {
    return textOf(item.fs, item.path);
  }
}

/** Commands of one path, which is no pattern. */
abstract class OneFile extends Display {
  protected override async expandArgument(arg: string): Promise<Item[]> {
    return [await Item.of(await this.context.fileSystem(arg), arg)];
  }
}

export class Head extends OneFile {
  protected processOptions(args: string[]): void {
    parseOptions(args, { min: 1, max: 1 });
  }

  protected async processPath(item: Item): Promise<void> {
    if (item.requireFile().size > 0) await this.copyOut(item.fs.read(item.path, 0, ENDS_BYTES - 1));
  }
}

export class Tail extends OneFile {
  #follow = false;
  #delayMs = FOLLOW_MS;

  protected processOptions(args: string[]): void {
    const options = parseOptions(args, { min: 1, max: 1, flags: ['f'], withValue: ['s'] });
    this.#follow = options.has('f');
    const delay = options.value('s') ?? '';
    if (!this.#follow || delay === '') return;
    const delayMs = Math.min(parseWhole(delay, LONG_MAX), MAX_FOLLOW_MS);
    if (delayMs > 0) this.#delayMs = delayMs;
  }

  protected async processPath(item: Item): Promise<void> {
    const { size } = item.requireFile();
    let at = Math.max(0, size - ENDS_BYTES);
    if (size > 0) at += await this.copyOut(item.fs.read(item.path, at));
    while (this.#follow) {
      await this.context.host.clock.sleep(this.#delayMs, this.context.terminal.interrupted);
      const now = (await item.refresh()).size;
      if (at > now) at = now;
      else if (at < now) at += await this.copyOut(item.fs.read(item.path, at));
    }
  }
}

export class Checksum extends Display {
  #blockSize = false;

  protected processOptions(args: string[]): void {
    this.#blockSize = parseOptions(args, { min: 1, flags: ['v'] }).has('v');
  }

  protected async processPath(item: Item): Promise<void> {
    const { blockSize } = item.requireFile();
    const checksum = await item.fs.checksum(item.path);
    const text = checksum === undefined ? 'NONE' : `${checksum.algorithm}\t${checksum.bytes.toString('hex')}`;
    this.print(`${item.text}\t${text}${this.#blockSize ? `\tBlockSize=${blockSize}` : ''}`);
  }
}
