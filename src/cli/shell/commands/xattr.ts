// getfattr and setfattr. Apache: XAttrCommands.

import { HdfsError } from '../../../base/errors.ts';
import { inHashOrder } from '../../../base/java-hash-map.ts';
import { decodeXattrValue, encodeXattrValue, XATTR_ENCODINGS, type XattrEncoding } from '../../../base/xattr-value.ts';
import type { Xattrs } from '../../../client/index.ts';
import { checkXattrName } from '../../../client/xattr.ts';
import { Command } from '../command.ts';
import { UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';

/** The attributes of an item's file system. */
export function xattrsOf(item: Item, operation: string): Xattrs {
  const { xattr } = item.fs;
  if (xattr === undefined) throw new HdfsError('EUNSUPPORTED', `RawLocalFileSystem doesn't support ${operation}`);
  return xattr;
}

/** Where an option stands, in front of any `--`; -1 when it does not. */
function find(args: readonly string[], option: string): number {
  const end = args.indexOf('--');
  const at = args.indexOf(option);
  return end >= 0 && at > end ? -1 : at;
}

/** Takes an option out, wherever it stands. */
function popFlag(args: string[], option: string): boolean {
  const at = find(args, option);
  if (at < 0) return false;
  args.splice(at, 1);
  return true;
}

function popValue(args: string[], option: string): string | undefined {
  const at = find(args, option);
  if (at < 0) return undefined;
  const [, value] = args.splice(at, 2);
  if (value === undefined) throw new UsageError(`option ${option} requires 1 argument.`);
  return value;
}

function takePath(args: readonly string[]): void {
  if (args.length === 0) throw new UsageError('<path> is missing.');
  if (args.length > 1) throw new UsageError('Too many arguments.');
}

/** A name that is none is wrong usage, found out when the first path is there. */
function checkName(name: string): void {
  try {
    checkXattrName(name);
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EINVAL') throw new UsageError(error.message);
    throw error;
  }
}

export class GetFattr extends Command {
  #name: string | undefined;
  #encoding: XattrEncoding = 'text';

  protected processOptions(args: string[]): void {
    const name = popValue(args, '-n');
    const wanted = popValue(args, '-e');
    if (wanted !== undefined) {
      const encoding = XATTR_ENCODINGS.find((each) => each === wanted.toLowerCase());
      if (encoding === undefined) throw new UsageError(`Invalid/unsupported encoding option specified: ${wanted}`);
      this.#encoding = encoding;
    }
    this.recursive = popFlag(args, '-R');
    const dump = popFlag(args, '-d');
    if (!dump && name === undefined) throw new UsageError("Must specify '-n name' or '-d' option.");
    takePath(args);
    this.#name = dump ? undefined : name;
  }

  protected async processPath(item: Item): Promise<void> {
    this.print(`# file: ${item.text}`);
    const name = this.#name;
    if (name !== undefined) {
      checkName(name);
      this.#show(name, await xattrsOf(item, 'getXAttr').get(item.path, name));
      return;
    }
    const all = await xattrsOf(item, 'getXAttrs').getAll(item.path);
    for (const each of inHashOrder([...all.keys()])) this.#show(each, all.get(each) ?? Buffer.alloc(0));
  }

  #show(name: string, value: Buffer): void {
    this.print(value.length === 0 ? name : `${name}=${encodeXattrValue(value, this.#encoding)}`);
  }
}

export class SetFattr extends Command {
  #set: string | undefined;
  #value: Buffer | undefined;
  #remove: string | undefined;

  protected processOptions(args: string[]): void {
    this.#set = popValue(args, '-n');
    const text = popValue(args, '-v');
    if (text !== undefined) {
      const value = decodeXattrValue(text);
      if ('wrong' in value) throw new HdfsError('EIO', value.wrong);
      this.#value = value;
    }
    this.#remove = popValue(args, '-x');
    if (this.#set !== undefined && this.#remove !== undefined) {
      throw new UsageError("Can not specify both '-n name' and '-x name' option.");
    }
    if (this.#set === undefined && this.#remove === undefined) {
      throw new UsageError("Must specify '-n name' or '-x name' option.");
    }
    takePath(args);
  }

  protected async processPath(item: Item): Promise<void> {
    if (this.#set !== undefined) {
      checkName(this.#set);
      await xattrsOf(item, 'setXAttr').set(item.path, this.#set, this.#value);
    } else if (this.#remove !== undefined) {
      checkName(this.#remove);
      await xattrsOf(item, 'removeXAttr').remove(item.path, this.#remove);
    }
  }
}
