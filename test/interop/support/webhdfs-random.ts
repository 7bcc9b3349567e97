// Random requests of every operation of WebHDFS on one small tree: parameters that are right, wrong, missing, given twice, in
// any order, of other operations or unknown, by several users. The same seed gives the same requests.
import { SeededRandom } from '../../../src/base/random.ts';
import { PARAMETERS, type ParameterName } from '../../../src/webhdfs/parameters.ts';
import type { WebHdfsMethod, WebHdfsOp } from '../../../src/wire/tables/webhdfs.ts';
import type { WebRequest } from './webhdfs-table.ts';

const DIRECTORIES = ['/z', '/z/d', '/z/d/e', '/z/s'] as const;
const FILES = ['/z/f', '/z/d/f', '/z/d/e/g', '/z/s/f', '/z/o%20d%26d', '/z/%C3%A9'] as const;
const ODD = [
  '/z/none',
  '/z/none/below',
  '/z/f/below',
  '/z/d/',
  '/z//d',
  '//z/d',
  '/z/./d',
  '/z/d/../f',
  '/z/a:b',
  '/z/%25',
  '/z/[x',
  '/z/%5Cx',
  '/z/__proto__',
  '/',
  '',
  '/.reserved/raw/z/f',
  '/.reserved/.inodes/0',
  '/z/.snapshot',
] as const;
const MODES = ['755', '700', '777', '1777', '000', '640', '0750', '755', '888', '-1', '2000', '+7', '99999'] as const;
const WRONG = ['', 'x', '-1', '-2', '0', '99999999999999999999', '1e3', '%20', 'null', 'true', ',', 'NaN', '0x1'] as const;
const BODIES = ['', 'x', 'thirteen byte', 'é'.repeat(300)] as const;
const POLICIES = ['HOT', 'COLD', 'WARM', 'hot', 'ALL_SSD', 'NONE'] as const;
const ACL_SPECS = [
  'user::rwx,group::r-x,other::---',
  'user::rwx,group::r-x,other::r-x,user:bob:rwx',
  'user:bob:rw-',
  'group:staff:r--,default:user:ann:rwx',
  'mask::r--',
  'user:bob:',
  'user:bob',
  'user:b@b:rwx',
  'default:other::---',
  'other:x:r--',
] as const;

/** Values that make sense for a parameter, a few that almost do among them. */
const VALUES: Readonly<Partial<Record<ParameterName, readonly string[]>>> = {
  owner: ['ann', 'bob', '', 'b%40d'],
  group: ['staff', 'supergroup', ''],
  permission: MODES,
  unmaskedPermission: MODES,
  overwrite: ['true', 'false', 'TRUE', 'yes'],
  bufferSize: ['1', '4096', '0'],
  replication: ['1', '2', '513', '0', '32768'],
  // One that is no multiple of 512 leaves an open file behind with Hadoop.
  blockSize: ['1048576', '512', '134217728'],
  modificationTime: ['1000000', '-1', '0', '1500000000000'],
  accessTime: ['2000000', '-1'],
  renameOptions: ['NONE', 'OVERWRITE', 'overwrite', 'TO_TRASH', 'NONE,OVERWRITE'],
  createParent: ['true', 'false'],
  aclSpec: ACL_SPECS,
  xattrName: ['user.a', 'user.b', 'USER.a', 'trusted.t', 'raw.r', 'security.s', 'user.', 'a', 'system.x'],
  xattrValue: ['v', '0x6162', '0sYWI%3D', '%22q%22', '0x6', '0s!', ''],
  xattrFlag: ['CREATE', 'REPLACE', 'CREATE,REPLACE', 'create', ''],
  createFlag: ['CREATE', 'OVERWRITE', 'CREATE,OVERWRITE', 'APPEND', 'LAZY_PERSIST', 'create,nope'],
  noRedirect: ['true', 'false', 'maybe'],
  storagePolicy: POLICIES,
  namespaceQuota: ['100', '-1', '9223372036854775807', '0', '-2'],
  storageSpaceQuota: ['1000000000', '-1', '0'],
  storageType: ['SSD', 'DISK', 'ssd', 'TAPE', 'RAM_DISK'],
  // Cut within a block a file stays open until a DataNode has been asked.
  newLength: ['0', '100000', '-1'],
  offset: ['0', '1', '5', '13', '1000', '-1'],
  length: ['0', '1', '5', '1000', '-1'],
  encoding: ['text', 'HEX', 'base64', 'utf8'],
  fsAction: ['r--', 'rwx', '--x', '---', 'rw', 'r-x'],
  startAfter: ['d', 'f', 'zz', '', '/z/d'],
  allUsers: ['true', 'false'],
  recursive: ['true', 'false', 'TRUE'],
  excludeDatanodes: ['', 'nowhere', '127.0.0.9:1'],
};

