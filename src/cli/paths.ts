// Paths as texts: normal form, parts, and the way from one directory to another. Pure.

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const joinPath = (directory: string, name: string): string => (directory === '/' ? `/${name}` : `${directory}/${name}`);

/** `/` has no parent. */
export function parentOf(path: string): string | undefined {
  if (path === '/') return undefined;
  const at = path.lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
}

/** An absolute path without `.`, `..`, doubled and trailing slashes. `path` may be relative to `directory`. */
export function absolutePath(path: string, directory: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${directory}/${path}`).split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** A path relative to `directory`, with `..` where it lies outside. Apache: PathData.relativize. */
export function relativePath(directory: string, path: string, isDirectory: boolean): string {
  if (directory === path) return '.';
  const from = directory.endsWith('/') ? directory : `${directory}/`;
  const to = isDirectory && !path.endsWith('/') ? `${path}/` : path;
  let last = -1;
  for (let i = 0; i < Math.min(from.length, to.length) && from[i] === to[i]; i++) if (from[i] === '/') last = i;
  let relative = last < path.length ? path.slice(last + 1) : '';
  if (last < directory.length) {
    for (let at = last; at !== -1; at = directory.indexOf('/', at + 1)) {
      relative = relative === '' ? '..' : `../${relative}`;
    }
  }
  return relative;
}
