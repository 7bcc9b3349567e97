// A whole cluster in one process, for development and tests: one NameNode and some DataNodes on loopback, with data that
// outlives restarts. `tuskfs dev` prints what this answers.
import { HdfsError, messageOf } from '../base/errors.ts';
import { Configuration } from '../config/configuration.ts';
import { environmentOf } from '../config/load.ts';
import { formatConfigurationXml } from '../config/xml.ts';
import type { Host } from '../host/host.ts';
import type { DataNode } from '../server/datanode/datanode.ts';
import type { NameNode } from '../server/namenode/namenode.ts';
import { format, startDataNode, startNameNode } from './daemons.ts';
import { type DevOptions, planDev } from './dev-options.ts';

export type { DevOptions } from './dev-options.ts';

export interface DevCluster {
  readonly uri: string;
  readonly webUri: string;
  /** Directory with core-site.xml and hdfs-site.xml. */
  readonly configurationDirectory: string;
  readonly nameNode: NameNode;
  readonly dataNodes: readonly DataNode[];
  /** Whether a new file system was made. */
  readonly formatted: boolean;
  /** Milliseconds from the beginning until each was ready. */
  readonly readyMs: { readonly nameNode: number; readonly dataNodes: number };
  /** Stops everything; data stays. */
  stop(): Promise<void>;
}

export interface DevEvents {
  /** Nothing can be promised any more; the process has to end. */
  readonly onFatal?: (error: Error) => void;
}

const READY_POLL_MS = 5;
/** A cluster on loopback is ready in well under a second; one with many blocks needs longer. */
const READY_LIMIT_MS = 120_000;

/** Starts the cluster, formatting it when its directory holds none, and waits until it takes writes. */
export async function startDev(host: Host, options: DevOptions, events: DevEvents = {}): Promise<DevCluster> {
  const began = host.clock.monotonic();
  const plan = planDev(options);
  const { directory } = options;
  const base = new Configuration(new Map(), environmentOf(host));
  await requireFreePorts(host, [
    { address: '127.0.0.1', port: plan.rpcPort, what: 'RPC of the NameNode', option: '--rpc-port' },
    { address: '127.0.0.1', port: plan.httpPort, what: 'web of the NameNode', option: '--http-port' },
    ...plan.dataNodes.flatMap(({ address, number, transferPort, ipcPort, httpPort }) =>
      [transferPort, ipcPort, httpPort].map((port) => ({
        address,
        port,
        what: `DataNode ${number}`,
        option: '--base-port',
      })),
    ),
  ]);
  const configurationDirectory = `${directory}/conf`;
  await host.disk.mkdir(configurationDirectory);
  await host.disk.mkdir(`${directory}/data`);
  if (plan.rackTable !== undefined) await host.disk.writeFileAtomic(`${configurationDirectory}/racks`, plan.rackTable);
  const nameNodeConfiguration = base.with(plan.nameNode, 'tuskfs dev');
  const formatted = !(await host.disk.exists(`${directory}/data/namenode/current/VERSION`));
  if (formatted) await format(host, nameNodeConfiguration, { nonInteractive: true });
  const nameNode = await startNameNode(host, nameNodeConfiguration, { onFatal: events.onFatal });
  const nameNodeReady = host.clock.monotonic();
  const dataNodes: DataNode[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(dataNodes.map((dataNode) => dataNode.stop()));
    await nameNode.stop();
  };
  try {
    // One that fails must not leave the others running unseen: all are awaited before any failure is told.
    const started = await Promise.allSettled(
      plan.dataNodes.map(async ({ configuration }) => {
        dataNodes.push(await startDataNode(host, base.with(configuration, 'tuskfs dev')));
      }),
    );
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    await untilReady(host, nameNode, plan.dataNodes.length);
    await writeClientConfiguration(host, configurationDirectory, plan);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    uri: plan.uri,
    webUri: `http://localhost:${plan.httpPort}`,
    configurationDirectory,
    nameNode,
    dataNodes,
    formatted,
    readyMs: { nameNode: nameNodeReady - began, dataNodes: host.clock.monotonic() - began },
    stop,
  };
}

interface WantedPort {
  readonly address: string;
  readonly port: number;
  readonly what: string;
  readonly option: string;
}

async function requireFreePorts(host: Host, wanted: readonly WantedPort[]): Promise<void> {
  await Promise.all(
    wanted.map(async ({ address, port, what, option }) => {
      if (port === 0) return;
      try {
        const listener = await host.net.listen({ host: address, port }, (connection) => connection.destroy());
        await listener.close();
      } catch (error) {
        const code = (error as { readonly code?: unknown }).code;
        if (code === 'EADDRINUSE') {
          throw new HdfsError(
            'EADDRINUSE',
            `port ${port} on ${address} is taken, which the ${what} needs; stop what uses it, or choose others with ${option === '--base-port' ? option : `${option} or --base-port`}`,
            { cause: error },
          );
        }
        throw new HdfsError('EIO', `${address}:${port} cannot be listened on (${what}): ${messageOf(error)}`, { cause: error });
      }
    }),
  );
}

async function untilReady(host: Host, nameNode: NameNode, dataNodes: number): Promise<void> {
  const limit = host.clock.monotonic() + READY_LIMIT_MS;
  const { blockManager } = nameNode.system;
  while (blockManager.datanodes.aliveCount < dataNodes || blockManager.safeMode.isOn) {
    if (host.clock.monotonic() > limit) {
      throw new HdfsError(
        'ETIMEDOUT',
        `the cluster is not ready after ${READY_LIMIT_MS / 1000} s: ${blockManager.datanodes.aliveCount} of ${dataNodes} ` +
          `DataNodes are live, safe mode is ${blockManager.safeMode.isOn ? 'on' : 'off'}`,
      );
    }
    await host.clock.sleep(READY_POLL_MS);
  }
}

async function writeClientConfiguration(host: Host, directory: string, plan: ReturnType<typeof planDev>): Promise<void> {
  await host.disk.writeFileAtomic(`${directory}/core-site.xml`, formatConfigurationXml(plan.coreSite));
  await host.disk.writeFileAtomic(`${directory}/hdfs-site.xml`, formatConfigurationXml(plan.hdfsSite));
}
