// Which NameNodes a configuration speaks of: nameservices, their NameNodes, and the keys that carry their names as
// suffixes (dfs.namenode.rpc-address.NAMESERVICE.NAMENODE). Apache: DFSUtil, DFSUtilClient, NameNode.initializeGenericKeys.
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from './configuration.ts';
import { defaultFileSystem } from './default-file-system.ts';

/** Apache: HdfsClientConfigKeys.DFS_NAMENODE_RPC_PORT_DEFAULT. */
export const DEFAULT_RPC_PORT = 8020;

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface NameNodeAddress extends HostPort {
  /** Id within its nameservice; undefined where there is only one. */
  readonly namenode: string | undefined;
  /** Where a DataNode sends its lifelines to it. */
  readonly lifeline?: HostPort | undefined;
}

export interface Nameservice {
  /** Undefined: the one NameNode of a configuration without nameservices. */
  readonly nameservice: string | undefined;
  readonly namenodes: readonly NameNodeAddress[];
}

/** `HOST:PORT`, `[IPv6]:PORT`, or a host alone when a port is given. Throws EINVAL naming `what`. */
export function parseHostPort(text: string, what: string, defaultPort?: number): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:/\s[\]]+))(?::(\d{1,5}))?$/.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (host === undefined || port === undefined || port > 65535) {
    throw new HdfsError('EINVAL', `${what} is "${text}", but must be HOST:PORT`);
  }
  return { host, port };
}

export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An address key as host and port. */
export function addressOf(configuration: Configuration, name: string, defaultPort?: number): HostPort {
  return parseHostPort(configuration.require(name), name, defaultPort);
}

/** `key.suffix.suffix`, without those that are undefined. */
export function suffixed(key: string, ...suffixes: readonly (string | undefined)[]): string {
  return [key, ...suffixes.filter((suffix) => suffix !== undefined && suffix !== '')].join('.');
}

/** Ids of the NameNodes of a nameservice; one undefined when it has no ids. */
export function namenodeIds(configuration: Configuration, nameservice: string | undefined): readonly (string | undefined)[] {
  const ids = configuration.getStrings(suffixed('dfs.ha.namenodes', nameservice));
  return ids.length === 0 ? [undefined] : ids;
}

function addressesUnder(
  configuration: Configuration,
  nameservice: string | undefined,
  keys: readonly string[],
): readonly NameNodeAddress[] {
  const found: NameNodeAddress[] = [];
  for (const namenode of namenodeIds(configuration, nameservice)) {
    for (const key of keys) {
      const name = suffixed(key, nameservice, namenode);
      const value = configuration.get(name);
      if (value === undefined || value === '') continue;
      found.push({ namenode, ...parseHostPort(value, name, DEFAULT_RPC_PORT) });
      break;
    }
  }
  return found;
}

export interface HdfsUri {
  readonly authority: string;
  /** Starts with `/`; empty when the URI has none. */
  readonly path: string;
}

/** The parts of `hdfs://AUTHORITY/PATH`; undefined for anything else. */
export function parseHdfsUri(uri: string): HdfsUri | undefined {
  const match = /^hdfs:\/\/([^/]*)(\/.*)?$/s.exec(uri);
  return match === null ? undefined : { authority: match[1] ?? '', path: match[2] ?? '' };
}

/**
 * The NameNodes that a client asks for `uri` (`hdfs://NAMESERVICE`, `hdfs://HOST:PORT`; fs.defaultFS without one).
 * Throws EINVAL when it is no HDFS.
 */
export function clientNameNodes(configuration: Configuration, uri?: string): Nameservice {
  const text = uri ?? defaultFileSystem(configuration);
  const authority = parseHdfsUri(text)?.authority;
  if (authority === undefined || authority === '') {
    if (authority === '' && uri !== undefined && uri !== defaultFileSystem(configuration))
      return clientNameNodes(configuration);
    const where = uri === undefined ? `fs.defaultFS is "${text}", which` : `"${text}"`;
    throw new HdfsError('EINVAL', `${where} is no HDFS; it must be hdfs://HOST:PORT or hdfs://NAMESERVICE`);
  }
  if (configuration.getStrings('dfs.nameservices').includes(authority)) {
    const namenodes = addressesUnder(configuration, authority, ['dfs.namenode.rpc-address']);
    if (namenodes.length === 0) {
      throw new HdfsError('EINVAL', `nameservice ${authority} has no ${suffixed('dfs.namenode.rpc-address', authority, '…')}`);
    }
    return { nameservice: authority, namenodes };
  }
  return { nameservice: undefined, namenodes: [{ namenode: undefined, ...parseHostPort(authority, text, DEFAULT_RPC_PORT) }] };
}

