// The name that a node registers with where no file says it: what the system calls the machine, or what a name server calls the
// address of one interface. Apache: DataNode.getHostName, DNS.getDefaultHost.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';

export interface Naming {
  /** Undefined: the machine's own name counts. */
  readonly networkInterface: string | undefined;
  /** Undefined: the system's. */
  readonly nameServer: string | undefined;
  /** Whether the system is asked where the name server does not know. */
  readonly fallsBack: boolean;
}

const named = (text: string | undefined): string | undefined => (text && text !== 'default' ? text : undefined);

/** The keys of daemons in general stand above those of DataNodes, which are older. */
export function readNaming(configuration: Configuration): Naming {
  const isGeneral = configuration.get('hadoop.security.dns.interface') !== undefined;
  const [networkInterface, nameServer] = isGeneral
    ? [configuration.get('hadoop.security.dns.interface'), configuration.get('hadoop.security.dns.nameserver')]
    : [configuration.get('dfs.datanode.dns.interface'), configuration.get('dfs.datanode.dns.nameserver')];
  return { networkInterface: named(networkInterface), nameServer: named(nameServer), fallsBack: isGeneral };
}

/** Rejects with HdfsError ENOENT where there is no such interface. */
export async function ownName({ dns, machine, log }: Host, naming: Naming): Promise<string> {
  const { networkInterface, nameServer, fallsBack } = naming;
  if (networkInterface === undefined) return machine.hostName;
  const interfaces = machine.networkInterfaces();
  const addresses = Object.hasOwn(interfaces, networkInterface) ? interfaces[networkInterface] : undefined;
  if (addresses === undefined) throw new HdfsError('ENOENT', `No such interface ${networkInterface}`);
  for (const address of addresses) {
    const name = (await dns.reverse(address, nameServer)) ?? (fallsBack ? await dns.reverse(address) : undefined);
    if (name !== undefined) return name.replace(/\.$/, '');
  }
  log.log('warn', 'datanode', `no name is known for the interface ${networkInterface}; ${machine.hostName} is taken`);
  return machine.hostName;
}
