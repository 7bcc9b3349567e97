// hdfs crypto: what there is of encryption zones; making them is not built. Apache: CryptoAdmin.
import { HdfsError } from '../../base/errors.ts';
import { formatUtc } from '../../base/utc.ts';
import { FeatureAdmin } from '../../client/feature-admin.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';
import {
  FAILED,
  leftOver,
  pretty,
  type Runner,
  refusing,
  runAdminTool,
  takeValue,
  USAGE_FAILED,
  WrongOption,
} from './admin-tool.ts';
import { pathArgument } from './path-argument.ts';
import { formatTable } from './table-listing.ts';

const COMMANDS = [
  '[-createZone -keyName <keyName> -path <path>]',
  '[-listZones]',
  '[-provisionTrash -path <path>]',
  '[-getFileEncryptionInfo -path <path>]',
  '[-reencryptZone <action> -path <zone>]',
  '[-listReencryptionStatus]',
  '[-help <command-name>]',
];
/** What -getFileEncryptionInfo ends with where the NameNode refuses. */
const REFUSED = 3;

const STATUS_COLUMNS = [
  'Zone Name',
  'Status',
  'EZKey Version Name',
  'Submission Time',
  'Is Canceled?',
  'Completion Time',
  'Number of files re-encrypted',
  'Number of failures',
  'Last File Checkpointed',
].map((title) => ({ title }));

async function listZones(terminal: Terminal, admin: FeatureAdmin, args: readonly string[]): Promise<number> {
  if (leftOver(terminal, args)) return USAGE_FAILED;
  const rows: string[][] = [];
  for await (const { path, keyName } of admin.encryptionZones()) rows.push([path, keyName]);
  terminal.stdout.write(`${formatTable([{ title: '' }, { title: '' }], rows, 'bare')}\n`);
  return 0;
}

async function listReencryptionStatus(terminal: Terminal, admin: FeatureAdmin, args: readonly string[]): Promise<number> {
  if (leftOver(terminal, args)) return USAGE_FAILED;
  const rows: string[][] = [];
  let failures = 0;
  for await (const status of admin.reencryptions()) {
    failures += status.failures;
    rows.push([
      status.path,
      status.state,
      status.keyVersion,
      formatUtc(status.submittedMs),
      String(status.isCanceled),
      status.completedMs === 0 ? 'N/A' : formatUtc(status.completedMs),
      String(status.files),
      String(status.failures),
      status.lastFile ?? '',
    ]);
  }
  terminal.stdout.write(`${formatTable(STATUS_COLUMNS, rows)}\n`);
  if (failures > 0) terminal.stdout.write('There are re-encryption failures: the log of the NameNode names the files.\n');
  return 0;
}

async function getFileEncryptionInfo(
  host: Host,
  terminal: Terminal,
  standard: Configuration,
  args: readonly string[],
): Promise<number> {
  const { value: text, rest } = takeValue(args, '-path');
  if (leftOver(terminal, rest)) return USAGE_FAILED;
  if (text === undefined) throw new WrongOption('Can not create a Path from a null string');
  const { configuration, path } = pathArgument(host, standard, text);
  using admin = new FeatureAdmin(host, configuration);
  try {
    const info = await admin.encryptionOf(path);
    if (info === undefined) {
      terminal.stderr.write(`No FileEncryptionInfo found for path ${text}\n`);
      return FAILED;
    }
    const { suite, protocolVersion, key, iv, keyName, keyVersion } = info;
    terminal.stdout.write(
      `{cipherSuite: ${suite}, cryptoProtocolVersion: ${protocolVersion}, edek: ${key}, iv: ${iv}, keyName: ${keyName}, ezKeyVersionName: ${keyVersion}}\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    terminal.stderr.write(`${pretty(error)}\n`);
    return REFUSED;
  }
}

export function runCrypto(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const refused = refusing('encryption zones are not built yet');
  const asking =
    (ask: (terminal: Terminal, admin: FeatureAdmin, args: readonly string[]) => Promise<number>): Runner =>
    async (_terminal, _systems, args) => {
      using admin = new FeatureAdmin(host, configuration);
      return await ask(terminal, admin, args);
    };
  const runners: Readonly<Record<string, Runner>> = {
    '-createZone': refused,
    '-listZones': asking(listZones),
    '-provisionTrash': refused,
    '-getFileEncryptionInfo': (_terminal, _systems, args) => getFileEncryptionInfo(host, terminal, configuration, args),
    '-reencryptZone': refused,
    '-listReencryptionStatus': asking(listReencryptionStatus),
  };
  return runAdminTool({ name: 'crypto', usages: COMMANDS, runners }, host, terminal, configuration, argv);
}
