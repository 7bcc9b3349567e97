// A list of machines as Hadoop's keys give it: addresses, names, ranges of IPv4 addresses (10.0.0.0/8), or * for all.
// Names are looked up once, when the list is read. Apache: MachineList.
import { HdfsError, messageOf } from '../base/errors.ts';
import type { Host } from '../host/host.ts';

interface Range {
  readonly first: number;
  readonly last: number;
}

const ADDRESS = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** An IPv4 address as a number; undefined for anything else. */
function ipv4(text: string): number | undefined {
  const bytes = ADDRESS.exec(text)?.slice(1).map(Number);
  if (bytes === undefined || bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

function rangeOf(text: string): Range {
  const [address = '', length = ''] = text.split('/');
  const start = ipv4(address);
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : 33;
  if (start === undefined || bits > 32) throw new HdfsError('EILLEGAL', `Could not parse [${text}]`);
  const size = 2 ** (32 - bits);
  const first = Math.floor(start / size) * size;
  return { first, last: first + size - 1 };
}

export class MachineList {
  readonly #all: boolean;
  readonly #addresses: ReadonlySet<string>;
  readonly #ranges: readonly Range[];

  private constructor(all: boolean, addresses: ReadonlySet<string>, ranges: readonly Range[]) {
    this.#all = all;
    this.#addresses = addresses;
    this.#ranges = ranges;
  }

  /** Throws HdfsError EILLEGAL for a range that is none; a name that is not found is passed over. */
  static async read(host: Pick<Host, 'dns' | 'log'>, text: string): Promise<MachineList> {
    const entries = text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    if (entries.length === 1 && entries[0] === '*') return new MachineList(true, new Set(), []);
    const addresses = new Set<string>();
    const ranges: Range[] = [];
    for (const entry of entries) {
      if (entry.includes('/')) ranges.push(rangeOf(entry));
      else if (ipv4(entry) !== undefined) addresses.add(entry);
      else {
        try {
          for (const address of await host.dns.lookup(entry)) addresses.add(address);
        } catch (error) {
          host.log.log('warn', 'machines', `${entry} is not found: ${messageOf(error)}`);
        }
      }
    }
    return new MachineList(false, addresses, ranges);
  }

  includes(address: string): boolean {
    if (this.#all || this.#addresses.has(address)) return true;
    const number = ipv4(address);
    return number !== undefined && this.#ranges.some(({ first, last }) => number >= first && number <= last);
  }
}
