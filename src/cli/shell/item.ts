// A path as the user wrote it, with the file system it lies in and what was found there. Messages repeat the user's own
// text, so it is kept beside the absolute path. Apache: PathData.
import { rawPath } from '../../base/java-uri.ts';
import { absolutePath, nameOf, parentOf } from '../paths.ts';
import type { ShellFileSystem, ShellStat } from './file-system.ts';
import { isDirectory, isNotDirectory, notFound } from './path-errors.ts';

export interface SplitPath {
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string;
}

/** `scheme://authority/path`. A colon counts as a scheme's only in front of a slash, as in PathData. */
export function splitPath(text: string): SplitPath {
  const match = /^(?:([^:/]+):(?=\/))?(?:\/\/([^/]*))?(.*)$/s.exec(text);
  // `//x/y` without a scheme is a path with a doubled slash.
  if (match === null || (match[1] === undefined && match[2] !== undefined))
    return { scheme: undefined, authority: undefined, path: text };
  return { scheme: match[1], authority: match[2] === '' ? undefined : match[2], path: match[3] ?? '' };
}

export class Item {
  readonly fs: ShellFileSystem;
  /** As the user wrote it, or as it was found from that. */
  readonly text: string;
  /** Absolute and clean. */
  readonly path: string;
  stat: ShellStat | undefined;
  #sortKey: string | undefined;

  constructor(fs: ShellFileSystem, text: string, stat: ShellStat | undefined) {
    this.fs = fs;
    this.text = text;
    this.stat = stat;
    const { path } = splitPath(text);
    this.path = absolutePath(path, fs.workingDirectory);
  }

  toString(): string {
    return this.text;
  }

  get qualified(): string {
    return this.fs.qualify(this.path);
  }

  /** As Hadoop's shell prints a place that is not there. */
  get uri(): string {
    const { scheme, path: given } = splitPath(this.text);
    // Of an address Hadoop keeps a slash at its end.
    const end = scheme !== undefined && given.endsWith('/') && this.path !== '/' ? '/' : '';
    const path = `${rawPath(this.path)}${end}`;
    return this.fs.local ? `file://${path}` : this.fs.qualify(path);
  }

  /** Kept, since a sort asks for it often. */
  get sortKey(): string {
    this.#sortKey ??= rawPath(this.path);
    return this.#sortKey;
  }

  get name(): string {
    return nameOf(this.path);
  }

  /** Throws when it does not exist. */
  get found(): ShellStat {
    if (this.stat === undefined) throw notFound(this.text);
    return this.stat;
  }

  async refresh(): Promise<ShellStat> {
    this.stat = await this.fs.stat(this.path);
    return this.found;
  }

  /** Whether its text alone says that it is a directory: `x/`, `.`, `..`. */
  get looksLikeDirectory(): boolean {
    const name = nameOf(splitPath(this.text).path);
    return name === '' || name === '.' || name === '..';
  }

  async parentExists(): Promise<boolean> {
    if (this.looksLikeDirectory) return (await this.fs.stat(this.path)) !== undefined;
    const parent = parentOf(this.path);
    return parent === undefined || (await this.fs.stat(parent)) !== undefined;
  }

  /** Text of an entry of this directory. */
  childText(name: string): string {
    if (this.text === '.') return name;
    return `${this.text}${splitPath(this.text).path.endsWith('/') ? '' : '/'}${name}`;
  }

  /** The entry `name` of this directory, as it is now. */
  async child(name: string): Promise<Item> {
    if (this.found.isDirectory !== true) throw isNotDirectory(this.text);
    const item = new Item(this.fs, this.childText(name), undefined);
    item.stat = await this.fs.stat(item.path);
    return item;
  }

  suffix(extension: string): Promise<Item> {
    return Item.of(this.fs, `${this.text}${extension}`);
  }

  async *children(): AsyncGenerator<Item, void, undefined> {
    if (!this.found.isDirectory) throw isNotDirectory(this.text);
    for await (const { name, stat } of this.fs.list(this.path)) yield new Item(this.fs, this.childText(name), stat);
  }

  requireFile(): ShellStat {
    const stat = this.found;
    if (stat.isDirectory) throw isDirectory(this.text);
    return stat;
  }

  static async of(fs: ShellFileSystem, text: string): Promise<Item> {
    const item = new Item(fs, text, undefined);
    item.stat = await fs.stat(item.path);
    return item;
  }
}

/** By path as Java's URI has it, and as Java compares strings: by UTF-16 units, which is also what `<` does here. */
export function byPath(a: Item, b: Item): number {
  const [first, second] = [a.sortKey, b.sortKey];
  return first < second ? -1 : first > second ? 1 : 0;
}
