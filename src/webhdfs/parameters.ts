// The parameters of WebHDFS: name, what holds when it is not given, and how its text is understood or refused, in the words
// of Hadoop's classes in org.apache.hadoop.hdfs.web.resources. A value that Hadoop holds as null is undefined here.
import { HdfsError } from '../base/errors.ts';

export interface Parameter<T> {
  readonly name: string;
  /** Text in place of a parameter that is not given. */
  readonly fallback: string;
  /** Throws HdfsError EILLEGAL. */
  parse(text: string): T | undefined;
  /** The value as Hadoop prints it. */
  format(value: T): string;
}

const NULL = 'null';
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

const illegal = (message: string): HdfsError => new HdfsError('EILLEGAL', message);

/** What Java's Long.parseLong takes. */
export function parseDigits(text: string, radix: number): bigint | undefined {
  const digits = radix === 8 ? /^[+-]?[0-7]+$/ : /^[+-]?[0-9]+$/;
  // Longer texts are out of range anyway; a number of a million digits is not worth the time.
  if (!digits.test(text) || text.replace(/^[+-]?0*/, '').length > 32) return undefined;
  const magnitude = text.replace(/^[+-]/, '');
  const value = BigInt(radix === 8 ? `0o${magnitude}` : magnitude);
  return text.startsWith('-') ? -value : value;
}

interface Range {
  readonly min?: bigint;
  readonly max?: bigint;
}

interface Integral extends Range {
  readonly fallback?: string;
  readonly radix?: number;
}

/** `kind` is the word of Hadoop's messages; `bits` bound what it holds. */
function integral(name: string, kind: string, bits: number, { fallback = NULL, radix = 10, min, max }: Integral) {
  const limit = 2n ** BigInt(bits - 1);
  return {
    name,
    fallback,
    parse(text: string): bigint | undefined {
      if (text === NULL) return undefined;
      const value = parseDigits(text, radix);
      if (value === undefined || value < -limit || value >= limit) {
        throw illegal(`Failed to parse "${text}" as a radix-${radix} ${kind}.`);
      }
      if (min !== undefined && value < min) {
        throw illegal(`Invalid parameter range: ${name} = ${value.toString(radix)} < ${min.toString(radix)}`);
      }
      if (max !== undefined && value > max) {
        throw illegal(`Invalid parameter range: ${name} = ${value.toString(radix)} > ${max.toString(radix)}`);
      }
      return value;
    },
    format: (value: bigint): string => value.toString(radix),
  } satisfies Parameter<bigint>;
}

const long = (name: string, range: Integral = {}): Parameter<bigint> => integral(name, 'long integer', 64, range);

const narrow = (parameter: Parameter<bigint>): Parameter<number> => ({
  name: parameter.name,
  fallback: parameter.fallback,
  parse(text) {
    const value = parameter.parse(text);
    return value === undefined ? undefined : Number(value);
  },
  format: (value) => parameter.format(BigInt(value)),
});

const int = (name: string, range: Integral = {}): Parameter<number> => narrow(integral(name, 'integer', 32, range));
const short = (name: string, range: Integral = {}): Parameter<number> => narrow(integral(name, 'short integer', 16, range));

const bool = (name: string, fallback: boolean): Parameter<boolean> => ({
  name,
  fallback: String(fallback),
  parse(text) {
    const lower = text.toLowerCase();
    if (lower !== 'true' && lower !== 'false') throw illegal(`Failed to parse "${text}" to Boolean.`);
    return lower === 'true';
  },
  format: String,
});

/** `domain` is a regular expression that all of the text has to match. */
function text(name: string, domain?: string, fallback = ''): Parameter<string> {
  const pattern = domain === undefined ? undefined : new RegExp(`^(?:${domain})$`, 's');
  return {
    name,
    fallback,
    parse(given) {
      if (given === '' || given === fallback) return undefined;
      if (pattern !== undefined && !pattern.test(given)) {
        throw illegal(`Invalid value: "${given}" does not belong to the domain ${domain}`);
      }
      return given;
    },
    format: (value) => value,
  };
}

const oneOf = (name: string, javaClass: string, names: readonly string[]): Parameter<string> => ({
  name,
  fallback: '',
  parse(given) {
    if (given === '') return undefined;
    const upper = given.toUpperCase();
    if (!names.includes(upper)) throw illegal(`No enum constant ${javaClass}.${upper}`);
    return upper;
  },
  format: (value) => value,
});

