// Random operations on lists and attributes, and on what they hang on, in the language of java/Difference.java: right ones,
// wrong ones, of several users. The same seed gives the same text.
import { SeededRandom } from '../../../src/base/random.ts';

const USERS = ['root', 'alice', 'alice', 'bob', 'carol', 'dave'] as const;
const DIRECTORIES = ['/x', '/x/a', '/x/a/b', '/x/s'] as const;
const FILES = ['/x/f', '/x/a/f', '/x/a/b/g', '/x/s/f'] as const;
const ODD = [
  '/x/none',
  '/x/f/below',
  '/',
  '/x//a/',
  '/.reserved/raw/x/f',
  '/.reserved/raw/x/a',
  '/.reserved',
  '/x/.snapshot',
] as const;
const SYMBOLS = ['---', '--x', '-w-', 'r--', 'r-x', 'rw-', 'rwx'] as const;
const MODES = ['755', '700', '750', '1777', '1770', '640', '000', '771'] as const;
const CREATE_MODES = ['755/777', '700/777', '750', '644/666', '640', '000/777', '777/777'] as const;
const NAMES = ['', 'alice', 'bob', 'carol', 'staff', 'writers', 'guests', 'nobody'] as const;
const XATTRS = [
  'user.a',
  'user.b',
  'user.c',
  'USER.a',
  'trusted.t',
  'security.s',
  'system.s',
  'raw.r',
  'security.hdfs.unreadable.by.superuser',
] as const;

export function attributeScenario(seed: number, operations: number): string {
  const random = new SeededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const chance = (percent: number): boolean => random.below(100) < percent;
  const path = (): string => pick(chance(12) ? ODD : chance(50) ? DIRECTORIES : FILES);

  const entry = (withPermission: boolean): string => {
    const scope = chance(35) ? 'default:' : '';
    const type = pick(['user', 'group', 'mask', 'other', 'user', 'group']);
    const isNamed = chance(3) || type === 'user' || type === 'group';
    const name = isNamed ? pick(NAMES) : '';
    return `${scope}${type}:${name}${withPermission ? `:${pick(SYMBOLS)}` : ''}`;
  };
  const base = (scope: string): string[] =>
    ['user', 'group', 'other'].filter(() => !chance(6)).map((type) => `${scope}${type}::${pick(SYMBOLS)}`);
  const spec = (withPermissions: boolean, whole: boolean): string => {
    if (chance(2)) return Array.from({ length: 28 + random.below(8) }, (_, i) => `user:u${i}:r--`).join();
    const entries = Array.from({ length: random.below(4) }, () => entry(withPermissions));
    if (whole && chance(85)) entries.push(...base(''));
    if (whole && chance(25)) entries.push(...base('default:'));
    return entries.length === 0 ? "''" : entries.join();
  };
  const value = (): string => {
    if (chance(25)) return '';
    const length = chance(6) ? 16_380 + random.below(12) : chance(10) ? 1020 + random.below(10) : random.below(12);
    return ` value={${pick(['v', 'w', 'é'])}*${Math.max(1, length)}}`;
  };

  const operation = (): string => {
    const user = pick(USERS);
    switch (random.below(22)) {
      case 0:
      case 1:
        return `${user} mkdirs ${chance(80) ? pick(DIRECTORIES) : path()} ${pick(CREATE_MODES)}`;
      case 2:
      case 3: {
        const flags = chance(50) ? 'CREATE' : 'CREATE,OVERWRITE';
        return `${user} create ${chance(80) ? pick(FILES) : path()} mode=${pick(CREATE_MODES)} flags=${flags}`;
      }
      case 4:
      case 5:
        return `${chance(60) ? 'root' : user} setacl ${path()} ${spec(true, true)}`;
      case 6:
      case 7:
      case 8:
        return `${chance(60) ? 'root' : user} modacl ${path()} ${spec(true, false)}`;
      case 9:
        return `${chance(60) ? 'root' : user} rmacl ${path()} ${spec(false, false)}`;
      case 10:
        return `${chance(60) ? 'root' : user} ${chance(50) ? 'rmdefaults' : 'clearacl'} ${path()}`;
      case 11:
        return `${user} getacl ${path()}`;
      case 12:
      case 13:
      case 14: {
        const flags = chance(70) ? '' : ` flags=${pick(['CREATE', 'REPLACE', ''])}`;
        return `${user} setxattr ${path()} ${chance(8) ? `user.n${random.below(40)}` : pick(XATTRS)}${value()}${flags}`;
      }
      case 15:
        return `${user} rmxattr ${path()} ${pick(XATTRS)}`;
      case 16:
        return `${user} getxattrs ${path()} ${Array.from({ length: random.below(3) }, () => pick(XATTRS)).join(' ')}`.trimEnd();
      case 17:
        return `${user} listxattrs ${path()}`;
      case 18:
        return `${chance(60) ? 'root' : user} mode ${path()} ${pick(MODES)}`;
      case 19:
        return `${user} access ${path()} ${pick(SYMBOLS)}`;
      case 20:
        return chance(50) ? `${user} info ${path()}` : `${user} list ${pick(DIRECTORIES)}`;
      default: {
        const some = random.below(10);
        if (some < 3) return `root owner ${pick(FILES)} user=${pick(['alice', 'bob'])} group=${pick(['staff', 'guests'])}`;
        if (some < 5)
          return `root owner ${pick(DIRECTORIES)} user=${pick(['alice', 'carol'])} group=${pick(['staff', 'guests'])}`;
        if (some < 7) return `root rename2 ${pick(FILES)} ${pick(FILES)} options=OVERWRITE`;
        if (some < 8) return `root delete ${pick(FILES)}`;
        if (some < 9) return `${user} locations ${pick(FILES)} 0 1`;
        return chance(30) ? `root delete ${pick(['/x/a', '/x/a/b', '/x/s'])}` : `root summary /x`;
      }
    }
  };
  const start = ['root delete /x', 'root mkdirs /x 777', 'root mode /x 777', 'root mkdirs /x/s 1777', 'root mode /x/s 1777'];
  const lines = [...start, ...Array.from({ length: operations }, operation)];
  for (const each of ['/', ...DIRECTORIES, ...FILES])
    lines.push(`root info ${each}`, `root getacl ${each}`, `root listxattrs ${each}`);
  return `${lines.join('\n')}\nroot safemode ENTER\nroot save\nroot safemode LEAVE\n`;
}
