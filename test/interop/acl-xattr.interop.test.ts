// Lists and attributes over NameNodes of both makers on one directory: each replays the other's log and loads the other's
// image. If this fails, a swapped NameNode gives people other rights than before, or loses what programs noted on files.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache } from './apache.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';

const LIMIT_MS = 600_000;

/** What each NameNode does when it is its turn; words parted by spaces. */
const TURNS: readonly (readonly [Maker, readonly string[]])[] = [
  [
    'ours',
    [
      'dfs -mkdir -p /t/in',
      'dfs -setfacl -m user:ann:rwx,group:g:r-x,default:user:bob:rw- /t/in',
      'dfs -mkdir /t/in/inherits',
      'dfs -touchz /t/in/file',
      'dfs -setfattr -n user.small -v one /t/in/file',
      'dfs -setfattr -n user.bytes -v 0x00ff10 /t/in/file',
      'dfs -setfattr -n trusted.empty /t/in',
    ],
  ],
  [
    'apache',
    [
      'dfs -setfacl -m mask::r-- /t/in',
      'dfs -touchz /t/in/inherits/of-apache',
      'dfs -setfattr -n user.second -v 0s/w== /t/in/file',
      'dfs -setfattr -x user.small /t/in/file',
      'dfsadmin -safemode enter',
      'dfsadmin -saveNamespace',
      'dfsadmin -safemode leave',
    ],
  ],
  [
    'ours',
    [
      'dfs -setfacl -x default:user:bob /t/in/inherits',
      'dfs -chmod 750 /t/in',
      'dfs -setfattr -n user.third -v three /t/in/inherits',
      'dfs -mv /t/in/file /t/in/moved',
      'dfsadmin -safemode enter',
      'dfsadmin -saveNamespace',
      'dfsadmin -safemode leave',
      'dfs -setfacl -b /t/in/inherits/of-apache',
    ],
  ],
  ['apache', []],
];

describeWithApache('lists and attributes', () => {
  let directory: string;
  let apache: Resident;
  let cluster: MixedCluster | undefined;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-acl-'));
    apache = new Resident(directory);
  });
  afterAll(async () => {
    await cluster?.stop();
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('are the same for whichever NameNode is started on the directory', { timeout: LIMIT_MS }, async () => {
    const nodes = await MixedCluster.start({ directory: join(directory, 'c'), apache, makers: ['ours', 'ours'] });
    cluster = nodes;
    const run = (line: string) => {
      const [command = '', ...words] = line.split(' ');
      return apache.must(nodes.client, command, words);
    };
    const shown = async (): Promise<string> => {
      const parts = await Promise.all(
        ['dfs -getfacl -R /t', 'dfs -getfattr -R -d -e hex /t', 'dfs -stat %n~%A /t/in'].map((line) => run(line)),
      );
      return parts.map(({ stdout }) => stdout).join('---\n');
    };
    let before: string | undefined;
    for (const [maker, commands] of TURNS) {
      if (before !== undefined) {
        await nodes.swap('nn', maker);
        expect(await shown(), `${maker} sees what was there`).toBe(before);
      }
      for (const line of commands) await run(line);
      before = await shown();
    }
    expect(before).toContain('user:ann:rwx');
    expect(before).toContain('user.second=0xff');
    expect(before).toContain('trusted.empty\n');
  });
});