interface Drawn {
  readonly method: WebHdfsMethod;
  readonly op: WebHdfsOp;
  readonly weight: number;
  readonly parameters: readonly ParameterName[];
  /** Given whatever is drawn. */
  readonly always?: readonly ParameterName[];
}

const drawn = (
  method: WebHdfsMethod,
  op: WebHdfsOp,
  weight: number,
  parameters: readonly ParameterName[] = [],
  always: readonly ParameterName[] = [],
): Drawn => ({ method, op, weight, parameters, always });

const OPERATIONS: readonly Drawn[] = [
  drawn('PUT', 'CREATE', 12, [
    'permission',
    'unmaskedPermission',
    'overwrite',
    'bufferSize',
    'replication',
    'blockSize',
    'createParent',
    'createFlag',
    'noRedirect',
    'excludeDatanodes',
  ]),
  drawn('PUT', 'MKDIRS', 8, ['permission', 'unmaskedPermission']),
  drawn('PUT', 'RENAME', 6, ['renameOptions'], ['destination']),
  drawn('PUT', 'SETREPLICATION', 2, ['replication']),
  drawn('PUT', 'SETOWNER', 2, ['owner', 'group']),
  drawn('PUT', 'SETPERMISSION', 3, ['permission']),
  drawn('PUT', 'SETTIMES', 2, ['modificationTime', 'accessTime']),
  drawn('PUT', 'MODIFYACLENTRIES', 2, ['aclSpec']),
  drawn('PUT', 'REMOVEACLENTRIES', 2, ['aclSpec']),
  drawn('PUT', 'REMOVEDEFAULTACL', 1),
  drawn('PUT', 'REMOVEACL', 1),
  drawn('PUT', 'SETACL', 2, ['aclSpec']),
  drawn('PUT', 'SETXATTR', 3, ['xattrName', 'xattrValue', 'xattrFlag']),
  drawn('PUT', 'REMOVEXATTR', 2, ['xattrName']),
  drawn('PUT', 'SETSTORAGEPOLICY', 2, ['storagePolicy']),
  drawn('PUT', 'SATISFYSTORAGEPOLICY', 1),
  drawn('PUT', 'SETQUOTA', 1, ['namespaceQuota', 'storageSpaceQuota']),
  drawn('PUT', 'SETQUOTABYSTORAGETYPE', 1, ['storageType', 'storageSpaceQuota']),
  drawn('POST', 'APPEND', 4, ['bufferSize', 'noRedirect', 'excludeDatanodes']),
  drawn('POST', 'CONCAT', 2, [], ['sources']),
  drawn('POST', 'TRUNCATE', 2, [], ['newLength']),
  drawn('POST', 'UNSETSTORAGEPOLICY', 1),
  drawn('DELETE', 'DELETE', 4, ['recursive']),
  drawn('GET', 'OPEN', 8, ['offset', 'length', 'bufferSize', 'noRedirect', 'excludeDatanodes']),
  drawn('GET', 'GETFILESTATUS', 3),
  drawn('GET', 'LISTSTATUS', 3),
  drawn('GET', 'LISTSTATUS_BATCH', 3, ['startAfter']),
  drawn('GET', 'GETCONTENTSUMMARY', 2),
  drawn('GET', 'GETFILECHECKSUM', 2, ['noRedirect']),
  drawn('GET', 'GETHOMEDIRECTORY', 1),
  drawn('GET', 'GETTRASHROOT', 1),
  drawn('GET', 'GET_BLOCK_LOCATIONS', 2, ['offset', 'length']),
  drawn('GET', 'GETFILEBLOCKLOCATIONS', 2, ['offset', 'length']),
  drawn('GET', 'GETACLSTATUS', 2),
  drawn('GET', 'GETXATTRS', 3, ['xattrName', 'encoding']),
  drawn('GET', 'LISTXATTRS', 1),
  drawn('GET', 'GETSTORAGEPOLICY', 1),
  drawn('GET', 'GETECPOLICY', 1),
  drawn('GET', 'CHECKACCESS', 3, ['fsAction']),
  drawn('GET', 'GETFILELINKSTATUS', 1),
];

