// Random operations below directories with quotas, from a seed, in the words of java/Difference.java. Directories have
// their storage policies before anything is written and keep them, and what lies under one policy stays there: Apache counts
// the space of storage types wrongly after a policy has changed, until it is started again.
import { SeededRandom } from '../../../src/base/random.ts';

const POLICIES = ['none', 'HOT', 'ALL_SSD', 'ONE_SSD', 'WARM', 'COLD'] as const;
const TYPES = ['SSD', 'DISK', 'ARCHIVE'] as const;
const NAMES = ['a', 'b', 'c'] as const;

/** Every directory that a scenario may make. */
export const QUOTA_DIRECTORIES: readonly string[] = POLICIES.flatMap((policy) => [
  `/q/${policy}`,
  ...NAMES.flatMap((name) => [`/q/${policy}/${name}`, `/q/${policy}/${name}/deep`]),
]);

export function quotaScenario(seed: number, steps: number): string[] {
  const random = new SeededRandom(seed, 'quota scenario');
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const lines = ['root mkdirs /q 777', ...POLICIES.map((policy) => `root mkdirs /q/${policy} 777`)];
  for (const policy of POLICIES) if (policy !== 'none') lines.push(`root policy /q/${policy} ${policy}`);
  const under = () => `/q/${pick(POLICIES)}`;
  const directoryIn = (top: string) => pick([top, `${top}/${pick(NAMES)}`, `${top}/${pick(NAMES)}/deep`]);
  const childIn = (top: string) => `${top}/${pick(NAMES)}${pick(['', '/deep'])}`;
  const fileIn = (top: string) => `${directoryIn(top)}/${pick(['f', 'g', 'h'])}`;
  const user = () => pick(['root', 'alice', 'alice']);
  const replication = () => 1 + random.below(3);

  const step = (): readonly string[] => {
    const top = under();
    const file = fileIn(top);
    const directory = directoryIn(top);
    const child = childIn(top);
    switch (random.below(20)) {
      case 0:
      case 1:
        return [`${user()} mkdirs ${directory} 777 parent=no`];
      case 2:
        return [`root quota ${directory} ${pick(['keep', '1', '3', '5', '9', 'reset'])} keep`];
      case 3:
        return [
          `root quota ${pick([directory, '/q'])} keep ${pick(['0', '3000', '7000', '20000', '100000', 'reset', 'reset'])}`,
        ];
      case 4:
        return [`root quota ${directory} keep ${pick(['2000', '5000', '9000', 'reset', 'reset'])} type=${pick(TYPES)}`];
      case 5:
        return [`alice quota ${directory} ${pick(['keep', '3', 'reset'])} ${pick(['keep', '3', 'reset'])}`];
      case 6:
        return [
          `root quota ${pick([file, directory, '/no/where'])} ${pick(['-5', '0', 'keep'])} ${pick(['-7', 'keep', '100'])}`,
        ];
      case 7:
      case 8:
        return [`root create ${file} replication=${replication()} flags=CREATE parent=no client=c`];
      case 9:
      case 10:
        return [`root addBlock ${file} client=c as=${file.replaceAll('/', '_')}`];
      case 11:
        return [`root abandon ${file} client=c block=${file.replaceAll('/', '_')}`];
      case 12:
        return [`alice replication ${file} ${replication()}`];
      case 13:
      case 14:
        return [`root rename ${pick([file, child])} ${pick([fileIn(top), childIn(top)])}`];
      case 15:
        return [`root rename2 ${pick([file, child])} ${pick([fileIn(top), childIn(top)])} options=OVERWRITE`];
      case 16:
        return [`root delete ${pick([file, file, child])}`];
      case 17:
        return [`alice summary ${directory}`];
      default:
        return [`alice usage ${directory}`];
    }
  };
  for (let i = 0; i < steps; i++) lines.push(...step());
  // What is written for good: blocks that are complete, appended to, cut and put together.
  for (const policy of POLICIES) {
    const top = `/q/${policy}/data`;
    lines.push(`root quota /q/${policy} reset reset`, `root quota /q reset reset`, `root mkdirs ${top} 777`);
    for (const type of TYPES) lines.push(`root quota /q/${policy} keep reset type=${type}`);
    lines.push(`root quota ${top} 8 9000`, `root quota ${top} keep 6000 type=${pick(TYPES)}`);
    lines.push(`root put ${top}/one ${500 + random.below(2000)}`, `root put ${top}/two 1024`, `alice usage ${top}`);
    // Apache takes what has no policy for HOT when it cuts a file or opens it again, and never again thereafter.
    const reopens = policy !== 'none';
    if (reopens)
      lines.push(`root truncate ${top}/one 300`, `alice usage ${top}`, `root settle ${top}/one`, `alice usage ${top}`);
    lines.push(`root concat ${top}/two ${top}/one`, `alice usage ${top}`);
    if (reopens) lines.push(`root append ${top}/two client=c`, `alice usage ${top}`);
    lines.push(`root replication ${top}/two 3`, `root replication ${top}/two 9`, `alice usage ${top}`);
    lines.push(
      `root quota ${top} keep ${1000 + random.below(3000)}`,
      `root put ${top}/three 2000`,
      `root rename ${top} /q/${policy}/moved`,
    );
    lines.push(`alice usage /q/${policy}/moved`, `root rename /q/${policy}/moved ${top}`, `alice summary ${top}`);
  }
  return lines;
}
