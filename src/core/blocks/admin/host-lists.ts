// Which DataNodes may register, which are to leave, and which are in maintenance until when: from the include and exclude
// files, or from the one JSON file of CombinedHostFileManager. Names are resolved by whoever reads the files. Mirrors
// HostFileManager, HostSet, HostsFileReader and CombinedHostFileManager.
import { HdfsError } from '../../../base/errors.ts';

/** A host that a file names; port 0 stands for every port. */
export interface NamedHost {
  readonly hostName: string;
  readonly port: number;
}

export interface ResolvedHost extends NamedHost {
  readonly address: string;
}

/** Where a DataNode serves. */
export interface HostAddress {
  readonly ipAddr: string;
  readonly xferPort: number;
}

export interface HostLists {
  isIncluded(node: HostAddress): boolean;
  isExcluded(node: HostAddress): boolean;
  /** Wall clock, ms since 1970; 0 when it is not to be in maintenance. */
  maintenanceUntilMs(node: HostAddress): number;
  /** Every host that is expected. */
  readonly includes: readonly ResolvedHost[];
}

/** What the JSON file says of a host. */
export interface HostProperties extends NamedHost {
  readonly state: 'normal' | 'decommissioned' | 'maintenance' | 'other';
  readonly maintenanceUntilMs: number;
}

const matches = (host: ResolvedHost, { ipAddr, xferPort }: HostAddress): boolean =>
  host.address === ipAddr && (host.port === 0 || host.port === xferPort);

/** Hosts by address, so that thousands of them are looked up at once. */
class HostIndex<H extends ResolvedHost> {
  readonly all: readonly H[];
  readonly #byAddress = new Map<string, H[]>();

  constructor(all: readonly H[]) {
    this.all = all;
    for (const host of all) {
      const same = this.#byAddress.get(host.address);
      if (same === undefined) this.#byAddress.set(host.address, [host]);
      else same.push(host);
    }
  }

  find(node: HostAddress, test: (host: H) => boolean = () => true): H | undefined {
    return this.#byAddress.get(node.ipAddr)?.find((host) => matches(host, node) && test(host));
  }
}

/** Include and exclude file. An empty include list lets everybody in. */
export function plainHostLists(included: readonly ResolvedHost[], excluded: readonly ResolvedHost[]): HostLists {
  const includes = new HostIndex(included);
  const excludes = new HostIndex(excluded);
  return {
    isIncluded: (node) => included.length === 0 || includes.find(node) !== undefined,
    isExcluded: (node) => excludes.find(node) !== undefined,
    maintenanceUntilMs: () => 0,
    includes: included,
  };
}

/** The JSON file. Everybody is let in when it names no host in service. */
export function combinedHostLists(hosts: readonly (HostProperties & ResolvedHost)[]): HostLists {
  const index = new HostIndex(hosts);
  const open = !hosts.some(({ state }) => state === 'normal');
  return {
    isIncluded: (node) => open || index.find(node) !== undefined,
    isExcluded: (node) => index.find(node, ({ state }) => state === 'decommissioned') !== undefined,
    maintenanceUntilMs: (node) => index.find(node, ({ state }) => state === 'maintenance')?.maintenanceUntilMs ?? 0,
    includes: hosts,
  };
}

export const NO_HOST_LISTS: HostLists = plainHostLists([], []);

/** Words of an include or exclude file; `#` begins a comment. */
export function parseHostsFile(text: string): string[] {
  const words = new Set<string>();
  for (const line of text.split(/\r?\n/)) {
    for (const word of line.split(/[ \t\f\r]+/)) {
      if (word.startsWith('#')) break;
      if (word !== '') words.add(word);
    }
  }
  return [...words];
}

/** `host`, `host:port`, `[v6]:port`; undefined when it is none of them. */
export function parseHostEntry(entry: string): NamedHost | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:/@\s]+))(?::(\d+))?$/.exec(entry);
  const hostName = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? 0);
  return hostName === undefined || port > 65_535 ? undefined : { hostName, port };
}

const STATES: Readonly<Record<string, HostProperties['state']>> = {
  NORMAL: 'normal',
  DECOMMISSIONED: 'decommissioned',
  IN_MAINTENANCE: 'maintenance',
  DECOMMISSION_INPROGRESS: 'other',
  ENTERING_MAINTENANCE: 'other',
};
const FIELDS = new Set(['hostName', 'port', 'upgradeDomain', 'adminState', 'maintenanceExpireTimeInMS']);

/**
 * The JSON file: an array of objects, or objects one after the other as before Hadoop 3.0. Throws HdfsError with the place
 * when it is neither. (Apache logs that and goes on as if no host were named, which calls every leaving node back.)
 */
export function parseCombinedHostsFile(text: string): HostProperties[] {
  if (text.trim() === '') return [];
  return jsonObjects(text).map((object, index) => {
    const wrong = (what: string): HdfsError => new HdfsError('EIO', `host file, entry ${index + 1}: ${what}`);
    if (typeof object !== 'object' || object === null || Array.isArray(object)) throw wrong('an object is expected');
    const fields = object as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(fields).find((field) => !FIELDS.has(field));
    if (unknown !== undefined) throw wrong(`unknown field ${unknown}`);
    const { hostName, port = 0, adminState, maintenanceExpireTimeInMS: until = Number.MAX_SAFE_INTEGER } = fields;
    if (typeof hostName !== 'string' || hostName === '') throw wrong('hostName is missing');
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) throw wrong('port is no port');
    if (typeof until !== 'number') throw wrong('maintenanceExpireTimeInMS is no number');
    const state = adminState === undefined || adminState === null ? 'normal' : STATES[String(adminState)];
    if (state === undefined) throw wrong(`adminState ${String(adminState)} is unknown`);
    return { hostName, port, state, maintenanceUntilMs: until };
  });
}

function jsonObjects(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch (error) {
    const old = oldFormat(text);
    if (old !== undefined) return old;
    throw new HdfsError('EIO', `host file: ${(error as Error).message}`);
  }
}

/** Objects one after the other, without brackets or commas. */
function oldFormat(text: string): readonly unknown[] | undefined {
  try {
    return JSON.parse(`[${text.replace(/\}\s*,?\s*(?=\{)/g, '},')}]`) as unknown[];
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
