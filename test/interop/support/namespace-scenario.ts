// Random operations over every method of ClientProtocol that a NameNode without high availability has, in the language of
// java/Difference.java: right ones, wrong ones, on bad paths, repeated calls, in safe mode, and of two users at a time. The same
// seed gives the same text. Lists and attributes in depth are attribute-scenario.ts's, quotas quota-scenario.ts's.
//
// What depends on when a DataNode reports is left out: what was written is not asked for in more than one place, and whoever
// has a block recovered waits for it.
import { SeededRandom } from '../../../src/base/random.ts';
import { METHODS, ODD, pathsOf, QUESTIONS, QUOTA_METHODS, RACES } from './scenario-tables.ts';

const USERS = ['root', 'root', 'alice', 'alice', 'bob', 'carol', 'dave', 'eve'] as const;
const DIRECTORIES = ['/r', '/r/a', '/r/a/b', '/r/s', '/r/c'] as const;
/** Without blocks, or with those that `put` writes. */
const FILES = ['/r/f', '/r/a/f', '/r/a/g', '/r/a/b/f', '/r/s/f', '/r/c/f'] as const;
/** Whose blocks are only ever asked for. */
const OPEN = ['/r/o', '/r/a/o', '/r/c/o'] as const;
const MODES = ['755', '700', '750', '1777', '000', '777', '711'] as const;
const CREATE_FLAGS = ['CREATE', 'CREATE,OVERWRITE', 'OVERWRITE', 'APPEND', 'CREATE,APPEND', 'CREATE,LAZY_PERSIST'] as const;
const POLICIES = [
  'HOT',
  'COLD',
  'WARM',
  'ALL_SSD',
  'ONE_SSD',
  'LAZY_PERSIST',
  'ALL_NVDIMM',
  'PROVIDED',
  'hot',
  'NONE',
] as const;
const STORAGE_TYPES = ['DISK', 'DISK', 'SSD', 'ARCHIVE', 'RAM_DISK', 'PROVIDED', 'NVDIMM'] as const;
const ACCESS = ['---', 'r--', '-w-', '--x', 'rwx', 'r-x'] as const;
const ACLS = [
  'user::rwx,group::r-x,other::---',
  'user::rwx,group::r-x,other::r-x,user:bob:rwx',
  'user::rw-,group::r--,other::---,group:staff:rw-,mask::r--',
  'user::rwx,group::rwx,other::r-x,default:user:carol:r-x,default:group:staff:rwx',
] as const;
const SPANS = [1, 5, 20, 40] as const;
/** Between two new beginnings: a lease may be taken over once it is a minute old. */
const CHAPTER = 150;