/** The NameNodes that a DataNode reports to, by nameservice. Apache: DFSUtil.getNNServiceRpcAddressesForCluster. */
export function dataNodeNameservices(configuration: Configuration): readonly Nameservice[] {
  const all = configuration.getStrings('dfs.nameservices');
  const internal = configuration.getStrings('dfs.internal.nameservices');
  for (const name of internal) {
    if (!all.includes(name))
      throw new HdfsError('EINVAL', `dfs.internal.nameservices names ${name}, which dfs.nameservices does not`);
  }
  const wanted: readonly (string | undefined)[] = internal.length > 0 ? internal : all.length > 0 ? all : [undefined];
  const keys = ['dfs.namenode.servicerpc-address', 'dfs.namenode.rpc-address'];
  const found: Nameservice[] = [];
  for (const nameservice of wanted) {
    const namenodes = addressesUnder(configuration, nameservice, keys);
    if (namenodes.length > 0) found.push(withLifelines(configuration, { nameservice, namenodes }));
  }
  if (found.length === 0 && all.length === 0) return [withLifelines(configuration, clientNameNodes(configuration))];
  if (found.length === 0) {
    throw new HdfsError(
      'EINVAL',
      `no NameNode address: ${keys.map((key) => `${key}.${wanted.join(',')}`).join(' or ')} is not set`,
    );
  }
  return found;
}

function withLifelines(configuration: Configuration, { nameservice, namenodes }: Nameservice): Nameservice {
  return {
    nameservice,
    namenodes: namenodes.map((address) => {
      const name = suffixed('dfs.namenode.lifeline.rpc-address', nameservice, address.namenode);
      const value = configuration.get(name);
      return value === undefined || value === '' ? address : { ...address, lifeline: parseHostPort(value, name) };
    }),
  };
}

/** Keys of which each NameNode may have its own. Apache: NameNode.NAMENODE_SPECIFIC_KEYS. */
const NAMENODE_SPECIFIC_KEYS = [
  'dfs.namenode.rpc-address',
  'dfs.namenode.rpc-bind-host',
  'dfs.namenode.name.dir',
  'dfs.namenode.edits.dir',
  'dfs.namenode.shared.edits.dir',
  'dfs.namenode.checkpoint.dir',
  'dfs.namenode.checkpoint.edits.dir',
  'dfs.namenode.lifeline.rpc-address',
  'dfs.namenode.lifeline.rpc-bind-host',
  'dfs.namenode.servicerpc-address',
  'dfs.namenode.servicerpc-bind-host',
  'dfs.namenode.http-address',
  'dfs.namenode.https-address',
  'dfs.namenode.http-bind-host',
  'dfs.namenode.https-bind-host',
  'dfs.namenode.secondary.http-address',
  'dfs.namenode.kerberos.principal',
  'dfs.ha.fencing.methods',
  'dfs.ha.zkfc.port',
] as const;

export interface NameNodeIdentity {
  readonly nameservice: string | undefined;
  readonly namenode: string | undefined;
}

/**
 * Which NameNode of the configuration this process is. `isLocal` tells whether a host is this machine; it decides when
 * dfs.nameservice.id and dfs.ha.namenode.id leave a choice. Throws EINVAL when more than one fits.
 */