/** Java's String.trim: control characters go as spaces do. */
export function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(start, end);
}

/** Values in the order of their declaration, as Java's EnumSet has them. */
const setOf = (name: string, javaClass: string, names: readonly string[]): Parameter<readonly string[]> => ({
  name,
  fallback: '',
  parse(given) {
    if (given === '') return [];
    const wanted = given.split(',').map((part) => {
      const upper = trimmed(part).toUpperCase();
      if (!names.includes(upper)) throw illegal(`No enum constant ${javaClass}.${upper}`);
      return upper;
    });
    return names.filter((known) => wanted.includes(known));
  },
  format: (values) => values.join(','),
});

/**
 * Path of a text that begins with a slash, as Hadoop's Path makes it: what stands behind two slashes is a host and no part of it,
 * no slash stands twice or at the end, and dots are resolved, but those that lead above the root.
 */
export function plainPath(given: string): string {
  const path = /^\/\/[^/]/.test(given) ? given.slice(`${given}/`.indexOf('/', 2)) : given;
  if (path === '') return '';
  const components: string[] = [];
  for (const component of path.split('/')) {
    if (component === '' || component === '.') continue;
    const last = components.at(-1);
    if (component === '..' && last !== undefined && last !== '..') components.pop();
    else components.push(component);
  }
  return `/${components.join('/')}`;
}

const DESTINATION: Parameter<string> = {
  ...text('destination'),
  parse(given) {
    if (given === '') return undefined;
    if (!given.startsWith('/')) {
      throw illegal(`Invalid parameter value: destination = "${given}" is not an absolute path.`);
    }
    const path = plainPath(given);
    return path === '' ? undefined : path;
  },
};

/** Apache: dfs.webhdfs.user.provider.user.pattern. */
const USER_PATTERN = '^[A-Za-z_][A-Za-z0-9._-]*[$]?$';
/** Apache: dfs.webhdfs.acl.provider.permission.pattern. Java's nested class `[[…]]` is a plain union here. */
export const ACL_DOMAIN =
  '^(default:)?(user|group|mask|other):[[A-Za-z_][A-Za-z0-9._-]]*:([rwx-]{3})?(,(default:)?(user|group|mask|other):[[A-Za-z_][A-Za-z0-9._-]]*:([rwx-]{3})?)*$';
export const ACL_ENTRY = /^(default:)?(user|group|mask|other):[A-Za-z0-9._-]*:([rwx-]{3})?$/;

const ACLSPEC: Parameter<string> = {
  ...text('aclspec'),
  parse(given) {
    if (given === '') return undefined;
    if (!given.split(',').every((entry) => ACL_ENTRY.test(entry))) {
      throw illegal(`Invalid value: "${given}" does not belong to the domain ${ACL_DOMAIN}`);
    }
    return given;
  },
};

const quota = (name: string): Parameter<bigint> => long(name, { fallback: String(LONG_MAX), min: -1n, max: LONG_MAX });

