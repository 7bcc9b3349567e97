// hdfs jmxget: attributes of a daemon's beans. Apache's asks over Java's remote management, which only a JVM has; this one reads
// /jmx of the daemon's web server, and takes and prints the same otherwise. Apache: JMXGet.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { addressOf, formatHostPort } from '../../config/nameservices.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';
import { webAddress } from '../web-address.ts';
import { readPage } from './http-page.ts';
import { type GivenOptions, type OptionRow, readOptions } from './option-table.ts';

const USAGE = `usage: jmxget options are:  [KEY...]
 -help             this text
 -port PORT        port of the daemon's web server (that of the configuration)
 -server HOST      where the daemon runs (that of the configuration)
 -service SERVICE  NameNode (the default), DataNode, SecondaryNameNode
`;

const FAILED = 255;
const TIMEOUT_MS = 60_000;
/** A daemon's beans are a few hundred kilobytes. */
const MAX_BYTES = 64 * 1024 * 1024;

const OPTIONS = [
  { short: 'service', takes: 'value' },
  { short: 'server', takes: 'value' },
  { short: 'port', takes: 'value' },
  { short: 'localVM', takes: 'value' },
  { short: 'help' },
] as const satisfies readonly OptionRow[];
type Options = GivenOptions<(typeof OPTIONS)[number]['short']>;

interface Bean {
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: unknown])[];
}

export async function runJmxget(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const { stdout, stderr } = terminal;
  let options: Options;
  try {
    options = readOptions(OPTIONS, argv);
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    stderr.write('Invalid args\n');
    stdout.write(USAGE);
    return FAILED;
  }
  if (options.has('help')) {
    stdout.write(USAGE);
    return 0;
  }
  if (options.has('localVM')) {
    stderr.write('-localVM names a port of a JVM, which these daemons are not: -server and -port name a web server\n');
    return FAILED;
  }
  const service = options.value('service') ?? 'NameNode';
  const url = `http://${whereOf(configuration, options, service)}/jmx?qry=${encodeURIComponent(`Hadoop:service=${service},*`)}`;
  try {
    stderr.write(`init: ${url}\n`);
    const beans = await read(host, url);
    for (const { name } of beans) stderr.write(`Hadoop service: ${name}\n`);
    const { rest } = options;
    if (rest.length === 0) printAll(terminal, beans);
    for (const key of rest) {
      stderr.write(`key = ${key}\n`);
      const found = beans.flatMap(({ attributes }) => attributes).find(([name]) => name === key);
      stdout.write(`${key}=${text(found?.[1])}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    stderr.write(`${messageOf(error)}\n`);
    return FAILED;
  }
}

/** `host:port` of the web server. */
function whereOf(configuration: Configuration, options: Options, service: string): string {
  const [server, port] = [options.value('server'), options.value('port')];
  const known =
    service === 'DataNode'
      ? formatHostPort(addressOf(configuration, 'dfs.datanode.http.address'))
      : service === 'SecondaryNameNode'
        ? formatHostPort(addressOf(configuration, 'dfs.namenode.secondary.http-address'))
        : server !== undefined && port !== undefined
          ? ''
          : webAddress(configuration);
  const colon = known.lastIndexOf(':');
  const host = known.slice(0, colon).replace(/^(?:0\.0\.0\.0|::)$/, 'localhost');
  return `${server ?? host}:${port ?? known.slice(colon + 1)}`;
}

async function read(host: Host, url: string): Promise<readonly Bean[]> {
  const { status, text } = await readPage(host, url, { maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS });
  if (status !== 200) throw new HdfsError('EIO', `${url} answers with status ${status}`);
  let answer: { readonly beans?: readonly Readonly<Record<string, unknown>>[] };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch (error) {
    throw new HdfsError('EIO', `${url} is no list of beans: ${messageOf(error)}`);
  }
  return (answer.beans ?? []).map((bean) => ({
    name: String(bean.name),
    attributes: Object.entries(bean).filter(([name]) => name !== 'name' && name !== 'modelerType'),
  }));
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function printAll({ stdout, stderr }: Terminal, beans: readonly Bean[]): void {
  stderr.write('List of all the available keys:\n');
  for (const { name, attributes } of beans) {
    stderr.write(`>>>>>>>>jmx name: ${name.replace(/^[^:]*:/, '')}\n`);
    for (const [attribute, value] of attributes) stdout.write(`${attribute}=${text(value)}\n`);
  }
}
