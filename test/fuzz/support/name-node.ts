// A NameNode in this process, on loopback and free ports, whose log only the watch reads.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Hdfs } from '../../../src/client/index.ts';
import { Configuration } from '../../../src/config/configuration.ts';
import type { Host } from '../../../src/host/host.ts';
import { nodeHost } from '../../../src/host/node/index.ts';
import { formatNameNode } from '../../../src/server/namenode/format.ts';
import { NameNode } from '../../../src/server/namenode/namenode.ts';
import type { Watch } from './watch.ts';

export function temporaryDirectory(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `fuzz-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function nameNodeConfiguration(directory: string, extra: Readonly<Record<string, string>> = {}): Configuration {
  return Configuration.of({
    'fs.defaultFS': 'hdfs://127.0.0.1:0',
    'dfs.namenode.rpc-address': '127.0.0.1:0',
    'dfs.namenode.http-address': '127.0.0.1:0',
    'dfs.namenode.name.dir': directory,
    'dfs.namenode.safemode.extension': '0',
    'dfs.namenode.safemode.threshold-pct': '0',
    'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
    // Free disk space of the machine that tests is not what is tested.
    'dfs.namenode.resource.du.reserved': '0',
    'dfs.replication': '1',
    // Lookups run a program; these users need none.
    'hadoop.user.group.static.mapping.overrides': 'mallory=;alice=users;root=supergroup',
    ...extra,
  });
}

export interface TestNameNode {
  readonly host: Host;
  readonly nameNode: NameNode;
  readonly port: number;
  readonly httpPort: number;
  readonly user: string;
  client(conf?: Readonly<Record<string, string>>): Promise<Hdfs>;
}

export async function startTestNameNode(configuration: Configuration, watch: Watch, format = true): Promise<TestNameNode> {
  const host = nodeHost({ logLevel: 'error', logWrite: watch.log });
  if (format) await formatNameNode(host, configuration, { force: true });
  const nameNode = new NameNode(host, configuration, { onFatal: watch.fatal });
  await nameNode.start();
  const { rpc, http } = nameNode.addresses;
  const user = host.machine.userName;
  return {
    host,
    nameNode,
    port: rpc.port,
    httpPort: http.port,
    user,
    client: (conf = {}) =>
      connect({
        uri: `hdfs://127.0.0.1:${rpc.port}`,
        configuration: configuration.with({ ...conf, 'dfs.client.read.shortcircuit': 'false' }),
        user,
        host,
      }),
  };
}
