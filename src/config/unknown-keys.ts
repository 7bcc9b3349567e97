// Keys of a configuration that nothing here reads: misspelt ones, each named with the key that it is most like, and those of
// Hadoop's that have no effect, each with the reason.
import type { Configuration, Property } from './configuration.ts';
import { KEYS, type KeyName } from './keys/index.ts';
import { WITHOUT_EFFECT } from './keys/without-effect.ts';

export interface UnknownKey {
  readonly name: string;
  /** File and line, or `command line`. */
  readonly source: string;
  /** Undefined: none is like it. */
  readonly nearest: string | undefined;
}

/** Files are shared with other programs of Hadoop: only keys of these families are looked at. */
const FAMILIES = /^(?:dfs|hadoop|ipc|httpfs|net\.topology|fs\.(?:default|defaultFS|trash|permissions|df|du))(?:\.|$)/;

/** Keys with a part that the operator chooses: names of users, ports, nameservices, policies. */
const PATTERNS: readonly RegExp[] = [
  /^(?:hadoop|httpfs)\.proxyuser\.[^.]+\.(?:hosts|groups|users)$/,
  /^ipc\.(?:\d+\.)?(?:callqueue|faircallqueue|decay-scheduler|scheduler|backoff|cost-provider|weighted-cost|identity-provider)\b/,
  /^dfs\.client\.failover\.proxy\.provider\./,
  /^hadoop\.http\.(?:authentication|filter|header)\./,
  /^hadoop\.security\.(?:group\.mapping|credential|token|crypto|auth_to_local|dns)\b/,
  /^hadoop\.(?:ssl|rpc|kerberos|registry|zk|caller|metrics|jetty|workaround|service|shell|util|domain|htrace|prometheus)\b/,
];

/** A nameservice, and a NameNode of it, may stand behind a key that each of them has for itself. */
function withoutSuffix(name: string, ids: ReadonlySet<string>): string {
  const parts = name.split('.');
  while (parts.length > 2 && ids.has(parts.at(-1) ?? '')) parts.pop();
  return parts.join('.');
}

function idsOf(configuration: Configuration): ReadonlySet<string> {
  const nameservices = configuration.getStrings('dfs.nameservices');
  const namenodes = nameservices.flatMap((nameservice) => configuration.getStrings(`dfs.ha.namenodes.${nameservice}`));
  return new Set([...nameservices, ...namenodes]);
}

/** In the order of their names. */
export function unknownKeys(configuration: Configuration): readonly UnknownKey[] {
  const ids = idsOf(configuration);
  return configuration
    .names()
    .filter((name) => FAMILIES.test(name) && !isKnown(name, ids))
    .map((name) => ({ name, source: sourceOf(configuration, name), nearest: nearestKey(name) }));
}

export interface IdleKey {
  readonly name: string;
  /** File and line, or `command line`. */
  readonly source: string;
  readonly reason: string;
}

const OVERSHADOWED = 'Hadoop reads the defaults of HDFS over core-site.xml; it belongs into hdfs-site.xml';

/** Those that are set to something else than their default. In the order of their names. */
export function idleKeys(configuration: Configuration): readonly IdleKey[] {
  const idle = overshadowedKeys(configuration);
  return [...idle, ...keysWithoutEffect(configuration)].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What core-site.xml sets in vain. */
export function overshadowedKeys(configuration: Configuration): readonly IdleKey[] {
  return [...configuration.overshadowed].flatMap(([name, property]) =>
    configuration.isSet(name) || configuration.get(name) === property.value
      ? []
      : [{ name, source: placeOf(property), reason: OVERSHADOWED }],
  );
}

function keysWithoutEffect(configuration: Configuration): readonly IdleKey[] {
  return configuration.names().flatMap((name) => {
    const reason = withoutEffect(name);
    if (reason === undefined || !configuration.isSet(name) || configuration.get(name) === KEYS[name as KeyName].default)
      return [];
    return [{ name, source: sourceOf(configuration, name), reason }];
  });
}

/** Why a key of ours changes nothing; undefined: it does, or is none. */
export const withoutEffect = (name: string): string | undefined =>
  Object.hasOwn(WITHOUT_EFFECT, name) ? WITHOUT_EFFECT[name as KeyName] : undefined;

const isKnown = (name: string, ids: ReadonlySet<string>): boolean =>
  Object.hasOwn(KEYS, name) || Object.hasOwn(KEYS, withoutSuffix(name, ids)) || PATTERNS.some((pattern) => pattern.test(name));

/** Where a key was set: file and line, `command line`, or `default`. */
export function sourceOf(configuration: Configuration, name: string): string {
  const property = configuration.property(name);
  if (property === undefined) return 'nowhere';
  return placeOf(property);
}

const placeOf = ({ source, line }: Property): string => (line === undefined ? source : `${source}:${line}`);

/** The known key that differs least; undefined where all differ in more than every fourth letter. */
export function nearestKey(name: string): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const key of Object.keys(KEYS)) {
    const distance = distanceWithin(name, key, least - 1);
    if (distance >= least) continue;
    least = distance;
    nearest = key;
  }
  return nearest;
}

/** Letters to add, drop, change or swap with their neighbour; `limit` + 1 for more than `limit`. */
function distanceWithin(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) > limit) return limit + 1;
  let [before, above] = [[] as number[], Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let least = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    if (Math.min(...row) > limit) return limit + 1;
    [before, above] = [above, row];
  }
  return above[to.length] ?? limit + 1;
}

/** What is said of one at the start of a daemon. */
export function describeUnknown({ name, source, nearest }: UnknownKey): string {
  const like = nearest === undefined ? '' : `; the nearest that is known: ${nearest}`;
  return `${name} (${source}) is not known and changes nothing${like}`;
}

export function describeIdle({ name, source, reason }: IdleKey): string {
  return `${name} (${source}) has no effect: ${reason}`;
}
