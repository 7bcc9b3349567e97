// Groups of a user, as Hadoop's group mapping gives them: from `hadoop.user.group.static.mapping.overrides`, else from
// the operating system by `id`, started without a shell. Answers are cached; a user unknown to the system has none.

import { HdfsError } from '../base/errors.ts';
import { Rate } from '../base/timing.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Host } from '../host/host.ts';

/** Bound of the cache: beyond it the oldest entry goes. */
const MAX_CACHED_USERS = 100_000;
/** Unless another time is set: `id` of a directory service that hangs must not keep callers waiting for ever. */
const COMMAND_TIMEOUT_MS = 10_000;
/** Names that `id` may be asked for: a leading dash would be an option. */
const SAFE_NAME = /^[A-Za-z0-9_.@$\\][-A-Za-z0-9_.@$\\ ]{0,255}$/;

export interface GroupsOptions {
  readonly staticMapping: ReadonlyMap<string, readonly string[]>;
  readonly cacheMs: number;
  /** How long the absence of groups is remembered. */
  readonly negativeCacheMs: number;
  /** Bound on one run of `id`. */
  readonly commandTimeoutMs?: number;
  /** A look-up that takes longer is logged. */
  readonly warnAfterMs?: number;
  /** Whether groups that were known are told while the system is asked again. */
  readonly reloadsBehind?: boolean;
  /** Whether the system is not asked at all: nobody has groups but those of the static mapping. */
  readonly none?: boolean;
}

interface Entry {
  readonly groups: readonly string[];
  readonly expiresAt: number;
}

/** Groups that are told while they are asked for again are at most so many life-times old. Apache: GroupCacheLoader. */
const STALE_LIFETIMES = 10;

const HADOOP = 'org.apache.hadoop.security';
/** Where groups come from, by the names of Hadoop's classes. */
const SOURCES: Readonly<Record<string, 'system' | 'none'>> = {
  [`${HADOOP}.JniBasedUnixGroupsMappingWithFallback`]: 'system',
  [`${HADOOP}.JniBasedUnixGroupsMapping`]: 'system',
  [`${HADOOP}.ShellBasedUnixGroupsMapping`]: 'system',
  [`${HADOOP}.NullGroupsMapping`]: 'none',
};

/** Parses `user1=group1,group2;user2=;user3=group2`. Throws HdfsError EINVAL. */
export function parseStaticMapping(text: string): Map<string, readonly string[]> {
  const mapping = new Map<string, readonly string[]>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const [user, groups, ...rest] = part.split('=');
    if (user === undefined || user.trim() === '' || rest.length > 0) {
      throw new HdfsError('EINVAL', `Configuration hadoop.user.group.static.mapping.overrides is invalid: ${text}`);
    }
    mapping.set(
      user.trim(),
      (groups ?? '')
        .split(',')
        .map((group) => group.trim())
        .filter((group) => group !== ''),
    );
  }
  return mapping;
}

export class Groups {
  /** How long the system was asked for, in milliseconds. */
  readonly lookups = new Rate();
  private readonly host: Host;
  private readonly options: GroupsOptions;
  private readonly cache = new Map<string, Entry>();
  private readonly pending = new Map<string, Promise<readonly string[]>>();

  constructor(host: Host, options: GroupsOptions) {
    this.host = host;
    this.options = options;
  }

  /** Groups known without asking the system, or undefined: the hot path of an RPC. */
  cached(user: string, nowMs = this.host.clock.monotonic()): readonly string[] | undefined {
    const fixed = this.options.staticMapping.get(user);
    if (fixed !== undefined) return fixed;
    const entry = this.cache.get(user);
    if (entry === undefined || entry.expiresAt <= nowMs) return undefined;
    return entry.groups;
  }