export function namespaceScenario(seed: number, operations: number): string {
  const random = new SeededRandom(seed, 'namespace scenario');
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const chance = (percent: number): boolean => random.below(100) < percent;
  /** Never a file with blocks that were not written. */
  const closed = (): string => pick(chance(12) ? ODD : chance(50) ? DIRECTORIES : FILES);
  const path = (): string => (chance(10) ? pick(OPEN) : closed());
  const file = (): string => (chance(85) ? pick(FILES) : closed());
  const block = (of: string): string => of.replaceAll('/', '_');
  /** Of a file that is open: a block as it was given out, or changed. */
  const known = (of: string): string =>
    `${block(chance(90) ? of : pick(OPEN))}${chance(15) ? pick([':pool', ':2048', ':100', ':0:5', ':10:-1']) : ''}`;

  /** Perhaps once more as a retry, which gets the answer of the first. */
  const repeated = (user: string, line: string): readonly string[] => {
    // Looking up an id would take the call's number.
    if (line.includes('{id:') || !chance(10)) return [`${user} ${line}`];
    const whole = `${user} @${random.below(1_000_000)} ${line}`;
    return [whole, whole];
  };
  const wrong = (): string => {
    const method = pick(chance(5) ? QUOTA_METHODS : METHODS);
    return `${pick(USERS)} ${method.replace(/\bP\b/g, () => pick(pathsOf(method)))}`;
  };

  const ofFiles = (user: string): readonly string[] => {
    switch (random.below(9)) {
      case 0:
      case 1: {
        const options = `flags=${pick(CREATE_FLAGS)} parent=${pick(['yes', 'no'])} replication=${pick([0, 1, 1, 1, 3, 600])}`;
        return repeated(user, `create ${pick(FILES)} ${options} blocksize=${pick([1024, 1024, 1024, 100, 0, 1000])}`);
      }
      case 2:
        return [`${pick(['root', 'alice'])} put ${pick(FILES)} ${pick([0, 1, 1024, 1500, 3000])}`];
      case 3: {
        const of = pick(FILES);
        return [`${user} complete ${of} client=${pick(USERS)} last=none`, `root closed ${of}`];
      }
      case 4:
        return [`${user} append ${file()} flags=${pick(['APPEND', 'APPEND,NEW_BLOCK'])} client=${user}`];
      case 5:
        return [`${user} concat ${file()} ${file()}${chance(40) ? ` ${file()}` : ''}`];
      case 6:
        return [`${user} truncate ${file()} ${pick([0, 1024, 1024, 5000, -1])} client=${user} settle=yes`];
      case 7:
        // Where a block is cut or recovered its DataNode has to be waited for, which takes a second.
        return chance(8) ? [`${user} truncate ${file()} ${pick([1, 700, 1300])} client=${user} settle=yes`] : [];
      default:
        return chance(30)
          ? [`${user} recover ${file()} client=${pick(USERS)} settle=yes`]
          : [`${user} renew client=${pick(USERS)}`];
    }
  };

  const ofOpenFiles = (user: string): readonly string[] => {
    const open = pick(OPEN);
    const client = pick(USERS);
    switch (random.below(9)) {
      case 0:
      case 1:
        return [
          `${user} create ${open} client=${user} flags=${pick(['CREATE', 'CREATE,OVERWRITE'])}`,
          // Never later: Apache counts a committed block by its length then, elsewhere by the block size.
          ...(chance(20) ? [`${user} replication ${open} ${pick([2, 3])}`] : []),
          `${user} addBlock ${open} client=${user} as=${block(open)}`,
        ];
      case 2: {
        const options = `${pick(['', '', ' exclude=all', ' flags=NO_LOCAL_WRITE'])}${pick(['', ' id=7'])}`;
        return [`${user} addBlock ${open} client=${client} previous=${pick(['none', known(open)])}${options}`];
      }
      case 3:
        return [`${user} abandon ${open} client=${client} block=${known(open)}`];
      case 4:
        return [`${user} fsync ${open} client=${client} length=${pick([-1, 0])}`];
      case 5:
        return [`${user} stamp block=${known(open)} client=${client}`];
      case 6:
        return [`${user} complete ${open} client=${client} last=${known(open)}`];
      case 7:
        return [`${user} additional ${open} client=${client} block=${known(open)} number=${pick([0, 1, 1, 2, -1])}`];
      default:
        return [
          `${user} stamp block=${known(open)} client=${client} as=${block(open)}_new`,
          `${user} pipeline client=${client} old=${known(open)} new=${block(open)}_new nodes=none stamp=only`,
        ];
    }
  };

  const ofTheTree = (user: string): readonly string[] => {
    switch (random.below(9)) {
      case 0:
      case 1:
        return [`${user} mkdirs ${pick(chance(70) ? DIRECTORIES : FILES)} ${pick(MODES)} parent=${pick(['yes', 'yes', 'no'])}`];
      case 2:
        return [`${user} rename ${closed()} ${closed()}`];
      case 3:
        return repeated(
          user,
          `rename2 ${closed()} ${closed()} options=${pick(['NONE', 'OVERWRITE', 'TO_TRASH', 'OVERWRITE,TO_TRASH'])}`,
        );
      case 4:
        return repeated(user, `delete ${path()} recursive=${pick(['yes', 'no', 'no'])}`);
      case 5:
        return [`${user} times ${path()} ${pick([-1, 1000000, 0])} ${pick([-1, 2000000])}`];
      case 6:
        return [
          `${user} owner ${path()}${pick(['', ' user=alice', ' user=bob'])}${pick([' group=staff', ' group=guests', ''])}`,
        ];
      case 7:
        return [`${user} mode ${path()} ${pick(MODES)}`];
      default:
        return [`${user} replication ${closed()} ${pick([1, 1, 0, -1, 513])}`];
    }
  };

  /** A quota for a while. No parents are made meanwhile: Apache keeps those that it made before it met the quota. */
  const limited = (): readonly string[] => {
    const directory = pick(['/r', '/r/a', '/r/c']);
    const within = (): string => `${directory}/${pick(['f', 'g', 'b', 'none'])}`;
    const some = (): readonly string[] => {
      const user = pick(USERS);
      const fresh = within();
      // Apache has lost a file by the time it refuses to overwrite it.
      if (chance(15)) return [`root delete ${fresh}`, `root put ${fresh} 2000`];
      const line = pick([
        `${user} create ${within()} parent=no client=${user}`,
        `${user} mkdirs ${within()} 777 parent=no`,
        `${user} rename ${pick(FILES)} ${within()}`,
        `${user} rename2 ${pick(FILES)} ${within()} options=OVERWRITE`,
        `${user} append ${within()} client=${user}`,
        `${user} concat ${within()} ${pick(FILES)}`,
        `${user} delete ${within()}`,
        `${user} summary ${directory}`,
        `${user} usage ${directory}`,
      ]);
      return [line];
    };
    return [
      `root quota ${directory} ${pick(['keep', '1', '3', '6', '9'])} ${pick(['keep', '0', '3000', '6000'])}`,
      ...Array.from({ length: 6 }, some).flat(),
      `root usage ${directory}`,
      `root quota ${directory} reset reset`,
      // Apache gives out an id and a stamp for a block before it looks whether there is room for it.
      'root recount',
    ];
  };

  /**
   * The same of one storage type, in a directory of its own: what Apache counts of a type goes wrong elsewhere, where policies
   * change and files are cut or opened again.
   */
  const limitedByType = (): readonly string[] => {
    const directory = '/r/t';
    const type = pick(STORAGE_TYPES);
    const within = (): string => `${directory}/${pick(['x', 'y', 'z'])}`;
    const some = (): readonly string[] => {
      const user = pick(USERS);
      const fresh = within();
      if (chance(40)) return [`root delete ${fresh}`, `root put ${fresh} ${pick([0, 1000, 1500, 2500])}`];
      return [
        pick([
          `${user} create ${within()} parent=no client=${user}`,
          `${user} rename ${within()} ${within()}`,
          `${user} rename2 ${within()} ${within()} options=OVERWRITE`,
          `${user} delete ${within()}`,
          `${user} usage ${directory}`,
          `${user} summary ${directory}`,
          `${user} quota ${directory} keep 5000 type=${pick(STORAGE_TYPES)}`,
          `root quota ${directory} ${pick(['keep', 'keep', '5', 'reset'])} ${pick(['0', '2000', 'reset', '-5'])} type=${type}`,
          `root quota ${within()} keep 2000 type=${type}`,
        ]),
      ];
    };
    return [
      `root delete ${directory}`,
      `root mkdirs ${directory} 777`,
      `root mode ${directory} 777`,
      `root quota ${directory} keep ${pick(['0', '1500', '3000', '6000'])} type=${type}`,
      ...Array.from({ length: 6 }, some).flat(),
      `root usage ${directory}`,
      `root delete ${directory}`,
      'root recount',
    ];
  };

  const ofAttributes = (user: string): readonly string[] => {
    switch (random.below(6)) {
      case 0:
        return [`${user} policy ${path()} ${pick(POLICIES)}`];
      case 1:
        return [`${user} unpolicy ${path()}`];
      case 2:
        return [`${user} setacl ${path()} ${pick(ACLS)}`];
      case 3:
        return [
          pick([`${user} modacl ${path()} user:${pick(['bob', 'carol'])}:${pick(ACCESS)}`, `${user} clearacl ${path()}`]),
        ];
      case 4:
        return [pick([`${user} setxattr ${path()} user.${pick(['a', 'b'])} value=v`, `${user} rmxattr ${path()} user.a`])];
      default:
        return chance(70) ? limited() : limitedByType();
    }
  };

  const questions = (user: string): readonly string[] => {
    switch (random.below(9)) {
      case 0:
        return [`${user} info ${path()}`, `${user} link ${path()}`, `${user} located ${path()}`];
      case 1:
        return [`${user} list ${path()} after=${pick(['', 'a', 'f', 'zz'])} blocks=${pick(['yes', 'no'])}`];
      case 2:
        return [`${user} locations ${path()} ${pick([0, 0, 1, 1024, -1])} ${pick([1, 1024, 5000, 0, -1])}`];
      case 3:
        return [
          `${user} ${pick(['blocksize', 'summary', 'usage', 'zone', 'enclosing', 'erasure', 'closed', 'getpolicy'])} ${path()}`,
        ];
      case 4:
        return [`${user} access ${path()} ${pick(ACCESS)}`, `${user} getacl ${path()}`, `${user} listxattrs ${path()}`];
      case 5:
        return [
          `${user} batch ${path()} ${path()} ${path()} blocks=${pick(['yes', 'no'])}`,
          ...(chance(30) ? [`${user} batch ${pick(DIRECTORIES)} next=yes`] : []),
        ];
      case 6:
        return [`${user} open ${pick(['/', '/r', path()])} kind=${pick(['ALL_OPEN_FILES', 'BLOCKING_DECOMMISSION'])}`];
      case 7:
        return [`${user} events back=${pick(SPANS)}`, ...(chance(10) ? ['root events from=100000000'] : [])];
      default:
        return [`${chance(50) ? 'root' : user} ${pick(QUESTIONS)}`];
    }
  };

  const any = (): readonly string[] => {
    const user = pick(USERS);
    const kind = random.below(100);
    if (kind < 22) return ofFiles(user);
    if (kind < 37) return ofOpenFiles(user);
    if (kind < 52) return ofTheTree(user);
    if (kind < 62) return ofAttributes(user);
    if (kind < 78) return questions(user);
    return [wrong()];
  };
  const step = (): readonly string[] => {
    if (chance(2)) {
      const [before, first, second] = pick(RACES);
      return [`root race /r/c/race 3 | ${before} | ${first} | ${second}`];
    }
    if (chance(1)) return [`${pick(USERS)} safemode ENTER`, ...any(), ...any(), ...any(), 'root safemode LEAVE'];
    return any();
  };

  const begin = [
    'root delete /r',
    'root unpolicy /',
    'root clearacl /',
    'root mode / 755',
    'root owner / user=root group=supergroup',
    'root mkdirs /r 777',
    'root mode /r 777',
    ...['/r/a', '/r/c', '/r/s'].flatMap((each) => [
      `root mkdirs ${each} 777`,
      `root mode ${each} ${each === '/r/s' ? '1777' : '777'}`,
    ]),
  ];
  // What other scenarios left, or were moved up to the root, has ids from before.
  const lines = ['x', 'd', 'a', 'b', 'c', 'f', 'g', 'o', 's', 'none'].map((name) => `root delete /${name}`);
  for (let count = 0; count < operations; count += CHAPTER) {
    lines.push(...begin);
    for (let i = Math.min(CHAPTER, operations - count); i > 0; i--) lines.push(...step());
  }
  for (const each of ['/', ...DIRECTORIES, ...FILES]) lines.push(`root info ${each}`, `root locations ${each} 0 100000`);
  return `${lines.join('\n')}\nroot safemode ENTER\nroot save\nroot safemode LEAVE\n`;
}
