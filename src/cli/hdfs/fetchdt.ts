// hdfs fetchdt: gets a delegation token, or shows one that a secure cluster gave. Without security there are none, which is
// said as Apache's says it. Apache: DelegationTokenFetcher.
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { callerName, configuredNameNode } from '../../client/caller.ts';
import type { Configuration } from '../../config/configuration.ts';
import { readDelegationTokenIdentifier, readTokenFile, type StoredToken } from '../../format/token-file.ts';
import type { Host } from '../../host/host.ts';
import { absolutePath } from '../paths.ts';
import type { Terminal } from '../terminal.ts';
import { type GivenOptions, type OptionRow, readOptions } from './option-table.ts';

const USAGE = `Usage: hdfs fetchdt [OPTION...] FILE
gets a delegation token of the NameNode and keeps it in FILE
  --webservice URL     ask this address (http://… or that of a file system) instead of the one of the configuration
  --renewer NAME       who may renew it
  --print [--verbose]  show the tokens in FILE; with --verbose all that they say
  --renew              renew the tokens in FILE
  --cancel             cancel them
  -h, --help           print this
`;

const OPTIONS = [
  { short: 'webservice', long: 'webservice', takes: 'value' },
  { short: 'renewer', long: 'renewer', takes: 'value' },
  { short: 'cancel', long: 'cancel' },
  { short: 'renew', long: 'renew' },
  { short: 'print', long: 'print' },
  { short: 'verbose', long: 'verbose' },
  { short: 'h', long: 'help' },
] as const satisfies readonly OptionRow[];
type Options = GivenOptions<(typeof OPTIONS)[number]['short']>;

/** Kinds whose identifiers are a NameNode's. */
const KINDS: ReadonlySet<string> = new Set(['HDFS_DELEGATION_TOKEN', 'WEBHDFS delegation', 'SWEBHDFS delegation']);

export async function runFetchdt(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const { stdout, stderr } = terminal;
  const mistaken = (reason: string): number => {
    stderr.write(`ERROR: ${reason}\n${USAGE}`);
    return 1;
  };
  let options: Options;
  try {
    options = readOptions(OPTIONS, argv);
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    return mistaken(error.message);
  }
  if (options.has('h')) {
    stdout.write(USAGE);
    return 1;
  }
  const actions = (['cancel', 'renew', 'print'] as const).filter((action) => options.has(action));
  if (actions.length > 1) return mistaken('Only specify cancel, renew or print.');
  const [file, ...more] = options.rest;
  if (file === undefined || more.length > 0 || file.startsWith('-')) return mistaken('Must specify exactly one token file');
  try {
    const [action] = actions;
    if (action === undefined) return await fetched(host, terminal, configuration, options);
    const tokens = readTokenFile(await host.disk.readFile(absolutePath(file, terminal.cwd)));
    if (action === 'print') for (const token of tokens) stdout.write(`${line(token, options.has('verbose'))}\n`);
    else if (tokens.length > 0)
      throw new HdfsError('EUNSUPPORTED', `delegation tokens are not built yet: cannot ${action} any`);
    return 0;
  } catch (error) {
    const isDisk = error instanceof Error && error.name === 'DiskError';
    if (!(error instanceof HdfsError || error instanceof ProtocolError || isDisk)) throw error;
    const javaClass = error instanceof HdfsError ? error.javaClass : 'java.io.IOException';
    stderr.write(`Exception in thread "main" ${javaClass}: ${messageOf(error)}\n`);
    return 1;
  }
}

async function fetched(host: Host, terminal: Terminal, configuration: Configuration, options: Options): Promise<number> {
  const address = options.value('webservice');
  if (address !== undefined && /^s?(?:webhdfs|https?):/.test(address)) {
    throw new HdfsError('EACCES', 'The client is configured to only allow connecting to secure cluster');
  }
  const asked = address === undefined ? configuration : configuration.with({ 'fs.defaultFS': address }, '--webservice');
  const closing = new AbortController();
  const namenode = configuredNameNode(host, asked, undefined, closing.signal);
  try {
    const renewer = options.value('renewer') ?? callerName(host);
    const { token } = await namenode.call('getDelegationToken', { renewer });
    if (token !== undefined) throw new HdfsError('EUNSUPPORTED', 'delegation tokens are not built yet: this one is not kept');
    terminal.stderr.write(`ERROR: Failed to fetch token from ${asked.get('fs.defaultFS') ?? ''}\n`);
    return 0;
  } finally {
    closing.abort();
    namenode.close();
  }
}

function line({ identifier, kind, service }: StoredToken, verbose: boolean): string {
  if (!KINDS.has(kind)) return `Token (${kind}, whose identifier is not understood) for ${service}`;
  const id = readDelegationTokenIdentifier(identifier);
  const owner = id.owner.replace(/[/@].*$/s, '');
  const shown = verbose
    ? `token for ${owner}: ${kind} owner=${id.owner}, renewer=${id.renewer}, realUser=${id.realUser}, ` +
      `issueDate=${id.issueDate}, maxDate=${id.maxDate}, sequenceNumber=${id.sequenceNumber}, masterKeyId=${id.masterKeyId}`
    : `${kind} token ${id.sequenceNumber} for ${owner} with renewer ${id.renewer}`;
  return `Token (${shown}) for ${service}`;
}
