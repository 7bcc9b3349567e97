// hdfs cacheadmin: what there is of cache pools and directives; making them is not built. Apache: CacheAdmin.
import { formatPermission } from '../../base/mode.ts';
import { formatUtc } from '../../base/utc.ts';
import { type CacheDirective, FeatureAdmin } from '../../client/feature-admin.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { requireKnownHost } from '../known-host.ts';
import type { Terminal } from '../terminal.ts';
import { type AdminCommand, type AdminContext, misuse, refusing, requireNoMore, runAdminTool } from './admin-tool.ts';
import { pathArgument, requireHdfs } from './path-argument.ts';
import { formatTable, type TableColumn } from './table-listing.ts';
import { javaWhole, pathOf, type Words } from './words.ts';

const POOL_OPTIONS =
  '[-owner <owner>] [-group <group>] [-mode <mode>] [-limit <limit>] [-defaultReplication <defaultReplication>] [-maxTtl <maxTtl>]';
const NOT_BUILT = 'centralized cache management is not built yet';

/** Apache: CachePoolInfo.LIMIT_UNLIMITED, and RELATIVE_EXPIRY_NEVER = Expiration.MAX_RELATIVE_EXPIRY_MS. */
const UNLIMITED = 2n ** 63n - 1n;
const NEVER = UNLIMITED / 4n;

const left = (title: string): TableColumn => ({ title });
const right = (title: string): TableColumn => ({ title, align: 'right' });

/** ddd:hh:mm:ss.mmm. Apache: DFSUtilClient.durationToString. */
function duration(millis: bigint): string {
  const ms = Number(millis < 0n ? -millis : millis);
  const seconds = Math.floor(ms / 1000);
  const pad = (value: number, width: number): string => String(value).padStart(width, '0');
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map((each) => pad(each, 2));
  return `${millis < 0n ? '-' : ''}${pad(Math.floor(seconds / 86_400), 3)}:${clock.join(':')}.${pad(ms % 1000, 3)}`;
}

function expiry({ millis, isRelative }: CacheDirective['expiration']): string {
  if (millis > NEVER / 2n) return 'never';
  return isRelative ? duration(millis) : `${formatUtc(Number(millis)).slice(0, 19)}+0000`;
}

/** A length of time with its unit. Apache: DFSUtil.parseRelativeTime. */
function checkTime(what: 'ttl' | 'maxTtl', text: string | undefined): void {
  if (text === undefined || /^never$/i.test(text)) return;
  const wrong = (why: string): never =>
    misuse(`Error while parsing ${what} value: Unable to parse relative time value of ${text}: ${why}`);
  if (text.length < 2) wrong('too short');
  const number = text.slice(0, -1);
  if (!/^[+-]?\d{1,18}$/.test(number)) wrong(`${number} is not a number`);
  if (!/[smhd]$/.test(text)) wrong(`unknown time unit ${text.at(-1)}`);
}

/** What a pool may be made with or changed to; answers whether anything of it was given. */
function checkPoolOptions(words: Words, modeBits: 16 | 32): boolean {
  const owner = words.value('-owner');
  const group = words.value('-group');
  const mode = words.value('-mode');
  if (mode !== undefined) javaWhole(mode, modeBits, 8);
  const limit = words.value('-limit');
  if (limit !== undefined && !/^unlimited$/i.test(limit)) javaWhole(limit, 64);
  const replication = words.value('-defaultReplication');
  if (replication !== undefined) javaWhole(replication, 16);
  const maxTtl = words.value('-maxTtl');
  checkTime('maxTtl', maxTtl);
  return [owner, group, mode, limit, replication, maxTtl].some((each) => each !== undefined);
}

/** As requireNoMore, naming all words that are left. */
function requireNone({ words, usage }: AdminContext): void {
  if (words.left.length > 0) misuse(`Can't understand arguments: ${words.left.join(' ')}\nUsage is [${usage}]\n`);
}

const poolName = (words: Words, doing: string): string =>
  words.operand() ?? misuse(`You must specify a name when ${doing} a cache pool.`);

/** Throws WrongWord where it is no HDFS. */
async function featureAdmin(host: Host, configuration: Configuration): Promise<FeatureAdmin> {
  requireHdfs(configuration);
  await requireKnownHost(host, configuration);
  return new FeatureAdmin(host, configuration);
}

async function listDirectives(context: AdminContext): Promise<number> {
  const { host, terminal, configuration, words } = context;
  const path = words.value('-path');
  const pool = words.value('-pool');
  const withStats = words.flag('-stats');
  const given = words.value('-id');
  const id = given === undefined ? undefined : Number(javaWhole(given, 64));
  requireNoMore(context);
  const at = path === undefined ? undefined : pathArgument(host, configuration, pathOf(path));
  using admin = await featureAdmin(host, configuration);
  const rows: string[][] = [];
  for await (const each of admin.cacheDirectives({ path: at?.path, pool, id })) {
    const row = [String(each.id), each.pool, String(each.replication), expiry(each.expiration), each.path];
    const { bytesNeeded, bytesCached, filesNeeded, filesCached } = each.stats;
    rows.push([...row, ...(withStats ? [bytesNeeded, bytesCached, filesNeeded, filesCached].map(String) : [])]);
  }
  terminal.stdout.write(`Found ${rows.length} entr${rows.length === 1 ? 'y' : 'ies'}\n`);
  const columns = [right('ID'), left('POOL'), right('REPL'), left('EXPIRY'), left('PATH')];
  const more = ['BYTES_NEEDED', 'BYTES_CACHED', 'FILES_NEEDED', 'FILES_CACHED'].map(right);
  if (rows.length > 0) terminal.stdout.write(formatTable([...columns, ...(withStats ? more : [])], rows));
  return 0;
}

