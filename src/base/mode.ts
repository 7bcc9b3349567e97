// Permission bits as text. Apache: FsPermission.toString.

/** Three bits: rwx, with a dash for each that is not set. */
export function formatAction(bits: number): string {
  return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'x' : '-'}`;
}

/** rwxr-xr-x, with t or T for the sticky bit. */
export function formatPermission(bits: number): string {
  const text = formatAction(bits >> 6) + formatAction(bits >> 3) + formatAction(bits);
  return bits & 0o1000 ? `${text.slice(0, 8)}${bits & 1 ? 't' : 'T'}` : text;
}
