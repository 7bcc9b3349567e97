// tuskfs dev: a cluster in this process until it is interrupted.
import { HdfsError } from '../../base/errors.ts';
import { formatHostPort } from '../../config/nameservices.ts';
import type { VerbContext } from '../context.ts';
import { humanSize } from '../human.ts';
import { absolutePath } from '../paths.ts';
import type { Verb } from './verb.ts';

const DEFAULT_DIRECTORY = '.tuskfs';
const DEFAULT_DATANODES = 3;
/** Where files live in memory on Linux. */
const MEMORY_DIRECTORY = '/dev/shm';

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65535) throw new HdfsError('EINVAL', `${text} is no port`);
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new HdfsError('EINVAL', `${text} is no whole number`);
  return value;
}

export const dev: Verb = {
  name: 'dev',
  summary: 'start a cluster here: one NameNode and some DataNodes in one process, loopback only',
  declare(command) {
    command
      .option('--dir <directory>', 'configuration and data', DEFAULT_DIRECTORY)
      .option('--datanodes <n>', 'DataNodes', whole, DEFAULT_DATANODES)
      .option('--racks <n>', 'spread the DataNodes over racks; each then has an address of its own (127.0.0.N)', whole, 0)
      .option('--memory', 'keep nothing: data in memory, gone at the end')
      .option('--rpc-port <port>', 'RPC of the NameNode (8020)', port)
      .option('--http-port <port>', 'web of the NameNode (9870)', port)
      .option('--base-port <port>', 'all ports from here up', port)
      .option('--verbose', 'log what the daemons do');
  },
  async run(context, _args, options) {
    const { host, terminal } = context;
    const memory = options.memory === true;
    const directory = memory ? await temporaryDirectory(context) : absolutePath(String(options.dir), terminal.cwd);
    try {
      await serve(context, directory, options, memory);
    } finally {
      if (memory) await host.disk.removeTree(directory);
    }
  },
};

async function temporaryDirectory({ host }: VerbContext): Promise<string> {
  const base = (await host.disk.exists(MEMORY_DIRECTORY)) ? MEMORY_DIRECTORY : (host.machine.env('TMPDIR') ?? '/tmp');
  const directory = `${base}/tuskfs-${host.machine.pid}-${host.random.below(2 ** 32).toString(36)}`;
  await host.disk.mkdir(directory, 0o700);
  return directory;
}

async function serve(
  context: VerbContext,
  directory: string,
  options: Readonly<Record<string, unknown>>,
  memory: boolean,
): Promise<void> {
  const { host, terminal } = context;
  const number = (name: string): number | undefined => {
    const value = options[name];
    return typeof value === 'number' ? value : undefined;
  };
  let fatal: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fatal = reject;
  });
  // It may fail before anybody waits for it.
  failed.catch(() => undefined);
  const overrides: Record<string, string> = {};
  for (const pair of context.options.define ?? []) {
    const equals = pair.indexOf('=');
    if (equals <= 0) throw new HdfsError('EINVAL', `-D ${pair}: must be KEY=VALUE`);
    overrides[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  const cluster = await terminal.launcher().startDev(
    host,
    {
      directory,
      datanodes: number('datanodes') ?? DEFAULT_DATANODES,
      racks: number('racks') ?? 0,
      basePort: number('basePort'),
      rpcPort: number('rpcPort'),
      httpPort: number('httpPort'),
      overrides,
    },
    { onFatal: (error) => fatal(error) },
  );
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)}s`;
  const { available } = await host.disk.volume(directory);
  const conf = cluster.configurationDirectory;
  const dataNodes = cluster.dataNodes.map((dataNode) => dataNode.addresses);
  const usual = conf === `${terminal.cwd}/${DEFAULT_DIRECTORY}/conf`;
  await context.answer(
    {
      event: 'ready',
      uri: cluster.uri,
      web: cluster.webUri,
      conf,
      data: `${directory}/data`,
      datanodes: dataNodes.map(({ transfer, ipc, http }) => ({
        transfer: formatHostPort(transfer),
        ipc: formatHostPort(ipc),
        http: formatHostPort(http),
      })),
      readyMs: Math.round(cluster.readyMs.dataNodes),
    },
    () =>
      [
        `  namenode      ready  ${seconds(cluster.readyMs.nameNode)}     datanode ×${dataNodes.length}   ready  ${seconds(cluster.readyMs.dataNodes)}${cluster.formatted ? '     new file system' : ''}`,
        `  HDFS      ${cluster.uri}`,
        `  Web       ${cluster.webUri}`,
        ...dataNodes.map(
          ({ transfer, http }, index) =>
            `  ${index === 0 ? 'DataNodes' : '         '} ${formatHostPort(transfer)}  web http://${formatHostPort(http)}`,
        ),
        `  Conf      ${conf}   (export HADOOP_CONF_DIR=${conf})`,
        `  Data      ${memory ? 'in memory, gone at the end' : `${directory}/data`}   ${humanSize(available)} free`,
        `  Security  off, loopback only`,
        '',
        `  try: tuskfs ${usual ? '' : `--config ${conf} `}put README.md / && tuskfs ${usual ? '' : `--config ${conf} `}ls /`,
        '  Ctrl+C stops all',
      ].join('\n'),
  );
  try {
    await Promise.race([failed, interruption(terminal.interrupted)]);
  } finally {
    await cluster.stop();
  }
}

function interruption(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
