// Changes of permission bits as `chmod` writes them. Apache: ChmodParser.

interface Change {
  /** Bits of one class, 0 to 7; for sticky 0 or 1. */
  mode: number;
  type: '+' | '-' | '=';
  /** X: only where it is a directory or somebody may run it. */
  capital: boolean;
}

export type ModeChange = (bits: number, isDirectory: boolean) => number;

/** The change that `mode` asks for (`755`, `u+x,g-w`); undefined for a text that is none. */
export function parseMode(mode: string): ModeChange | undefined {
  const changes = { user: none(), group: none(), others: none(), sticky: none() };
  // Alternatives one after another, each ended by a comma, white space or the end.
  const symbolic = /\s*([ugoa]*)([+=-]+)([rwxXt]+)([,\s]*)\s*/y;
  const octal = /^\s*\+?([01]?)([0-7])([0-7])([0-7])\s*$/.exec(mode);
  if (symbolic.test(mode)) {
    symbolic.lastIndex = 0;
    let comma = true;
    while (symbolic.lastIndex < mode.length) {
      const match: RegExpExecArray | null = comma ? symbolic.exec(mode) : null;
      if (match === null) return undefined;
      const [, who = '', types = '', what = '', end = '']: readonly string[] = match;
      const type = types.slice(-1) as Change['type'];
      const everyone = !/[ugo]/.test(who);
      const change = {
        mode: (what.includes('r') ? 4 : 0) | (what.includes('w') ? 2 : 0) | (/[xX]/.test(what) ? 1 : 0),
        type,
        capital: what.includes('X'),
      };
      if (everyone || who.includes('u')) changes.user = change;
      if (everyone || who.includes('g')) changes.group = change;
      if (everyone || who.includes('o')) {
        changes.others = change;
        changes.sticky = { mode: what.includes('t') ? 1 : 0, type, capital: false };
      }
      comma = end.includes(',');
    }
  } else if (octal !== null) {
    const digit = (index: number): Change => ({ mode: Number(octal[index]), type: '=', capital: false });
    changes.sticky = { mode: Number(octal[1] || 0), type: '=', capital: false };
    changes.user = digit(2);
    changes.group = digit(3);
    changes.others = digit(4);
  } else return undefined;
  return (bits, isDirectory) => {
    const mayRun = isDirectory || (bits & 0o111) !== 0;
    return (
      (apply(changes.sticky, bits >> 9, false) << 9) |
      (apply(changes.user, (bits >> 6) & 7, mayRun) << 6) |
      (apply(changes.group, (bits >> 3) & 7, mayRun) << 3) |
      apply(changes.others, bits & 7, mayRun)
    );
  };
}

const none = (): Change => ({ mode: 0, type: '+', capital: false });

function apply(change: Change, existing: number, mayRun: boolean): number {
  let mode = change.mode;
  if (change.type === '+') mode |= existing;
  else if (change.type === '-') mode = ~mode & existing;
  if (change.capital && !mayRun && mode & 1 && !(existing & 1)) mode &= ~1;
  return mode;
}
