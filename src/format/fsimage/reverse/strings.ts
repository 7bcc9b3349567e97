// The string table of an image made from XML: one row of numbers for users, groups and names of attributes alike, from 0 on,
// as Hadoop's own tool makes it. What a NameNode saves (SavedStrings) keeps a row for each kind.
import { ProtocolError } from '../../../base/errors.ts';
import { inHashOrder } from '../../../base/java-hash-map.ts';

/** Room for a number in permissions, entries of ACLs and names of attributes. */
const MAX_STRINGS = 2 ** 24;

export class ReversedStrings {
  readonly #ids = new Map<string, number>();

  /** The number of a text, a new one where it has none. */
  id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    if (id >= MAX_STRINGS) throw new ProtocolError(`an image has no room for more than ${MAX_STRINGS} names`);
    this.#ids.set(text, id);
    return id;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** In the order in which Hadoop's tool writes them. */
  entries(): readonly { readonly id: number; readonly str: string }[] {
    return inHashOrder([...this.#ids.keys()]).map((str) => ({ id: this.#ids.get(str) ?? 0, str }));
  }
}
