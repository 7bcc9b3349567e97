// What a development cluster looks like: its ports, addresses, directories and configurations, worked out from the
// options. Pure; dev.ts starts it.
import { HdfsError } from '../base/errors.ts';

export interface DevOptions {
  /** Directory of configuration and data, absolute. */
  readonly directory: string;
  readonly datanodes: number;
  /** 0: all DataNodes on one rack and address. */
  readonly racks: number;
  /** All ports from here up; undefined: Hadoop's. */
  readonly basePort?: number | undefined;
  readonly rpcPort?: number | undefined;
  readonly httpPort?: number | undefined;
  /** Values over ours, for all daemons and for the clients. */
  readonly overrides?: Readonly<Record<string, string>> | undefined;
}

export interface DataNodePlan {
  readonly number: number;
  readonly address: string;
  /** 0: any free one. */
  readonly transferPort: number;
  readonly ipcPort: number;
  readonly httpPort: number;
  readonly rack: string | undefined;
  readonly configuration: Readonly<Record<string, string>>;
}

export interface DevPlan {
  readonly rpcPort: number;
  readonly httpPort: number;
  readonly uri: string;
  readonly nameNode: Readonly<Record<string, string>>;
  readonly dataNodes: readonly DataNodePlan[];
  /** What clients read: core-site.xml and hdfs-site.xml. */
  readonly coreSite: readonly (readonly [string, string])[];
  readonly hdfsSite: readonly (readonly [string, string])[];
  /** Content of the rack table; undefined without racks. */
  readonly rackTable: string | undefined;
}

const LOOPBACK = '127.0.0.1';
const MAX_DATANODES = 200;
const MAX_PORT = 65535;
/** Hadoop's ports. */
const PORTS = { rpc: 8020, http: 9870, transfer: 9866, ipc: 9867, dataHttp: 9864 } as const;
const TRASH_MINUTES = '360';
const DEFAULT_REPLICATION = 3;

function checkRange(what: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new HdfsError('EINVAL', `${what} is ${value}, but must be a whole number from ${least} to ${most}`);
}

/** Throws HdfsError EINVAL for options that make no cluster. */
export function planDev(options: DevOptions): DevPlan {
  const { directory, datanodes, racks, basePort, overrides = {} } = options;
  checkRange('--datanodes', datanodes, 1, MAX_DATANODES);
  checkRange('--racks', racks, 0, datanodes);
  checkRange('--rpc-port', options.rpcPort, 1, MAX_PORT);
  checkRange('--http-port', options.httpPort, 1, MAX_PORT);
  checkRange('--base-port', basePort, 1, MAX_PORT - 2 - 3 * datanodes);
  const rpcPort = options.rpcPort ?? basePort ?? PORTS.rpc;
  const httpPort = options.httpPort ?? (basePort === undefined ? PORTS.http : basePort + 1);
  const uri = `hdfs://localhost:${rpcPort}`;
  const data = `${directory}/data`;
  const rackFile = `${directory}/conf/racks`;
  const shared: Readonly<Record<string, string>> = {
    'fs.defaultFS': uri,
    'fs.trash.interval': TRASH_MINUTES,
    'dfs.replication': String(Math.min(DEFAULT_REPLICATION, datanodes)),
    'dfs.namenode.http-address': `localhost:${httpPort}`,
  };
  const daemons: Readonly<Record<string, string>> = { ...shared, 'dfs.namenode.rpc-address': `${LOOPBACK}:${rpcPort}` };
  const nameNode: Record<string, string> = {
    ...daemons,
    'dfs.namenode.http-address': `${LOOPBACK}:${httpPort}`,
    'dfs.namenode.name.dir': `${data}/namenode`,
    // Nobody wants to wait, and loopback addresses need no names.
    'dfs.namenode.safemode.extension': '0',
    'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
    ...(racks > 0
      ? {
          'net.topology.node.switch.mapping.impl': 'org.apache.hadoop.net.TableMapping',
          'net.topology.table.file.name': rackFile,
        }
      : {}),
    ...overrides,
  };
  const dataNodes = Array.from({ length: datanodes }, (_, index): DataNodePlan => {
    const number = index + 1;
    const address = racks > 0 ? `127.0.0.${number}` : LOOPBACK;
    // The first has Hadoop's ports; the others take free ones, unless all are counted from a base.
    const port = (offset: number, standard: number): number =>
      basePort !== undefined ? basePort + 2 + 3 * index + offset : number === 1 ? standard : 0;
    const transferPort = port(0, PORTS.transfer);
    const ipcPort = port(1, PORTS.ipc);
    const dataHttpPort = port(2, PORTS.dataHttp);
    return {
      number,
      address,
      transferPort,
      ipcPort,
      httpPort: dataHttpPort,
      rack: racks > 0 ? `/rack${(index % racks) + 1}` : undefined,
      configuration: {
        ...daemons,
        'dfs.datanode.data.dir': `${data}/datanode${number}`,
        'dfs.datanode.hostname': racks > 0 ? address : 'localhost',
        'dfs.datanode.address': `${address}:${transferPort}`,
        'dfs.datanode.ipc.address': `${address}:${ipcPort}`,
        'dfs.datanode.http.address': `${address}:${dataHttpPort}`,
        ...overrides,
      },
    };
  });
  const visible = { ...shared, ...overrides };
  const isCore = (name: string): boolean => /^(?:fs|io|ipc|hadoop|net|file)\./.test(name);
  return {
    rpcPort,
    httpPort,
    uri,
    nameNode,
    dataNodes,
    coreSite: Object.entries(visible).filter(([name]) => isCore(name)),
    hdfsSite: Object.entries(visible).filter(([name]) => !isCore(name)),
    rackTable: racks > 0 ? dataNodes.map(({ address, rack }) => `${address}\t${rack}\n`).join('') : undefined,
  };
}