/** Between two new beginnings. */
const CHAPTER = 100;

export function randomRequests(me: string, seed: number, steps: number): readonly WebRequest[] {
  const random = new SeededRandom(seed, 'webhdfs requests');
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const chance = (percent: number): boolean => random.below(100) < percent;
  const path = (): string => pick(chance(10) ? ODD : chance(40) ? DIRECTORIES : FILES);
  const weighted = OPERATIONS.flatMap((each) => Array.from({ length: each.weight }, () => each));

  const drawValue = (parameter: ParameterName): string => {
    if (chance(6)) return pick(WRONG);
    if (parameter === 'destination') return path();
    if (parameter === 'sources') return chance(70) ? path() : `${path()},${path()}`;
    return pick(VALUES[parameter] ?? WRONG);
  };
  const users = (): readonly string[] => {
    const user = pick([me, me, 'ann', 'ann', 'bob']);
    if (chance(2)) return [];
    // Who acts for itself is refused by Hadoop's DataNodes.
    if (chance(2)) return [`user.name=${user}`, `doas=${pick(['ann', 'bob', me, ''].filter((other) => other !== user))}`];
    if (chance(2)) return [`user.name=${user}`, `user.name=${pick(['ann', 'bob', ''])}`];
    return [`user.name=${user}`];
  };

  const step = (): WebRequest => {
    const { method, op, parameters, always = [] } = pick(weighted);
    const words = [...always, ...parameters.filter(() => chance(55))].filter(() => chance(97));
    if (chance(6)) words.push(pick(Object.keys(VALUES) as ParameterName[]));
    if (chance(5) && words.length > 0) words.push(pick(words));
    const query = words.map((parameter) => `${PARAMETERS[parameter].name}=${drawValue(parameter)}`);
    if (chance(2)) query.push(pick(['unknown=1', '__proto__=1', '=', 'a', '&&', 'constructor=x', 'op=NOPE']));
    const all = [`op=${chance(3) ? op.toLowerCase() : op}`, ...query, ...users()];
    // The first of two counts: which one that is is drawn, too.
    for (let i = all.length - 1; i > 0 && chance(50); i--) {
      const other = random.below(i + 1);
      [all[i], all[other]] = [all[other] ?? '', all[i] ?? ''];
    }
    const withBody = op === 'CREATE' || op === 'APPEND';
    return { method, path: path(), query: all.join('&'), ...(withBody ? { body: pick(BODIES) } : {}) };
  };

  const requests: WebRequest[] = [];
  const su = `user.name=${me}`;
  for (let count = 0; count < steps; count += CHAPTER) {
    requests.push({ method: 'DELETE', path: '/z', query: `op=DELETE&recursive=true&${su}` });
    for (const [name, mode] of [
      ['/z', '777'],
      ['/z/d', '777'],
      ['/z/s', '1777'],
    ] as const) {
      requests.push({ method: 'PUT', path: name, query: `op=MKDIRS&permission=${mode}&${su}` });
    }
    for (let i = Math.min(CHAPTER, steps - count); i > 0; i--) requests.push(step());
    requests.push({ method: 'GET', path: '/z', query: `op=LISTSTATUS&${su}` });
    requests.push({ method: 'GET', path: '/z/d', query: `op=LISTSTATUS&${su}` });
    requests.push({ method: 'GET', path: '/z', query: `op=GETCONTENTSUMMARY&${su}` });
  }
  return requests;
}
