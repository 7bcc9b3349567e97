// What namespace-scenario.ts draws from: bad and unusual paths, every method that takes a path, pairs of operations for two
// users at a time, and questions about the whole cluster. The words are java/Difference.java's.

/** What the root has from the start: see image-links.ts. */
export const LINKS = {
  l: '/r',
  la: '/r/a',
  lf: '/r/f',
  lnone: '/nowhere/at/all',
  lrelative: 'r/a',
  lself: '/lself',
  lfar: 'hdfs://far:8020/r/a',
} as const;
/** Those that may go: each is drawn a time or two. */
export const SPARE_LINKS: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [`s${i}`, ['/r/f', '/r/a', '../r', '/r/none'][i % 4] ?? '']),
);
const SPARE = Object.keys(SPARE_LINKS).map((name) => `/links/${name}`);

/** Through links, and links themselves. */
const LINKED = [
  ...Object.keys(LINKS).flatMap((name) => [`/${name}`, `/${name}/f`]),
  '/l/a/f',
  '/la/../f',
  '/l/',
  '/.reserved/raw/l/f',
  '/.reserved/.inodes/{id:/r}/../l',
  '/links/s0/f',
];

/** Ways to say `/`, whose quota and rights would stop everything else. */
const ROOTS = ['/', '//', '/.reserved/raw', '/.reserved/.inodes/{id:/}', '/.', '/..', '/r/..'] as const;

/** Bad paths, and unusual ones for the same places; all but the root's. */
export const ODD: readonly string[] = [
  "''",
  'r/f',
  '.',
  '..',
  './r/f',
  '/r/none',
  '/r/none/below',
  '/r/f/below',
  '/r/f/below/deeper',
  '/r/a/o/below',
  '/r//a/',
  '//r/a',
  '/r/a/',
  '/r/f/',
  '/r/f//',
  '/r/./a',
  '/r/a/.',
  '/r/a/../f',
  '/r/a/..',
  '/../r/f',
  '/r/...',
  '/r/a:b',
  '/r/a%00b',
  '/r/{x*255}',
  '/r/{x*256}',
  '/r/{é*128}',
  '/{d/*900}{e*300}',
  '/{d/*1001}',
  '/.reserved',
  '/.reserved/none',
  '/.reserved/raw/r',
  '/.reserved/raw/r/f',
  '/.reserved/raw/r/none/below',
  '/.reserved/raw/.reserved/raw/r',
  '/.reserved/.inodes',
  '/.reserved/.inodes/none',
  '/.reserved/.inodes/9999999',
  '/.reserved/.inodes/-1',
  '/.reserved/.inodes/0',
  '/.reserved/.inodes/{id:/r/a}',
  '/.reserved/.inodes/{id:/r/f}',
  '/.reserved/.inodes/{id:/r/a}/f',
  '/.reserved/.inodes/{id:/r/a}/none',
  '/.reserved/.inodes/{id:/r/f}/below',
  '/.reserved/.inodes/{id:/r/a}/..',
  '/.reserved/.inodes/{id:/r/a}/../f',
  '/.reserved/raw/.reserved/.inodes/{id:/r/a}',
  '/r/.snapshot',
  '/r/.snapshot/s1',
  '/.snapshot',
  '/r/a/.snapshot/s1/f',
  '/r/%C3%A9',
  '/r/__proto__',
  '/r/constructor/__proto__',
  '/r/with%20space',
  '/r/%25',
  '/r/%F0%9F%90%98',
  '/r/%5C',
  '/r/*',
];

