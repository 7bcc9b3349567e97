// The parameters of HttpFS. Each operation knows its own and passes over all others; what they mean, and the words for what
// cannot be understood, are not those of a NameNode. Mirrors Hadoop's HttpFSParametersProvider and its Param classes.
import { HdfsError } from '../../base/errors.ts';
import {
  ACL_DOMAIN,
  ACL_ENTRY,
  type DefaultedName,
  PARAMETERS,
  type ParameterName,
  type ParameterValue,
  parseDigits,
  type Query,
  type QueryValues,
  trimmed,
} from '../../webhdfs/parameters.ts';
import type { WebHdfsOp } from '../../wire/tables/webhdfs.ts';

/** Those that a NameNode does not have. */
type OwnName = 'data' | 'filter';
type Name = ParameterName | OwnName;

interface Declared {
  /** What a refusal says that the value must be. */
  readonly domain: string;
  /** Undefined: not understood. */
  parse(text: string): unknown;
}

function integral(domain: string, bits: number, radix = 10): Declared {
  const limit = 2n ** BigInt(bits - 1);
  return {
    domain,
    parse(text) {
      const value = parseDigits(text, radix);
      if (value === undefined || value < -limit || value >= limit) return undefined;
      return bits === 64 ? value : Number(value);
    },
  };
}

const LONG = integral('a long', 64);
const SHORT = integral('a short', 16);
const OCTAL = integral('a short', 16, 8);
const BOOLEAN: Declared = {
  domain: 'a boolean',
  parse: (text) => ({ true: true, false: false })[text.toLowerCase()],
};
const TEXT: Declared = { domain: 'a string', parse: trimmed };

const matching = (domain: string, matches: (text: string) => boolean): Declared => ({
  domain,
  parse: (text) => (matches(trimmed(text)) ? trimmed(text) : undefined),
});

const CODECS: readonly string[] = ['TEXT', 'HEX', 'BASE64'];
const XATTR_FLAGS: readonly string[] = ['CREATE', 'REPLACE'];
const XATTR_DOMAIN = '^(user\\.|trusted\\.|system\\.|security\\.).+';

const DECLARED: Readonly<Partial<Record<Name, Declared>>> = {
  accessTime: LONG,
  aclSpec: matching(ACL_DOMAIN, (text) => text.split(',').every((entry) => ACL_ENTRY.test(entry))),
  allUsers: BOOLEAN,
  blockSize: LONG,
  data: BOOLEAN,
  destination: TEXT,
  ecPolicy: TEXT,
  encoding: {
    domain: CODECS.join(','),
    parse: (text) => CODECS.find((codec) => codec === text.toUpperCase()),
  },
  filter: TEXT,
  fsAction: TEXT,
  group: TEXT,
  length: LONG,
  modificationTime: LONG,
  newLength: LONG,
  noRedirect: BOOLEAN,
  offset: LONG,
  oldSnapshotName: TEXT,
  overwrite: BOOLEAN,
  owner: TEXT,
  permission: OCTAL,
  recursive: BOOLEAN,
  replication: SHORT,
  snapshotDiffIndex: integral('an integer', 32),
  snapshotDiffStartPath: TEXT,
  snapshotName: TEXT,
  sources: TEXT,
  startAfter: TEXT,
  storagePolicy: TEXT,
  unmaskedPermission: OCTAL,
  xattrFlag: {
    domain: `[${XATTR_FLAGS.join(', ')}]`,
    parse(text) {
      const wanted = text.split(',').map((word) => trimmed(word).toUpperCase());
      return wanted.every((word) => XATTR_FLAGS.includes(word))
        ? XATTR_FLAGS.filter((flag) => wanted.includes(flag))
        : undefined;
    },
  },
  xattrName: matching(XATTR_DOMAIN, (text) => /^(user\.|trusted\.|system\.|security\.)./s.test(text)),
  xattrValue: TEXT,
};