async function listPools(context: AdminContext): Promise<number> {
  const { host, terminal, configuration, words } = context;
  const name = words.operand();
  const withStats = words.flag('-stats');
  requireNone(context);
  using admin = await featureAdmin(host, configuration);
  const rows: string[][] = [];
  for await (const pool of admin.cachePools()) {
    if (name !== undefined && pool.name !== name) continue;
    const { limit, maxRelativeExpiry } = pool;
    const { bytesNeeded, bytesCached, bytesOverlimit, filesNeeded, filesCached } = pool.stats;
    rows.push([
      pool.name,
      pool.owner ?? '',
      pool.group ?? '',
      pool.mode === undefined ? '' : formatPermission(pool.mode),
      limit === UNLIMITED ? 'unlimited' : String(limit ?? 'null'),
      maxRelativeExpiry === undefined ? '' : maxRelativeExpiry === NEVER ? 'never' : duration(maxRelativeExpiry),
      String(pool.defaultReplication),
      ...(withStats ? [bytesNeeded, bytesCached, bytesOverlimit, filesNeeded, filesCached].map(String) : []),
    ]);
    if (name !== undefined) break;
  }
  terminal.stdout.write(`Found ${rows.length} result${rows.length === 1 ? '' : 's'}.\n`);
  const columns = [
    ...['NAME', 'OWNER', 'GROUP', 'MODE'].map(left),
    ...['LIMIT', 'MAXTTL', 'DEFAULT_REPLICATION'].map(right),
    ...(withStats ? ['BYTES_NEEDED', 'BYTES_CACHED', 'BYTES_OVERLIMIT', 'FILES_NEEDED', 'FILES_CACHED'].map(right) : []),
  ];
  if (rows.length > 0) terminal.stdout.write(formatTable(columns, rows));
  return 0;
}

function checkRemoval(context: AdminContext): void {
  const text = context.words.operand() ?? misuse('You must specify a directive ID to remove.');
  if (!/^[+-]?\d{1,18}$/.test(text)) misuse(`Invalid directive ID ${text}: expected a numeric value.`);
  if (Number(text) <= 0) misuse(`Invalid directive ID ${Number(text)}: ids must be greater than 0.`);
  requireNoMore(context, `\nUsage is [${context.usage}]\n`);
}

const COMMANDS: Readonly<Record<string, AdminCommand>> = {
  '-addDirective': {
    usage: '-addDirective -path <path> -pool <pool-name> [-force] [-replication <replication>] [-ttl <time-to-live>]',
    run: refusing(NOT_BUILT, (context) => {
      const { words } = context;
      pathOf(words.value('-path') ?? misuse('You must specify a path with -path.'));
      if (words.value('-pool') === undefined) misuse('You must specify a pool name with -pool.');
      words.flag('-force');
      const replication = words.value('-replication');
      if (replication !== undefined) javaWhole(replication, 16);
      checkTime('ttl', words.value('-ttl'));
      requireNoMore(context);
    }),
  },
  '-modifyDirective': {
    usage:
      '-modifyDirective -id <id> [-path <path>] [-force] [-replication <replication>] [-pool <pool-name>] [-ttl <time-to-live>]',
    run: refusing(NOT_BUILT, (context) => {
      const { words } = context;
      javaWhole(words.value('-id') ?? misuse('You must specify a directive ID with -id.'), 64);
      const path = words.value('-path');
      if (path !== undefined) pathOf(path);
      words.flag('-force');
      const replication = words.value('-replication');
      if (replication !== undefined) javaWhole(replication, 16);
      const pool = words.value('-pool');
      const ttl = words.value('-ttl');
      checkTime('ttl', ttl);
      requireNoMore(context, `\nUsage is [${context.usage}]\n`);
      if ([path, replication, pool, ttl].every((each) => each === undefined)) misuse('No modifications were specified.');
    }),
  },
  '-listDirectives': {
    usage: '-listDirectives [-stats] [-path <path>] [-pool <pool>] [-id <id>]',
    run: listDirectives,
  },
  '-removeDirective': { usage: '-removeDirective <id>', run: refusing(NOT_BUILT, checkRemoval) },
  '-removeDirectives': {
    usage: '-removeDirectives -path <path>',
    run: refusing(NOT_BUILT, (context) => {
      const path = context.words.value('-path') ?? misuse('You must specify a path with -path.');
      requireNoMore(context, `\nUsage is [${context.usage}]\n`);
      pathOf(path);
    }),
  },
  '-addPool': {
    usage: `-addPool <name> ${POOL_OPTIONS}`,
    run: refusing(NOT_BUILT, (context) => {
      poolName(context.words, 'creating');
      checkPoolOptions(context.words, 16);
      requireNone(context);
    }),
  },
  '-modifyPool': {
    usage: `-modifyPool <name> ${POOL_OPTIONS}`,
    run: refusing(NOT_BUILT, (context) => {
      const isAny = checkPoolOptions(context.words, 32);
      // Hadoop's word for it.
      poolName(context.words, 'creating');
      requireNone(context);
      if (!isAny) misuse('You must specify at least one attribute to change in the cache pool.');
    }),
  },
  '-removePool': {
    usage: '-removePool <name>',
    run: refusing(NOT_BUILT, (context) => {
      poolName(context.words, 'deleting');
      requireNone(context);
    }),
  },
  '-listPools': { usage: '-listPools [-stats] [<name>]', run: listPools },
};

export const runCacheAdmin = (
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> => runAdminTool({ name: 'cacheadmin', commands: COMMANDS }, host, terminal, configuration, argv);
