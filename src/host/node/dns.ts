// Names and addresses through the system's resolver, so that /etc/hosts counts as it does for Java.
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { HdfsError } from '../../base/errors.ts';
import type { Dns } from '../host.ts';

async function reverseBy(server: string, address: string): Promise<string | undefined> {
  const resolver = new dns.Resolver();
  const servers = isIP(server) === 0 ? [(await dns.lookup(server)).address] : [server];
  resolver.setServers(servers);
  return (await resolver.reverse(address))[0];
}

export const nodeDns: Dns = {
  async lookup(host) {
    if (isIP(host) !== 0) return [host];
    try {
      const found = await dns.lookup(host, { all: true, verbatim: true });
      const ordered = [...found].sort((a, b) => a.family - b.family);
      return [...new Set(ordered.map((entry) => entry.address))];
    } catch (cause) {
      throw new HdfsError('ENOENT', `unknown host: ${host}`, { cause });
    }
  },
  async reverse(address, server) {
    if (isIP(address) === 0) return undefined;
    try {
      if (server !== undefined) return await reverseBy(server, address);
      const { hostname } = await dns.lookupService(address, 0);
      return hostname === address ? undefined : hostname;
    } catch {
      return undefined; // an address without a name is not an error
    }
  },
};
