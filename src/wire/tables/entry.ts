// What a line of the tables says. The tables list everything Hadoop has, once: built, or refused with the reason that a
// caller is told. Tests hold them against Hadoop's own lists; COMPATIBILITY.md is made from them.

/** `true`: built. A text: refused, and why. */
export type Entry = true | { readonly refused: string };

export const refused = (reason: string): Entry => ({ refused: reason });

export type EntryTable = Readonly<Record<string, Entry>>;

/** Reasons of the refused lines of a table, by name. */
export function refusals(table: EntryTable): Readonly<Record<string, string>> {
  const reasons: Record<string, string> = {};
  for (const [name, entry] of Object.entries(table)) if (entry !== true) reasons[name] = entry.refused;
  return reasons;
}

export function isBuilt(table: EntryTable, name: string): boolean {
  return Object.hasOwn(table, name) && table[name] === true;
}