export function nameNodeIdentity(configuration: Configuration, isLocal: (host: string) => boolean): NameNodeIdentity {
  const nameservices = configuration.getStrings('dfs.nameservices');
  const knownService = configuration.get('dfs.nameservice.id');
  const knownNode = configuration.get('dfs.ha.namenode.id');
  if (nameservices.length === 0) return { nameservice: undefined, namenode: knownNode };
  const matches: NameNodeIdentity[] = [];
  for (const nameservice of nameservices) {
    if (knownService !== undefined && knownService !== nameservice) continue;
    for (const namenode of namenodeIds(configuration, nameservice)) {
      if (knownNode !== undefined && knownNode !== namenode) continue;
      matches.push({ nameservice, namenode });
    }
  }
  const only = matches[0];
  if (matches.length === 1 && only !== undefined) return only;
  const local = matches.filter(({ nameservice, namenode }) => {
    const name = suffixed('dfs.namenode.rpc-address', nameservice, namenode);
    const value = configuration.get(name);
    return value !== undefined && isLocal(parseHostPort(value, name, DEFAULT_RPC_PORT).host);
  });
  const found = local[0];
  if (local.length === 1 && found !== undefined) return found;
  throw new HdfsError(
    'EINVAL',
    `${local.length === 0 ? 'no NameNode' : 'more than one NameNode'} of the configuration is this one; ` +
      'set dfs.nameservice.id and dfs.ha.namenode.id',
  );
}

/** The configuration of one NameNode: its own keys stand without their suffixes. Apache: initializeGenericKeys. */
export function nameNodeConfiguration(configuration: Configuration, identity: NameNodeIdentity): Configuration {
  const { nameservice, namenode } = identity;
  const values: Record<string, string> = {};
  if (nameservice !== undefined || namenode !== undefined) {
    if (nameservice !== undefined) values['dfs.nameservice.id'] = nameservice;
    if (namenode !== undefined) values['dfs.ha.namenode.id'] = namenode;
    for (const key of NAMENODE_SPECIFIC_KEYS) {
      for (const name of [suffixed(key, nameservice, namenode), suffixed(key, nameservice)]) {
        const value = configuration.get(name);
        if (value === undefined) continue;
        values[key] = value;
        break;
      }
    }
    const automatic = configuration.get(suffixed('dfs.ha.automatic-failover.enabled', nameservice));
    if (automatic !== undefined) values['dfs.ha.automatic-failover.enabled'] = automatic;
  }
  const own = configuration.with(values, 'nameservice');
  const rpc = own.get('dfs.namenode.rpc-address');
  return rpc === undefined ? own : own.with({ 'fs.defaultFS': `hdfs://${rpc}` }, 'dfs.namenode.rpc-address');
}

/** Address that a NameNode offers to clients: dfs.namenode.rpc-address, else fs.defaultFS. */
export function nameNodeRpcAddress(configuration: Configuration): HostPort {
  const own = configuration.get('dfs.namenode.rpc-address');
  if (own !== undefined && own !== '') return parseHostPort(own, 'dfs.namenode.rpc-address', DEFAULT_RPC_PORT);
  const [first] = clientNameNodes(configuration).namenodes;
  if (first === undefined) throw new HdfsError('EINVAL', 'neither dfs.namenode.rpc-address nor fs.defaultFS names a NameNode');
  return { host: first.host, port: first.port };
}

/**
 * What clients of a NameNode call it: its nameservice, or host and port of fs.defaultFS, else where it listens. Apache:
 * NameNode.getTokenServiceName.
 */
export function clientAuthority(configuration: Configuration, listening: HostPort): string {
  const authority = parseHdfsUri(defaultFileSystem(configuration))?.authority ?? '';
  if (authority !== '' && configuration.getStrings('dfs.nameservices').includes(authority)) return authority;
  if (/:[1-9]\d*$/.test(authority)) return authority;
  const { host } = nameNodeRpcAddress(configuration);
  return formatHostPort({ host, port: listening.port });
}

/** Local directories of a key such as dfs.namenode.name.dir: plain paths or file: URIs. */
export function directoriesOf(configuration: Configuration, name: string): readonly string[] {
  return configuration.getStrings(name).map((entry) => localPath(entry, name));
}

export function localPath(entry: string, what: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(entry)) return entry;
  const match = /^file:(?:\/\/(?:localhost)?)?(\/.*)$/i.exec(entry);
  if (match?.[1] === undefined) throw new HdfsError('EINVAL', `${what} holds "${entry}", but must name local directories`);
  let path: string;
  try {
    path = decodeURIComponent(match[1]);
  } catch (error) {
    throw new HdfsError('EINVAL', `${what} holds "${entry}", whose percent escapes are broken`, { cause: error });
  }
  return path;
}
