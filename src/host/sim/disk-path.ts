// Paths on simulated disks.

/** The directory's names of an absolute path, and its own; none for the root. */
export function placeOf(path: string): { readonly parents: readonly string[]; readonly name: string | undefined } {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  // Files come and go, directories stay: theirs are known, and only they are kept.
  if (slash >= 0 && name !== '' && name !== '.' && name !== '..') return { parents: partsOf(path.slice(0, slash)), name };
  const parts = partsOf(path);
  return { parents: parts.slice(0, -1), name: parts.at(-1) };
}

/** Paths of directories come again and again. */
const knownParts = new Map<string, readonly string[]>();
const MAX_KNOWN_PATHS = 4096;

/** Names along an absolute path, with `.` and `..` resolved; a relative one begins at the root. */
export function partsOf(path: string): readonly string[] {
  const known = knownParts.get(path);
  if (known !== undefined) return known;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  if (knownParts.size >= MAX_KNOWN_PATHS) knownParts.clear();
  knownParts.set(path, parts);
  return parts;
}
