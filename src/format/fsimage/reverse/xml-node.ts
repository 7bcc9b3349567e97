// What stands below one element of an image's XML, taken out piece by piece: what is left over in the end is unknown, and
// an error. Apache: OfflineImageReconstructor.Node.
import { ProtocolError } from '../../../base/errors.ts';

const INT_LIMIT = 2n ** 31n;
const LONG_LIMIT = 2n ** 63n;

export class XmlNode {
  readonly name: string;
  text: string;
  #children: Map<string, XmlNode[]> | undefined;

  constructor(name: string, text = '') {
    this.name = name;
    this.text = text;
  }

  add(child: XmlNode): void {
    this.#children ??= new Map();
    const others = this.#children.get(child.name);
    if (others === undefined) this.#children.set(child.name, [child]);
    else others.push(child);
  }

  /** All of that name, in their order. */
  takeAll(name: string): readonly XmlNode[] {
    const found = this.#children?.get(name) ?? [];
    this.#children?.delete(name);
    return found;
  }

  /** The first of that name; a second one stays, and is left over. */
  take(name: string): XmlNode | undefined {
    const found = this.#children?.get(name);
    if (found === undefined || found.length <= 1) this.#children?.delete(name);
    return found?.shift();
  }

  need(name: string): XmlNode {
    const found = this.take(name);
    if (found === undefined) throw new ProtocolError(`<${this.name}> is missing <${name}>`);
    return found;
  }

  /** Whether there is an element of that name, which has no text. */
  takeFlag(name: string): boolean {
    return this.take(name) !== undefined;
  }

  takeText(name: string): string | undefined {
    return this.take(name)?.leaf();
  }

  needText(name: string): string {
    return this.need(name).leaf();
  }

  takeInt(name: string): number | undefined {
    return this.take(name)?.int();
  }

  needInt(name: string): number {
    return this.need(name).int();
  }

  /** Beyond 2^53 the nearest number, as messages carry it. */
  takeLong(name: string): number | undefined {
    const value = this.takeBig(name);
    return value === undefined ? undefined : Number(value);
  }

  needLong(name: string): number {
    return Number(this.need(name).big());
  }

  takeBig(name: string): bigint | undefined {
    return this.take(name)?.big();
  }

  leaf(): string {
    if (this.#children !== undefined && this.#children.size > 0) {
      throw new ProtocolError(`<${this.name}> holds elements, where a value is expected`);
    }
    return this.text;
  }

  int(): number {
    return Number(this.#whole(INT_LIMIT));
  }

  big(): bigint {
    return this.#whole(LONG_LIMIT);
  }

  #whole(limit: bigint): bigint {
    const text = this.leaf();
    const value = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
    if (value === undefined || value >= limit || value < -limit)
      throw new ProtocolError(`<${this.name}>: ${text} is no number`);
    return value;
  }

  /** Throws when something is left. */
  finish(): void {
    const left = [...(this.#children?.keys() ?? [])];
    if (left.length > 0) throw new ProtocolError(`Found unknown XML keys in ${this.name}: ${left.join(', ')}`);
  }
}
