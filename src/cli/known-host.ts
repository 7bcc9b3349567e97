// Whether the NameNode that a command is to ask has an address at all. Hadoop's clients look its name up when they are made, and
// take an unknown one for a wrong word rather than for a NameNode out of reach. Those of a nameservice are looked up later.
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from '../config/configuration.ts';
import { clientNameNodes } from '../config/nameservices.ts';
import type { Host } from '../host/host.ts';

/** Rejects with EILLEGAL for an unknown name. `uri`: fs.defaultFS without one. */
export async function requireKnownHost(host: Host, configuration: Configuration, uri?: string): Promise<void> {
  const { nameservice, namenodes } = clientNameNodes(configuration, uri);
  if (nameservice !== undefined) return;
  for (const { host: name } of namenodes) {
    try {
      await host.dns.lookup(name);
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      throw new HdfsError('EILLEGAL', `java.net.UnknownHostException: ${name}`, { cause: error });
    }
  }
}
