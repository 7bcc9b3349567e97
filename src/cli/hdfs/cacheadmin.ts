// hdfs cacheadmin: what there is of cache pools and directives; making them is not built. Apache: CacheAdmin.
import { formatPermission } from '../../base/mode.ts';
import { formatUtc } from '../../base/utc.ts';
import { type CacheDirective, FeatureAdmin } from '../../client/feature-admin.ts';
import type { Configuration } from '../../config/configuration.ts';
import { parseLong } from '../../config/values.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';
import { leftOver, type Runner, refusing, runAdminTool, takeFlag, takeValue, USAGE_FAILED, WrongOption } from './admin-tool.ts';
import { pathArgument } from './path-argument.ts';
import { formatTable, type TableColumn } from './table-listing.ts';

const POOL_OPTIONS =
  '[-owner <owner>] [-group <group>] [-mode <mode>] [-limit <limit>] [-defaultReplication <defaultReplication>] [-maxTtl <maxTtl>]';
const COMMANDS = [
  '[-addDirective -path <path> -pool <pool-name> [-force] [-replication <replication>] [-ttl <time-to-live>]]',
  '[-modifyDirective -id <id> [-path <path>] [-force] [-replication <replication>] [-pool <pool-name>] [-ttl <time-to-live>]]',
  '[-listDirectives [-stats] [-path <path>] [-pool <pool>] [-id <id>]]',
  '[-removeDirective <id>]',
  '[-removeDirectives -path <path>]',
  `[-addPool <name> ${POOL_OPTIONS}]`,
  `[-modifyPool <name> ${POOL_OPTIONS}]`,
  '[-removePool <name>]',
  '[-listPools [-stats] [<name>]]',
  '[-help <command-name>]',
];

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

async function listDirectives(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  args: readonly string[],
): Promise<number> {
  const path = takeValue(args, '-path');
  const pool = takeValue(path.rest, '-pool');
  const stats = takeFlag(pool.rest, '-stats');
  const given = takeValue(stats.rest, '-id');
  const id = given.value === undefined ? undefined : parseLong(given.value);
  if (given.value !== undefined && id === undefined)
    throw new WrongOption(`For input string: "${given.value}"`, 'NumberFormatException');
  if (leftOver(terminal, given.rest)) return USAGE_FAILED;
  const withStats = stats.given;
  const at = path.value === undefined ? undefined : pathArgument(host, configuration, path.value);
  using admin = new FeatureAdmin(host, configuration);
  const rows: string[][] = [];
  for await (const each of admin.cacheDirectives({ path: at?.path, pool: pool.value, id })) {
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

async function listPools(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  args: readonly string[],
): Promise<number> {
  const at = args.findIndex((word) => !word.startsWith('-'));
  const name = args[at];
  const { given: withStats, rest } = takeFlag(at < 0 ? args : args.toSpliced(at, 1), '-stats');
  if (rest.length > 0) {
    terminal.stderr.write(`Can't understand arguments: ${rest.join(' ')}\nUsage is [-listPools [-stats] [<name>]]\n\n`);
    return USAGE_FAILED;
  }
  using admin = new FeatureAdmin(host, configuration);
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

export function runCacheAdmin(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const refused = refusing('centralized cache management is not built yet');
  const runners: Readonly<Record<string, Runner>> = {
    '-addDirective': refused,
    '-modifyDirective': refused,
    '-listDirectives': (_terminal, _systems, args) => listDirectives(host, terminal, configuration, args),
    '-removeDirective': refused,
    '-removeDirectives': refused,
    '-addPool': refused,
    '-modifyPool': refused,
    '-removePool': refused,
    '-listPools': (_terminal, _systems, args) => listPools(host, terminal, configuration, args),
  };
  return runAdminTool({ name: 'cacheadmin', usages: COMMANDS, runners }, host, terminal, configuration, argv);
}