/** One method each, asked about a path (P) that may be wrong. Those of quotas come without the root. */
export const METHODS: readonly string[] = [
  'mkdirs P 755',
  'mkdirs P 755 parent=no',
  'create P',
  'create P flags=CREATE,OVERWRITE parent=no',
  'create P policy=ALL_SSD parent=no',
  'create P policy=NO-SUCH parent=no',
  'append P',
  'append P flags=APPEND,NEW_BLOCK',
  'truncate P 0',
  'truncate P 700',
  'truncate P -1',
  'concat P /r/f',
  'concat /r/f P',
  'concat /r/f /r/a/f P',
  'concat P P',
  'concat P',
  'rename P /r/moved',
  'rename P /r/a',
  'rename /r/f P',
  'rename /r/a P',
  'rename P P',
  'rename2 P /r/moved options=NONE',
  'rename2 /r/f P options=OVERWRITE',
  'rename2 /r/a P options=OVERWRITE',
  'rename2 P P options=OVERWRITE',
  'delete P recursive=no',
  'delete P',
  'info P',
  'link P',
  'located P',
  'list P',
  'list P after=f blocks=yes',
  'locations P 0 5000',
  'locations P -1 1',
  'locations P 0 -1',
  'times P 1000000 2000000',
  'times P -1 -1',
  'owner P user=alice',
  'owner P group=staff',
  'owner P',
  'mode P 750',
  'replication P 1',
  'replication P 0',
  'policy P WARM',
  'policy P NO-SUCH',
  'unpolicy P',
  'getpolicy P',
  'blocksize P',
  'summary P',
  'usage P',
  'open P',
  'batch P',
  'batch /r P /r/a',
  'batch P blocks=yes',
  'target P',
  'symlink P /r/made',
  'symlink /r/f P',
  'access P r--',
  'access P ---',
  'access P rwx',
  'zone P',
  'enclosing P',
  'erasure P',
  'closed P',
  'addBlock P client=root',
  'abandon P client=root block=_r_o',
  'complete P client=root last=none',
  'fsync P client=root',
  'setacl P user::rwx,group::r-x,other::---,user:bob:rw-',
  'setacl P user::rwx',
  'modacl P user:carol:r-x',
  'modacl P default:group:staff:rwx',
  'rmacl P user:carol:',
  'rmdefaults P',
  'clearacl P',
  'getacl P',
  'setxattr P user.a value=v',
  'setxattr P raw.r value=v',
  'rmxattr P user.a',
  'getxattrs P user.a',
  'getxattrs P',
  'listxattrs P',
  'corrupt P',
  'snapshots P',
  'snapshotdiff P s1 s2',
  'snapshotdiffs P s1 s2',
];
/** Whose effect on the root would change everything that follows, or nothing would follow. */
const NOT_OF_THE_ROOT = /^(quota|mode|setacl|modacl)/;
/** What makes parents that are missing, and paths that are refused only after Apache has made some. */
const TAKES_AWAY = /^(delete P|rename2? .*P)/;
const MAKES_PARENTS = /^(mkdirs|create) P(?!.*parent=no)/;
/** Of these Apache drops what comes behind, which is the name of a snapshot here. */
const UP_BY_ID = /\.inodes\/\{id:[^}]*\}\/\.\./;
const REFUSED_LATE = /\.snapshot|x\*256|é\*128|e\*300/;
export const QUOTA_METHODS: readonly string[] = [
  'quota P 500 keep',
  'quota P keep 5000000',
  'quota P reset reset',
  'quota P -5 keep',
];

/** The paths that a method may be asked about. */
export function pathsOf(method: string): readonly string[] {
  const links = TAKES_AWAY.test(method) ? SPARE : [...LINKED, ...SPARE];
  const paths = [...ODD, ...(NOT_OF_THE_ROOT.test(method) ? [] : ROOTS), ...links];
  if (method.startsWith('snapshotdiff')) return paths.filter((path) => !UP_BY_ID.test(path));
  return MAKES_PARENTS.test(method) ? paths.filter((path) => !REFUSED_LATE.test(path)) : paths;
}

/** Where two users meet: DIR is made anew each time. */
const DIR = '/r/c/race';
const FILE = `root create ${DIR}/f client=one`;
const CLOSED = `${FILE} | root complete ${DIR}/f client=one last=none`;
const OTHER = `root create ${DIR}/g client=one | root complete ${DIR}/g client=one last=none`;
const WRITTEN = `root put ${DIR}/f 1500`;
const BOTH = `root put ${DIR}/f 1024 | root put ${DIR}/g 1024`;
const OPEN_UP = `root mode ${DIR} 777`;
const GROUP = `root mkdirs ${DIR}/d 777 | root mode ${DIR}/d 777`;