/** Every parameter but `op`, whose values depend on the HTTP method. */
export const PARAMETERS = {
  delegation: text('delegation'),
  user: text('user.name', USER_PATTERN),
  doAs: text('doas'),
  destination: DESTINATION,
  owner: text('owner'),
  group: text('group'),
  permission: short('permission', { radix: 8, min: 0n, max: 0o1777n }),
  unmaskedPermission: short('unmaskedpermission', { radix: 8, min: 0n, max: 0o1777n }),
  overwrite: bool('overwrite', false),
  bufferSize: int('buffersize', { min: 1n }),
  replication: short('replication', { min: 1n }),
  blockSize: long('blocksize', { min: 1n }),
  modificationTime: long('modificationtime', { fallback: '-1', min: -1n }),
  accessTime: long('accesstime', { fallback: '-1', min: -1n }),
  renameOptions: setOf('renameoptions', 'org.apache.hadoop.fs.Options.Rename', ['NONE', 'OVERWRITE', 'TO_TRASH']),
  createParent: bool('createparent', true),
  token: text('token'),
  aclSpec: ACLSPEC,
  xattrName: text('xattr.name'),
  xattrValue: text('xattr.value'),
  xattrFlag: setOf('flag', 'org.apache.hadoop.fs.XAttrSetFlag', ['CREATE', 'REPLACE']),
  snapshotName: text('snapshotname'),
  oldSnapshotName: text('oldsnapshotname'),
  excludeDatanodes: text('excludedatanodes'),
  createFlag: setOf('createflag', 'org.apache.hadoop.fs.CreateFlag', [
    'CREATE',
    'OVERWRITE',
    'APPEND',
    'SYNC_BLOCK',
    'LAZY_PERSIST',
    'NEW_BLOCK',
    'NO_LOCAL_WRITE',
    'SHOULD_REPLICATE',
    'IGNORE_CLIENT_LOCALITY',
    'NO_LOCAL_RACK',
  ]),
  noRedirect: bool('noredirect', false),
  storagePolicy: text('storagepolicy'),
  ecPolicy: text('ecpolicy'),
  namespaceQuota: quota('namespacequota'),
  storageSpaceQuota: quota('storagespacequota'),
  storageType: text('storagetype'),
  sources: text('sources'),
  newLength: long('newlength', { min: 0n }),
  offset: long('offset', { fallback: '0', min: 0n }),
  length: long('length', { min: 0n }),
  renewer: text('renewer', undefined, NULL),
  encoding: oneOf('encoding', 'org.apache.hadoop.fs.XAttrCodec', ['TEXT', 'HEX', 'BASE64']),
  fsAction: text('fsaction', '[r-][w-][x-]', NULL),
  snapshotDiffStartPath: text('snapshotdiffstartpath'),
  snapshotDiffIndex: int('snapshotdiffindex', { fallback: '-1', min: -1n }),
  tokenKind: text('kind'),
  tokenService: text('service'),
  startAfter: text('startafter'),
  allUsers: bool('allusers', false),
  recursive: bool('recursive', false),
} as const satisfies Readonly<Record<string, Parameter<unknown>>>;

export type ParameterName = keyof typeof PARAMETERS;
type ValueOf<P> = P extends Parameter<infer T> ? T : never;
export type ParameterValue<N extends ParameterName> = ValueOf<(typeof PARAMETERS)[N]>;

/** Longs that are lengths or times: beyond 2^53 they mean "all of it". */
export function clamped(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER;
  return value < LONG_MIN ? Number.MIN_SAFE_INTEGER : Number(value);
}

/** Parameters that have a value when nothing is given. */
export type DefaultedName = 'overwrite' | 'createParent' | 'noRedirect' | 'allUsers' | 'recursive';

/** The parameters of one request, understood. */
export interface QueryValues {
  /** The text as given; `name` in small letters. */
  raw(name: string): string | undefined;
  all(name: string): readonly string[];
  /** Throws HdfsError EILLEGAL with Hadoop's words. */
  get<N extends ParameterName>(parameter: N): ParameterValue<N> | undefined;
  of(parameter: DefaultedName): boolean;
}

export interface QueryOptions {
  readonly userPattern?: string | undefined;
  readonly names?: boolean | undefined;
}

/** The query of one request. Names are taken in any case; of one given twice the first counts. */
export class Query implements QueryValues {
  readonly #values = new Map<string, string[]>();
  readonly #user: Parameter<string>;

  readonly #names: boolean;

  /**
   * `userPattern` is dfs.webhdfs.user.provider.user.pattern. `names: false`: refusals do not name the parameter, as those of
   * DataNodes do not.
   */
  constructor(query: URLSearchParams, { userPattern = USER_PATTERN, names = true }: QueryOptions = {}) {
    this.#names = names;
    this.#user = text('user.name', userPattern);
    for (const [name, value] of query) {
      const lower = name.toLowerCase();
      const values = this.#values.get(lower);
      if (values === undefined) this.#values.set(lower, [value]);
      else values.push(value);
    }
  }

  raw(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  get<N extends ParameterName>(parameter: N): ParameterValue<N> | undefined {
    const declared = (parameter === 'user' ? this.#user : PARAMETERS[parameter]) as Parameter<ParameterValue<N>>;
    // One that is given without a value counts as not given.
    const parse = () => declared.parse(this.raw(declared.name) || declared.fallback);
    return this.#names ? guarded(declared.name, parse) : parse();
  }

  of(parameter: DefaultedName): boolean {
    return this.get(parameter) ?? PARAMETERS[parameter].fallback === 'true';
  }
}

/** A parameter that is refused is named in the message, with the class of the reason, as Jersey hands it on. */
export function guarded<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    throw new HdfsError('EILLEGAL', `Invalid value for webhdfs parameter "${name}": ${error.javaClass}: ${error.message}`);
  }
}
