// Whom a program acts as, and the NameNode of its configuration that it asks.
import type { Configuration } from '../config/configuration.ts';
import { clientNameNodes } from '../config/nameservices.ts';
import type { Host } from '../host/host.ts';
import { NameNode } from './namenode.ts';
import { clientSettings } from './settings.ts';

/** HADOOP_USER_NAME, else the user that runs the process. */
export const callerName = (host: Host): string => host.machine.env('HADOOP_USER_NAME') ?? host.machine.userName;

/** For who needs nothing but calls: no leases, no DataNodes. Calls end with `closed`. */
export function configuredNameNode(
  host: Host,
  configuration: Configuration,
  user: string | undefined,
  closed: AbortSignal,
): NameNode {
  const { namenodes, nameservice } = clientNameNodes(configuration);
  const service = { addresses: namenodes, nameservice, user: user ?? callerName(host) };
  return new NameNode(host, service, clientSettings(configuration), closed);
}
