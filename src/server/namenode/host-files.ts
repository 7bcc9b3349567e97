// Reads the lists of DataNodes from their files (`dfs.hosts`, `dfs.hosts.exclude`, or the one JSON file of
// CombinedHostFileManager) and resolves the names in them. What the lists mean is core/blocks/admin/host-lists.ts.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import {
  combinedHostLists,
  type HostLists,
  type NamedHost,
  parseCombinedHostsFile,
  parseHostEntry,
  parseHostsFile,
  plainHostLists,
} from '../../core/blocks/admin/host-lists.ts';
import type { Host } from '../../host/host.ts';

const PLAIN = 'org.apache.hadoop.hdfs.server.blockmanagement.HostFileManager';
const COMBINED = 'org.apache.hadoop.hdfs.server.blockmanagement.CombinedHostFileManager';
/** Names asked for at once. */
const LOOKUPS_AT_ONCE = 64;

interface Names {
  readonly included: string | undefined;
  readonly excluded: string | undefined;
  readonly combined: boolean;
}

function namesIn(configuration: Configuration): Names {
  const key = 'dfs.namenode.hosts.provider.classname';
  const provider = configuration.require(key);
  if (provider !== PLAIN && provider !== COMBINED) {
    throw new HdfsError('EINVAL', `${key} is ${provider}: no such provider is known. Known: ${PLAIN}, ${COMBINED}`);
  }
  return {
    included: configuration.get('dfs.hosts') || undefined,
    excluded: configuration.get('dfs.hosts.exclude') || undefined,
    combined: provider === COMBINED,
  };
}

export class HostFiles {
  private readonly host: Host;
  private readonly atStart: Names;
  private readonly reload: (() => Promise<Configuration>) | undefined;

  /** `reload` reads the configuration again. Throws HdfsError EINVAL for a provider that is not known. */
  constructor(host: Host, configuration: Configuration, reload?: () => Promise<Configuration>) {
    this.host = host;
    this.atStart = namesIn(configuration);
    this.reload = reload;
  }

  /** The lists as they are now. Rejects with HdfsError when a file cannot be read or understood. */
  async refreshed(): Promise<HostLists> {
    return this.read(this.reload === undefined ? this.atStart : namesIn(await this.reload()));
  }

  /** Names without an address are passed over. */
  private async read({ included, excluded, combined }: Names): Promise<HostLists> {
    if (!combined) return plainHostLists(await this.plain('included', included), await this.plain('excluded', excluded));
    if (included === undefined) return combinedHostLists([]);
    const properties = parseCombinedHostsFile(await this.text(included));
    if (properties.length === 0) this.warn(`${included} is empty`);
    return combinedHostLists(await this.resolve(included, properties));
  }

  /** As at the start: what cannot be read is said, and stands for no lists. */
  async readOrNone(): Promise<HostLists> {
    try {
      return await this.read(this.atStart);
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      this.host.log.log('error', 'datanodes', `error reading hosts files: ${error.message}`);
      return plainHostLists([], []);
    }
  }

  private async plain(kind: string, path: string | undefined): Promise<(NamedHost & { readonly address: string })[]> {
    if (path === undefined) return [];
    const hosts = parseHostsFile(await this.text(path)).flatMap((entry) => {
      const host = parseHostEntry(entry);
      if (host === undefined) this.warn(`Failed to parse \`${entry}\` in \`${path}\`. Ignoring in the ${kind} list.`);
      return host ?? [];
    });
    return this.resolve(path, hosts);
  }

  private async text(path: string): Promise<string> {
    try {
      return (await this.host.disk.readFile(path)).toString('utf8');
    } catch (error) {
      throw new HdfsError('EIO', `cannot read the host file ${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  private async resolve<H extends NamedHost>(path: string, hosts: readonly H[]): Promise<(H & { readonly address: string })[]> {
    const resolved: (H & { readonly address: string })[] = [];
    for (let from = 0; from < hosts.length; from += LOOKUPS_AT_ONCE) {
      const some = hosts.slice(from, from + LOOKUPS_AT_ONCE);
      const addresses = await Promise.all(some.map(({ hostName }) => this.addressOf(path, hostName)));
      for (const [index, host] of some.entries()) {
        const address = addresses[index];
        if (address !== undefined) resolved.push({ ...host, address });
      }
    }
    return resolved;
  }

  private async addressOf(path: string, hostName: string): Promise<string | undefined> {
    try {
      return (await this.host.dns.lookup(hostName))[0];
    } catch (error) {
      this.warn(`Failed to resolve address \`${hostName}\` in \`${path}\`: ${messageOf(error)}. Ignoring it.`);
      return undefined;
    }
  }

  private warn(message: string): void {
    this.host.log.log('warn', 'datanodes', message);
  }
}