/** In the order in which they are looked at. Operations that Hadoop's HttpFS does not have are left to the NameNode's rules. */
const OF_OPERATION: Readonly<Partial<Record<WebHdfsOp, readonly Name[]>>> = {
  OPEN: ['offset', 'length', 'noRedirect'],
  GETFILESTATUS: [],
  LISTSTATUS: ['filter'],
  GETHOMEDIRECTORY: [],
  GETCONTENTSUMMARY: [],
  GETQUOTAUSAGE: [],
  GETFILECHECKSUM: ['noRedirect'],
  GETFILEBLOCKLOCATIONS: ['offset', 'length'],
  GET_BLOCK_LOCATIONS: ['offset', 'length'],
  GETACLSTATUS: [],
  GETTRASHROOT: [],
  GETTRASHROOTS: ['allUsers'],
  GETXATTRS: ['xattrName', 'encoding'],
  LISTXATTRS: [],
  LISTSTATUS_BATCH: ['startAfter'],
  GETALLSTORAGEPOLICY: [],
  GETSTORAGEPOLICY: [],
  GETSNAPSHOTDIFF: ['oldSnapshotName', 'snapshotName'],
  GETSNAPSHOTDIFFLISTING: ['oldSnapshotName', 'snapshotName', 'snapshotDiffStartPath', 'snapshotDiffIndex'],
  GETSNAPSHOTTABLEDIRECTORYLIST: [],
  GETSNAPSHOTLIST: [],
  GETSERVERDEFAULTS: [],
  CHECKACCESS: ['fsAction'],
  GETECPOLICY: [],
  GETECPOLICIES: [],
  GETECCODECS: [],
  GETFILELINKSTATUS: [],
  GETSTATUS: [],
  APPEND: ['data', 'noRedirect'],
  CONCAT: ['sources'],
  TRUNCATE: ['newLength'],
  UNSETSTORAGEPOLICY: [],
  UNSETECPOLICY: [],
  CREATE: ['permission', 'overwrite', 'replication', 'blockSize', 'data', 'unmaskedPermission', 'noRedirect'],
  MKDIRS: ['permission', 'unmaskedPermission'],
  RENAME: ['destination'],
  SETOWNER: ['owner', 'group'],
  SETPERMISSION: ['permission'],
  SETREPLICATION: ['replication'],
  SETTIMES: ['modificationTime', 'accessTime'],
  SETACL: ['aclSpec'],
  REMOVEACL: [],
  MODIFYACLENTRIES: ['aclSpec'],
  REMOVEACLENTRIES: ['aclSpec'],
  REMOVEDEFAULTACL: [],
  SETXATTR: ['xattrName', 'xattrValue', 'xattrFlag'],
  REMOVEXATTR: ['xattrName'],
  SETSTORAGEPOLICY: ['storagePolicy'],
  SATISFYSTORAGEPOLICY: [],
  ALLOWSNAPSHOT: [],
  DISALLOWSNAPSHOT: [],
  CREATESNAPSHOT: ['snapshotName'],
  RENAMESNAPSHOT: ['oldSnapshotName', 'snapshotName'],
  SETECPOLICY: ['ecPolicy'],
  DELETE: ['recursive'],
  DELETESNAPSHOT: ['snapshotName'],
};

const wireName = (name: Name): string => (name === 'data' || name === 'filter' ? name : PARAMETERS[name].name);

const MODE_BITS = 0o1777;
/** Hadoop's value for what a request does not say. */
const NOT_GIVEN = -1;

/** The value for an operation, where Hadoop's number means something else than itself. */
function meant(name: Name, op: string, value: unknown): unknown {
  switch (name) {
    case 'permission':
      return (value as number) & MODE_BITS;
    case 'unmaskedPermission':
      return value === NOT_GIVEN ? undefined : (value as number) & MODE_BITS;
    case 'replication':
      return value === NOT_GIVEN && op === 'CREATE' ? undefined : value;
    case 'blockSize':
      return value === BigInt(NOT_GIVEN) ? undefined : value;
    case 'offset':
      return (value as bigint) < 0n ? 0n : value;
    case 'length':
      if (op === 'OPEN') return value === BigInt(NOT_GIVEN) ? undefined : (value as bigint) < 0n ? 0n : value;
      return (value as bigint) <= 0n ? undefined : value;
    default:
      return value;
  }
}

/** The parameters of one operation, all of them looked at. */
export class HttpFsParameters implements QueryValues {
  readonly #query: Query;
  readonly #values = new Map<string, unknown>();

  /** Undefined for an operation that has no rules of its own. Throws HdfsError EILLEGAL for a value that is not understood. */
  static of(op: string, query: Query): HttpFsParameters | undefined {
    const names = Object.hasOwn(OF_OPERATION, op) ? OF_OPERATION[op as WebHdfsOp] : undefined;
    return names === undefined ? undefined : new HttpFsParameters(op, names, query);
  }

  private constructor(op: string, names: readonly Name[], query: Query) {
    this.#query = query;
    for (const name of names) {
      const declared = DECLARED[name] ?? TEXT;
      const given = query.all(wireName(name).toLowerCase()).filter((text) => trimmed(text) !== '');
      const values = given.map((text) => {
        const value = declared.parse(text);
        if (value !== undefined) return value;
        const reason = `Parameter [${wireName(name)}], invalid value [${text}], value must be [${declared.domain}]`;
        throw new HdfsError('EILLEGAL', `java.lang.IllegalArgumentException: ${reason}`);
      });
      if (values.length > 0) this.#values.set(name, meant(name, op, values[0]));
    }
  }

  raw(name: string): string | undefined {
    return this.#query.raw(name);
  }

  all(name: string): readonly string[] {
    return this.#query.all(name);
  }

  get<N extends ParameterName>(parameter: N): ParameterValue<N> | undefined {
    return this.#values.get(parameter) as ParameterValue<N> | undefined;
  }

  of(parameter: DefaultedName): boolean {
    const value = this.#values.get(parameter) as boolean | undefined;
    // HttpFS replaces a file unless it is told not to.
    return value ?? (parameter === 'overwrite' || parameter === 'createParent');
  }

  /** Whether the body comes with this request. */
  get hasData(): boolean {
    return this.#values.get('data') === true;
  }

  /** Pattern of names that a listing is cut to. */
  get filter(): string | undefined {
    return this.#values.get('filter') as string | undefined;
  }
}
