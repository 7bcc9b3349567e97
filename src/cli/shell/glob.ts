// Patterns of paths: `*`, `?`, `[a-z]`, `[^x]`, `{a,b}` and `\` in front of any of them. Apache: Globber, GlobPattern,
// GlobExpander.
import { HdfsError } from '../../base/errors.ts';
import { compileName, withoutEscapes } from '../../base/name-pattern.ts';
import { absolutePath, joinPath, relativePath } from '../paths.ts';
import type { ShellEntry, ShellFileSystem, ShellStat } from './file-system.ts';
import { byPath, Item, splitPath } from './item.ts';
import { emptyPath } from './path-errors.ts';

/** Alternatives that braces may multiply to. */
const MAX_EXPANDED = 10_000;

/** Braces that hold a slash become several patterns. */
export function expandBraces(pattern: string): readonly string[] {
  const done: string[] = [];
  const pending = [pattern];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const alternatives = expandFirst(next);
    if (alternatives === undefined) done.push(next);
    else pending.unshift(...alternatives);
    if (done.length + pending.length > MAX_EXPANDED) {
      throw new HdfsError('EINVAL', `${pattern} stands for more than ${MAX_EXPANDED} patterns`);
    }
  }
  return done;
}

/** The pattern with the alternatives of its first outer brace that holds a slash; undefined when it has none. */
function expandFirst(pattern: string): readonly string[] | undefined {
  for (let start = 0; start < pattern.length; start++) {
    if (pattern[start] === '\\') {
      if (++start >= pattern.length) {
        const text = `Illegal file pattern: An escaped character does not present for glob ${pattern} at ${start}`;
        throw new HdfsError('EIO', text, { path: pattern });
      }
      continue;
    }
    if (pattern[start] !== '{') continue;
    let depth = 0;
    let slash = false;
    const cuts = [start];
    for (let i = start; i < pattern.length; i++) {
      const c = pattern[i];
      if (c === '\\') i++;
      else if (c === '{') depth++;
      else if (c === '/') slash = true;
      else if (c === ',' && depth === 1) cuts.push(i);
      else if (c === '}' && --depth === 0) {
        if (!slash) {
          start = i;
          break;
        }
        cuts.push(i);
        const alternatives: string[] = [];
        for (let cut = 0; cut + 1 < cuts.length; cut++) {
          const inner = pattern.slice((cuts[cut] ?? 0) + 1, cuts[cut + 1]);
          alternatives.push(pattern.slice(0, start) + inner + pattern.slice(i + 1));
        }
        return alternatives;
      }
    }
  }
  return undefined;
}

interface Match {
  readonly path: string;
  readonly stat: ShellStat;
}

/** Nothing of a directory that is not there; below a file it fails, as Hadoop's listing does. */
async function* entriesOf(fs: ShellFileSystem, path: string): AsyncIterable<ShellEntry> {
  try {
    yield* fs.list(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

async function matchesOf(fs: ShellFileSystem, pattern: string): Promise<{ found: Match[]; wildcard: boolean }> {
  const components = absolutePath(pattern === '' ? '.' : pattern, fs.workingDirectory)
    .split('/')
    .filter((part) => part !== '');
  let wildcard = false;
  if (components.length === 0) {
    const stat = await fs.stat('/');
    return { found: stat === undefined ? [] : [{ path: '/', stat }], wildcard };
  }
  let candidates = ['/'];
  const found: Match[] = [];
  for (const [index, component] of components.entries()) {
    const last = index === components.length - 1;
    const name = compileName(component);
    wildcard ||= name.hasWildcard;
    // What comes behind is not even looked at.
    if (wildcard && candidates.length === 0) break;
    const next: string[] = [];
    for (const candidate of candidates) {
      if (!name.hasWildcard) {
        const path = joinPath(candidate, withoutEscapes(component));
        if (!last) {
          next.push(path);
          continue;
        }
        const stat = await fs.stat(path);
        if (stat !== undefined) found.push({ path, stat });
        continue;
      }
      const directory = await fs.stat(candidate);
      if (directory?.isDirectory === false) continue;
      for await (const entry of entriesOf(fs, candidate)) {
        if (!name.matches(entry.name)) continue;
        const path = joinPath(candidate, entry.name);
        if (last) found.push({ path, stat: entry.stat });
        else if (entry.stat.isDirectory) next.push(path);
      }
    }
    candidates = next;
  }
  return { found, wildcard };
}

/**
 * The items that an argument means. An argument without wildcards that does not exist gives one item without a stat; a
 * pattern that matches nothing gives none.
 */
export async function expandGlob(fs: ShellFileSystem, text: string): Promise<Item[]> {
  if (text === '') throw emptyPath();
  const { scheme, authority, path } = splitPath(text);
  const patterns = expandBraces(path);
  const found: Match[] = [];
  let wildcard = false;
  for (const pattern of patterns) {
    const matched = await matchesOf(fs, pattern);
    found.push(...matched.found);
    wildcard ||= matched.wildcard;
  }
  if (!wildcard && found.length === 0 && patterns.length <= 1) return [new Item(fs, withoutEscapes(text), undefined)];
  const items = found.map((match) => {
    if (scheme !== undefined) {
      const prefix = `${scheme}://${authority ?? ''}`;
      return new Item(fs, `${prefix}${match.path}`, match.stat);
    }
    if (path.startsWith('/')) return new Item(fs, match.path, match.stat);
    return new Item(fs, relativePath(fs.workingDirectory, match.path, match.stat.isDirectory), match.stat);
  });
  return items.sort(byPath);
}
