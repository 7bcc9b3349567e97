// Where the NameNode that serves has its web server.
import type { Configuration } from '../config/configuration.ts';
import { addressOf, clientNameNodes, formatHostPort, nameNodeConfiguration } from '../config/nameservices.ts';

/** `host:port`. */
export function webAddress(configuration: Configuration): string {
  const { nameservice, namenodes } = clientNameNodes(configuration);
  const [first] = namenodes;
  const own =
    nameservice === undefined
      ? configuration
      : nameNodeConfiguration(configuration, { nameservice, namenode: first?.namenode });
  const { host, port } = addressOf(own, 'dfs.namenode.http-address');
  const anywhere = host === '0.0.0.0' || host === '::';
  return formatHostPort({ host: anywhere ? (first?.host ?? host) : host, port });
}