/** What comes before, then the operation of each of two users. */
export const RACES: readonly (readonly [string, string, string])[] = [
  [OPEN_UP, `alice mkdirs ${DIR}/n 777`, `bob mkdirs ${DIR}/n 777`],
  [OPEN_UP, `alice mkdirs ${DIR}/n/deep/er 777`, `bob mkdirs ${DIR}/n/deep/er 777`],
  [OPEN_UP, `alice create ${DIR}/n client=two`, `bob create ${DIR}/n client=two`],
  [OPEN_UP, `alice create ${DIR}/n`, `bob create ${DIR}/n`],
  [OPEN_UP, `alice create ${DIR}/n flags=CREATE,OVERWRITE client=two`, `bob create ${DIR}/n flags=CREATE,OVERWRITE client=two`],
  [OPEN_UP, `alice create ${DIR}/n/below`, `bob mkdirs ${DIR}/n/below/more 777`],
  [OPEN_UP, `alice create ${DIR}/n`, `bob mkdirs ${DIR}/n 777`],
  [`${OPEN_UP} | ${CLOSED}`, `alice delete ${DIR}/f`, `bob delete ${DIR}/f`],
  [`${OPEN_UP} | ${CLOSED}`, `alice delete ${DIR}/f`, `bob rename ${DIR}/f ${DIR}/n`],
  [`${OPEN_UP} | ${CLOSED}`, `alice rename ${DIR}/f ${DIR}/n`, `bob rename ${DIR}/f ${DIR}/m`],
  [`${OPEN_UP} | ${CLOSED} | ${OTHER}`, `alice rename2 ${DIR}/f ${DIR}/n`, `bob rename2 ${DIR}/g ${DIR}/n options=OVERWRITE`],
  [
    `${OPEN_UP} | ${CLOSED} | ${OTHER}`,
    `alice rename2 ${DIR}/f ${DIR}/g options=OVERWRITE`,
    `bob rename2 ${DIR}/g ${DIR}/f options=OVERWRITE`,
  ],
  [`${OPEN_UP} | ${GROUP}`, `alice delete ${DIR}/d`, `bob create ${DIR}/d/n`],
  [`${OPEN_UP} | ${GROUP}`, `alice rename ${DIR}/d ${DIR}/e`, `bob create ${DIR}/d/n`],
  [`${OPEN_UP} | ${GROUP}`, `alice delete ${DIR}/d recursive=no`, `bob mkdirs ${DIR}/d/n 777`],
  [`${OPEN_UP} | ${GROUP}`, `alice rename ${DIR}/d ${DIR}/n`, `bob rename ${DIR}/d ${DIR}/m`],
  [`${GROUP} | root mkdirs ${DIR}/e 777`, `root rename ${DIR}/d ${DIR}/e`, `root rename ${DIR}/e ${DIR}/d`],
  [WRITTEN, `root append ${DIR}/f client=two`, `root truncate ${DIR}/f 1024 client=three`],
  [WRITTEN, `root append ${DIR}/f client=two`, `root append ${DIR}/f client=three`],
  [WRITTEN, `root append ${DIR}/f client=two`, `root delete ${DIR}/f`],
  [WRITTEN, `root append ${DIR}/f client=two flags=APPEND,NEW_BLOCK`, `root rename ${DIR}/f ${DIR}/n`],
  [BOTH, `root concat ${DIR}/f ${DIR}/g`, `root append ${DIR}/f client=two`],
  [BOTH, `root concat ${DIR}/f ${DIR}/g`, `root append ${DIR}/g client=two`],
  [BOTH, `root concat ${DIR}/f ${DIR}/g`, `root concat ${DIR}/g ${DIR}/f`],
  [BOTH, `root concat ${DIR}/f ${DIR}/g`, `root delete ${DIR}/g`],
  [BOTH, `root concat ${DIR}/f ${DIR}/g`, `root rename ${DIR}/g ${DIR}/n`],
  [GROUP, `root quota ${DIR}/d 1 keep`, `alice create ${DIR}/d/n`],
  [GROUP, `root quota ${DIR}/d keep 1000`, `bob mkdirs ${DIR}/d/n/m 777`],
  [`${GROUP} | root quota ${DIR}/d 2 keep`, `alice create ${DIR}/d/n`, `bob create ${DIR}/d/m`],
  [
    `${GROUP} | root quota ${DIR}/d 2 keep | ${OPEN_UP} | ${CLOSED}`,
    `alice rename ${DIR}/f ${DIR}/d/f`,
    `bob create ${DIR}/d/m`,
  ],
  [GROUP, `root mode ${DIR}/d 700`, `alice create ${DIR}/d/n`],
  [GROUP, `root setacl ${DIR}/d user::rwx,group::r-x,other::r-x,default:user:bob:rwx`, `alice create ${DIR}/d/n`],
  [GROUP, `root setxattr ${DIR}/d user.a value=one flags=CREATE`, `root setxattr ${DIR}/d user.a value=two flags=CREATE`],
  [GROUP, `root policy ${DIR}/d COLD`, `root create ${DIR}/d/n`],
  [GROUP, `root owner ${DIR}/d user=alice`, `alice mode ${DIR}/d 711`],
  [CLOSED, `root mode ${DIR}/f 600`, `alice access ${DIR}/f r--`],
  [FILE, `root complete ${DIR}/f client=one last=none`, `root addBlock ${DIR}/f client=one`],
  [FILE, `root complete ${DIR}/f client=one last=none`, `root delete ${DIR}/f`],
  [FILE, `root complete ${DIR}/f client=one last=none`, `root create ${DIR}/f flags=CREATE,OVERWRITE client=two`],
  [FILE, `root addBlock ${DIR}/f client=one`, `root rename ${DIR}/f ${DIR}/n`],
  [FILE, `root addBlock ${DIR}/f client=one`, `root addBlock ${DIR}/f client=one`],
  [CLOSED, `root replication ${DIR}/f 2`, `root replication ${DIR}/f 3`],
];

/** About the whole cluster, most of them a superuser's. */
export const QUESTIONS: readonly string[] = [
  'defaults',
  'stats',
  'report LIVE',
  'report DEAD',
  'report ALL',
  'report DECOMMISSIONING',
  'report ENTERING_MAINTENANCE',
  'report IN_MAINTENANCE',
  'storages LIVE',
  'storages DEAD',
  'slow',
  'safemode GET',
  'txid',
  'upgraded',
  'state',
  'msync',
  'policies',
  'token',
  'key',
  'snapshottable',
  'pools',
  'directives',
  'zones',
  'ecpolicies',
  'codecs',
  'topology RS-3-2-1024k',
  'topology RS-6-3-1024k XOR-2-1-1024k',
  'topology NO-SUCH',
  'reencryption',
  'rolling QUERY',
  'restore check',
  'restore true',
  'restore false',
  'refreshnodes',
  'finalize',
  'bandwidth 1000000',
  'bandwidth -1',
  'roll',
  'metasave meta.txt',
  'corrupt /',
  'corrupt / cookie=0',
  'save',
  'badblocks block=nothing nowhere=yes',
];
