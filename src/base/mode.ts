// Permission bits as text. Apache: FsPermission.toString.

/** Three bits: rwx, with a dash for each that is not set. */
export function formatAction(bits: number): string {
  return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'x' : '-'}`;
}

/** The three bits; undefined for another text. */
export function parseAction(text: string): number | undefined {
  if (!/^[r-][w-][x-]$/.test(text)) return undefined;
  return (text[0] === 'r' ? 4 : 0) + (text[1] === 'w' ? 2 : 0) + (text[2] === 'x' ? 1 : 0);
}

/** rwxr-xr-x, with t or T for the sticky bit. */
export function formatPermission(bits: number): string {
  const text = formatAction(bits >> 6) + formatAction(bits >> 3) + formatAction(bits);
  return bits & 0o1000 ? `${text.slice(0, 8)}${bits & 1 ? 't' : 'T'}` : text;
}

/** Octal digits, as Hadoop takes them for the mode of a directory: 700, 0750, 1777. Undefined for another text. */
export function parseMode(text: string): number | undefined {
  return /^\+?[01]?[0-7]{3}$/.test(text) ? Number.parseInt(text.replace('+', ''), 8) : undefined;
}
