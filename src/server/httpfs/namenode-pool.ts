// Connections to the NameNode, one for each user that asks: the RPC protocol ties a connection to its user.
import { callerName } from '../../client/caller.ts';
import { NameNode as NameNodeClient, type NameNodeOptions } from '../../client/namenode.ts';
import type { ClientSettings } from '../../client/settings.ts';
import type { Host } from '../../host/host.ts';

/** Users whose connections are kept. */
const MAX_USERS = 128;

interface Entry {
  readonly client: NameNodeClient;
  running: number;
}

/** HttpFS acts for others as the user that runs it, and for that one without a word. */
export function realUserFor(host: Host, user: string): string | undefined {
  const own = callerName(host);
  return user === own ? undefined : own;
}

export class NameNodePool {
  readonly #host: Host;
  readonly #service: Omit<NameNodeOptions, 'user'>;
  readonly #settings: ClientSettings;
  readonly #closing = new AbortController();
  /** The user who asked longest ago is first. */
  readonly #entries = new Map<string, Entry>();

  constructor(host: Host, service: Omit<NameNodeOptions, 'user'>, settings: ClientSettings) {
    this.#host = host;
    this.#service = service;
    this.#settings = settings;
  }

  /** Runs with the user's connection, which is not closed meanwhile. */
  async with<R>(user: string, run: (client: NameNodeClient) => Promise<R>): Promise<R> {
    let entry = this.#entries.get(user);
    this.#entries.delete(user);
    entry ??= {
      client: new NameNodeClient(
        this.#host,
        { ...this.#service, user, realUser: realUserFor(this.#host, user) },
        this.#settings,
        this.#closing.signal,
      ),
      running: 0,
    };
    this.#entries.set(user, entry);
    entry.running++;
    try {
      return await run(entry.client);
    } finally {
      entry.running--;
      this.#trim();
    }
  }

  #trim(): void {
    for (const [user, { client, running }] of this.#entries) {
      if (this.#entries.size <= MAX_USERS) return;
      if (running > 0) continue;
      this.#entries.delete(user);
      client.close();
    }
  }

  close(): void {
    this.#closing.abort();
    for (const { client } of this.#entries.values()) client.close();
    this.#entries.clear();
  }
}