  /** Groups of a user, the primary one first; empty when the system does not know the user. */
  async of(user: string): Promise<readonly string[]> {
    const known = this.cached(user);
    if (known !== undefined) return known;
    const lookup = this.pending.get(user) ?? this.lookup(user).finally(() => this.pending.delete(user));
    this.pending.set(user, lookup);
    return this.stale(user) ?? lookup;
  }

  /** What was known before, where that is told while the system is asked again; a user without groups waits. */
  private stale(user: string): readonly string[] | undefined {
    const { reloadsBehind = false, cacheMs } = this.options;
    const entry = reloadsBehind ? this.cache.get(user) : undefined;
    if (entry === undefined || entry.groups.length === 0) return undefined;
    const isUsable = this.host.clock.monotonic() < entry.expiresAt + (STALE_LIFETIMES - 1) * cacheMs;
    return isUsable ? entry.groups : undefined;
  }

  /** Forgets what was cached (refreshUserToGroupsMappings). */
  refresh(): void {
    this.cache.clear();
  }

  private async lookup(user: string): Promise<readonly string[]> {
    const { clock } = this.host;
    const beganMs = clock.monotonic();
    const isAsked = this.options.none !== true && SAFE_NAME.test(user);
    const groups = isAsked ? await this.ask(user) : [];
    const tookMs = clock.monotonic() - beganMs;
    this.lookups.add(tookMs);
    const { warnAfterMs = Number.POSITIVE_INFINITY } = this.options;
    if (tookMs > warnAfterMs) {
      const text = `Potential performance problem: getGroups(user=${user}) took ${Math.round(tookMs)} milliseconds.`;
      this.host.log.log('warn', 'groups', text);
    }
    const lifetime = groups.length === 0 ? this.options.negativeCacheMs : this.options.cacheMs;
    if (this.cache.size >= MAX_CACHED_USERS) {
      const oldest = this.cache.keys().next();
      if (!oldest.done) this.cache.delete(oldest.value);
    }
    this.cache.set(user, { groups, expiresAt: this.host.clock.monotonic() + lifetime });
    return groups;
  }

  private async ask(user: string): Promise<readonly string[]> {
    try {
      const timeoutMs = this.options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS;
      const names = await this.host.commands.run('id', ['-Gn', '--', user], { timeoutMs });
      if (names.exitCode !== 0) return [];
      return names.stdout.split(/\s+/).filter((name) => name !== '');
    } catch (error) {
      // A user whose groups cannot be found has none: less right, never more.
      this.host.log.log('warn', 'groups', `cannot look up the groups of ${JSON.stringify(user)}`, { error: String(error) });
      return [];
    }
  }
}

/** A source of groups that is not here would leave everybody with other rights than the operator means. */
function sourceOfGroups(configuration: Configuration): 'system' | 'none' {
  const key = 'hadoop.security.group.mapping';
  const name = configuration.require(key);
  const source = Object.hasOwn(SOURCES, name) ? SOURCES[name] : undefined;
  if (source !== undefined) return source;
  throw new HdfsError('EUNSUPPORTED', `${key} is ${name}, which is not built. Known: ${Object.keys(SOURCES).join(', ')}`);
}

/** The mapping that the keys ask for. Throws HdfsError EUNSUPPORTED for one that is not here. */
export function configuredGroups(host: Host, configuration: Configuration): Groups {
  return new Groups(host, {
    staticMapping: parseStaticMapping(configuration.get('hadoop.user.group.static.mapping.overrides') ?? ''),
    none: sourceOfGroups(configuration) === 'none',
    warnAfterMs: configuration.getDuration('hadoop.security.groups.cache.warn.after.ms'),
    reloadsBehind: configuration.getBoolean('hadoop.security.groups.cache.background.reload'),
    cacheMs: configuration.getDuration('hadoop.security.groups.cache.secs'),
    negativeCacheMs: configuration.getDuration('hadoop.security.groups.negative-cache.secs'),
    commandTimeoutMs: configuration.getDuration('hadoop.security.groups.shell.command.timeout') || COMMAND_TIMEOUT_MS,
  });
}
