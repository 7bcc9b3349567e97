// hdfs crypto: what there is of encryption zones; making them is not built. Apache: CryptoAdmin.
import { HdfsError } from '../../base/errors.ts';
import { formatUtc } from '../../base/utc.ts';
import { FeatureAdmin } from '../../client/feature-admin.ts';
import type { Configuration } from '../../config/configuration.ts';
import { defaultFileSystem } from '../../config/default-file-system.ts';
import type { Host } from '../../host/host.ts';
import { requireKnownHost } from '../known-host.ts';
import type { Terminal } from '../terminal.ts';
import {
  type AdminCommand,
  type AdminContext,
  FAILED,
  misuse,
  pretty,
  refusing,
  requireNoMore,
  runAdminTool,
} from './admin-tool.ts';
import { pathArgument } from './path-argument.ts';
import { formatTable } from './table-listing.ts';
import { pathOf, WrongWord } from './words.ts';

/** What -getFileEncryptionInfo and -reencryptZone end with, beside the codes of all tools. */
const REFUSED = 3;
const NOT_BUILT = 'encryption zones are not built yet';

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

/** Throws WrongWord where it is no HDFS that `uri` names, or that is configured. */
async function featureAdmin(host: Host, configuration: Configuration, uri?: string): Promise<FeatureAdmin> {
  const standard = defaultFileSystem(configuration);
  if (!standard.startsWith('hdfs:')) throw new WrongWord(`'${uri ?? standard}' is not an HDFS URI.`);
  await requireKnownHost(host, configuration);
  return new FeatureAdmin(host, configuration);
}

async function listZones(context: AdminContext): Promise<number> {
  requireNoMore(context);
  using admin = await featureAdmin(context.host, context.configuration);
  const rows: string[][] = [];
  for await (const { path, keyName } of admin.encryptionZones()) rows.push([path, keyName]);
  context.terminal.stdout.write(`${formatTable([{ title: '' }, { title: '' }], rows, 'bare')}\n`);
  return 0;
}

async function listReencryptionStatus(context: AdminContext): Promise<number> {
  requireNoMore(context);
  using admin = await featureAdmin(context.host, context.configuration);
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
  const { stdout } = context.terminal;
  stdout.write(`${formatTable(STATUS_COLUMNS, rows)}\n`);
  if (failures > 0) stdout.write('There are re-encryption failures: the log of the NameNode names the files.\n');
  return 0;
}

async function getFileEncryptionInfo(context: AdminContext): Promise<number> {
  const { host, terminal, words } = context;
  const given = words.value('-path');
  requireNoMore(context);
  const text = pathOf(given);
  const { configuration, path } = pathArgument(host, context.configuration, text);
  using admin = await featureAdmin(host, configuration, text);
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

const COMMANDS: Readonly<Record<string, AdminCommand>> = {
  '-createZone': {
    usage: '-createZone -keyName <keyName> -path <path>',
    run: refusing(NOT_BUILT, (context) => {
      const path = context.words.value('-path') ?? misuse('You must specify a path with -path.');
      if (context.words.value('-keyName') === undefined) misuse('You must specify a key name with -keyName.');
      requireNoMore(context);
      pathOf(path);
    }),
  },
  '-listZones': { usage: '-listZones', run: listZones },
  '-provisionTrash': {
    usage: '-provisionTrash -path <path>',
    run: refusing(NOT_BUILT, (context) => {
      const path = context.words.value('-path');
      requireNoMore(context);
      pathOf(path);
    }),
  },
  '-getFileEncryptionInfo': { usage: '-getFileEncryptionInfo -path <path>', run: getFileEncryptionInfo },
  '-reencryptZone': {
    usage: '-reencryptZone <action> -path <zone>',
    run: refusing(NOT_BUILT, (context) => {
      const { words } = context;
      const path = words.value('-path');
      const start = words.flag('-start');
      const cancel = words.flag('-cancel');
      requireNoMore(context);
      if (start === cancel) misuse('You must specify either [-start] or [-cancel]. ', FAILED);
      if (path === undefined) misuse('You must specify a zone directory with [-path]. ', REFUSED);
      pathOf(path);
    }),
  },
  '-listReencryptionStatus': { usage: '-listReencryptionStatus', run: listReencryptionStatus },
};

export const runCrypto = (
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> => runAdminTool({ name: 'crypto', commands: COMMANDS }, host, terminal, configuration, argv);
