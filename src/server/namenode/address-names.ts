// Whether the address that a DataNode registers from has a name: one that has none is refused, since looking for it again and
// again would slow everything down (dfs.namenode.datanode.registration.ip-hostname-check). Apache: DatanodeManager.isNameResolved.
import type { Host } from '../../host/host.ts';

/** As long an address is known to have a name; that it has none is not remembered. */
const REMEMBERED_MS = 600_000;
const MAX_REMEMBERED = 100_000;
const LOOPBACK = /^(?:127\.|::1$)/;

export class AddressNames {
  readonly #host: Pick<Host, 'dns' | 'machine' | 'clock'>;
  /** Until when each is believed to have a name. */
  readonly #named = new Map<string, number>();
  /** One look-up at a time: a name server that hangs takes no more of the system's threads. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: Pick<Host, 'dns' | 'machine' | 'clock'>) {
    this.#host = host;
  }

  /** The machine's own addresses need none. */
  isNamed(address: string): Promise<boolean> {
    const { machine, clock } = this.#host;
    const isOwn = LOOPBACK.test(address) || Object.values(machine.networkInterfaces()).some((own) => own.includes(address));
    if (isOwn || (this.#named.get(address) ?? 0) > clock.monotonic()) return Promise.resolve(true);
    const lookup = this.#last.then(() => this.#lookUp(address));
    this.#last = lookup;
    return lookup;
  }

  async #lookUp(address: string): Promise<boolean> {
    const { dns, clock } = this.#host;
    if ((await dns.reverse(address)) === undefined) return false;
    if (this.#named.size >= MAX_REMEMBERED) this.#named.clear();
    this.#named.set(address, clock.monotonic() + REMEMBERED_MS);
    return true;
  }
}
