// Which NameNode a WebHDFS request is about. A NameNode names itself in the address that it sends a client to; a client could
// name any other there, and have this node connect to it: only the NameNodes of the configuration are taken.
import { HdfsError } from '../../../base/errors.ts';
import { formatHostPort, type NameNodeAddress, type Nameservice, parseHostPort } from '../../../config/nameservices.ts';
import type { Dns } from '../../../host/host.ts';

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

async function addressesOf(dns: Dns, host: string): Promise<readonly string[]> {
  try {
    return await dns.lookup(host);
  } catch (error) {
    if (error instanceof HdfsError) return [];
    throw error;
  }
}

/** `hdfs://…` of the NameNode that `named` means; of the only one when nothing is named. Throws HdfsError EIO. */
export async function nameNodeUri(named: string | undefined, services: readonly Nameservice[], dns: Dns): Promise<string> {
  const uriOf = (service: Nameservice, node: NameNodeAddress): string =>
    `hdfs://${service.nameservice !== undefined && service.namenodes.length > 1 ? service.nameservice : formatHostPort(node)}`;
  const all = services.flatMap((service) => service.namenodes.map((node) => ({ service, node })));
  if (named === undefined || named === '') {
    const [only, more] = services;
    const node = only?.namenodes[0];
    if (only !== undefined && node !== undefined && more === undefined) return uriOf(only, node);
    throw new HdfsError('EIO', 'namenoderpcaddress is not given');
  }
  if (services.some(({ nameservice }) => nameservice === named)) return `hdfs://${named}`;
  const { host, port } = parseHostPort(named, 'namenoderpcaddress', 8020);
  const exact = all.find(({ node }) => node.port === port && sameName(node.host, host));
  if (exact !== undefined) return uriOf(exact.service, exact.node);
  // Another name of one of them.
  const wanted = await addressesOf(dns, host);
  for (const { service, node } of all) {
    if (node.port !== port) continue;
    const known = await addressesOf(dns, node.host);
    if (wanted.some((address) => known.includes(address))) return uriOf(service, node);
  }
  throw new HdfsError('EIO', `namenoderpcaddress ${named} is no NameNode of this DataNode`);
}
