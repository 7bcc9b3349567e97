// Directories of a whole cluster, judged and taken over by the other implementation. If this fails, somebody who stops our
// cluster and starts Apache's on the same disks (or the other way round) does not find what they left, or Hadoop's viewers
// show another tree than the one that is there.
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWithApache } from './apache.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';

const MIB = 1024 * 1024;

/** Before the image is saved; # is the local directory. */
const FIRST = `
-mkdir -p /tree/a/b/c /tree/töne /tmp /user/root
-chmod 1777 /tmp
-Ddfs.blocksize=1048576 -put #/large /tree/large
-put #/small /tree/a/small
-put #/small /tree/töne/😀
-touchz /tree/empty
-Ddfs.replication=1 -put #/small /tree/a/once
-Ddfs.bytes-per-checksum=1024 -Ddfs.checksum.type=CRC32 -put #/small /tree/a/crc32
-chmod 640 /tree/a/small
-chown alice:staff /tree/a/b
-put #/small /tree/gone
`;

/** After it: these stand in the edit log. */
const SECOND = `
-rm -skipTrash /tree/gone
-rm /tree/a/once
-mv /tree/a/b /tree/moved
-put -f #/other /tree/a/small
-put #/large /tree/moved/again
-setrep 2 /tree/large
-touch -t 20240102:030405 /tree/empty
-chown :readers /tree/a
-chmod -R o-rx /tree/töne
-mkdir /tree/late
-cp /tree/moved/again /tree/late/copy
-mv /tree/late/copy /tree/late/second
`;

const lines = (text: string): string[][] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split(' '));

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

describeWithApache('disks', () => {
  let directory: string;
  let apache: Resident;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-disks-'));
    apache = new Resident(directory);
    writeFileSync(join(directory, 'large'), randomBytes(5 * MIB + 77));
    writeFileSync(join(directory, 'small'), randomBytes(70_000));
    writeFileSync(join(directory, 'other'), randomBytes(3));
  });
  afterAll(async () => {
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Everything there is: the listing, and the bytes of each file. */
  const everything = async (cluster: MixedCluster): Promise<string> => {
    const listing = (await apache.must(cluster.client, 'dfs', ['-ls', '-R', '/'])).stdout;
    const counts = (await apache.must(cluster.client, 'dfs', ['-count', '/', '/tree'])).stdout;
    const sums: string[] = [];
    for (const path of files(listing)) {
      sums.push(`${md5((await apache.must(cluster.client, 'dfs', ['-cat', path])).bytes)} ${path}`);
    }
    return [listing, counts, ...sums].join('\n');
  };
  const files = (listing: string): string[] => [...listing.matchAll(/^-.*? (\/.*)$/gm)].map((match) => match[1] ?? '');

  for (const [theirs, maker, other] of [
    ['of our cluster', 'ours', 'apache'],
    ['of Apache’s cluster', 'apache', 'ours'],
  ] as const satisfies readonly (readonly [string, Maker, Maker])[]) {
    describe(theirs, () => {
      let cluster: MixedCluster;
      let before: string;
      const current = (): string => join(cluster.data('nn'), 'current');
      const named = (pattern: RegExp): string[] =>
        readdirSync(current())
          .filter((name) => pattern.test(name))
          .sort();

      /** Every block has all its replicas: on a busy machine a pipeline may have begun with two of three nodes. */
      const settled = async (): Promise<void> => {
        for (let tries = 0; ; tries++) {
          const report = (await apache.must(cluster.client, 'dfsadmin', ['-report'])).stdout;
          if (!/(Under replicated|Pending deletion) blocks: [1-9]/.test(report)) return;
          if (tries > 60) throw new Error(report);
          await new Promise((done) => setTimeout(done, 500));
        }
      };

      beforeAll(async () => {
        cluster = await MixedCluster.start({
          directory: join(directory, maker),
          apache,
          makers: [maker, maker, maker, maker],
          keys: { 'fs.trash.interval': '360' },
        });
        const dfs = async (script: string): Promise<void> => {
          for (const words of lines(script)) {
            await apache.must(
              cluster.client,
              'dfs',
              words.map((word) => word.replace('#', directory)),
            );
          }
        };
        await dfs(FIRST);
        for (const words of lines('-safemode enter\n-saveNamespace\n-safemode leave'))
          await apache.must(cluster.client, 'dfsadmin', words);
        await dfs(SECOND);
        await apache.must(cluster.client, 'dfsadmin', ['-rollEdits']);
        await dfs('-mkdir /tree/unrolled');
        before = await everything(cluster);
        await settled();
        // Leaves a segment behind that nobody closed.
        await cluster.end('nn', 'SIGKILL');
        await cluster.stop();
      });

      if (maker === 'ours') {
        test('oiv shows the tree of the image', async () => {
          const image = join(current(), named(/^fsimage_\d+$/).at(-1) ?? '');
          await apache.must(undefined, 'oiv', ['-p', 'XML', '-i', image, '-o', join(directory, 'image.xml')]);
          const xml = readFileSync(join(directory, 'image.xml'), 'utf8');
          for (const name of ['large', 'small', 'töne', '😀', 'crc32', 'gone']) expect(xml).toContain(`<name>${name}</name>`);
          await apache.must(undefined, 'oiv', ['-p', 'Delimited', '-i', image, '-o', join(directory, 'image.tsv')]);
          const rows = readFileSync(join(directory, 'image.tsv'), 'utf8').trim().split('\n').slice(1);
          const cells = rows.map((row) => row.split('\t'));
          expect(cells.map((row) => [row[0], row[1], row[5], row[6], row[9], row[10], row[11]].join(' ')).sort()).toEqual(
            [
              '/ 0 0 0 drwxr-xr-x root supergroup',
              '/tmp 0 0 0 drwxrwxrwt root supergroup',
              '/tree 0 0 0 drwxr-xr-x root supergroup',
              '/tree/a 0 0 0 drwxr-xr-x root supergroup',
              '/tree/a/b 0 0 0 drwxr-xr-x alice staff',
              '/tree/a/b/c 0 0 0 drwxr-xr-x root supergroup',
              '/tree/a/crc32 3 1 70000 -rw-r--r-- root supergroup',
              '/tree/a/once 1 1 70000 -rw-r--r-- root supergroup',
              '/tree/a/small 3 1 70000 -rw-r----- root supergroup',
              '/tree/empty 3 0 0 -rw-r--r-- root supergroup',
              '/tree/gone 3 1 70000 -rw-r--r-- root supergroup',
              `/tree/large 3 6 ${5 * MIB + 77} -rw-r--r-- root supergroup`,
              '/tree/töne 0 0 0 drwxr-xr-x root supergroup',
              '/tree/töne/😀 3 1 70000 -rw-r--r-- root supergroup',
              '/user 0 0 0 drwxr-xr-x root supergroup',
              '/user/root 0 0 0 drwxr-xr-x root supergroup',
            ].sort(),
          );
        });

        test('oev shows the edits, and gives back the same bytes from its XML', async () => {
          let seen = '';
          for (const name of named(/^edits_\d+-\d+$/)) {
            const edits = join(current(), name);
            await apache.must(undefined, 'oev', ['-p', 'xml', '-i', edits, '-o', join(directory, 'edits.xml')]);
            await apache.must(undefined, 'oev', [
              '-p',
              'binary',
              '-i',
              join(directory, 'edits.xml'),
              '-o',
              join(directory, 'edits'),
            ]);
            expect(readFileSync(join(directory, 'edits')).equals(readFileSync(edits)), name).toBe(true);
            seen += readFileSync(join(directory, 'edits.xml'), 'utf8');
          }
          for (const op of [
            'MKDIR',
            'ADD',
            'ADD_BLOCK',
            'CLOSE',
            'DELETE',
            'RENAME',
            'SET_REPLICATION',
            'SET_OWNER',
            'TIMES',
          ]) {
            expect(seen).toMatch(new RegExp(`<OPCODE>OP_${op}`));
          }
          expect(seen).toContain('<PATH>/tree/late</PATH>');
        });

        test('verifyMeta agrees with every block', async () => {
          const metaFiles = (role: string): string[] =>
            readdirSync(cluster.data(role), { recursive: true, encoding: 'utf8' }).filter((path) =>
              /finalized.*\.meta$/.test(path),
            );
          const count = (): number => cluster.roles.slice(1).reduce((sum, role) => sum + metaFiles(role).length, 0);
          // A copy that is on its way no longer counts as missing: it takes a while to be on a disk.
          for (let tries = 0; tries < 60 && count() < 28; tries++) await new Promise((resolve) => setTimeout(resolve, 500));
          let verified = 0;
          for (const role of cluster.roles.slice(1)) {
            for (const name of metaFiles(role)) {
              const meta = join(cluster.data(role), name);
              const args = ['verifyMeta', '-meta', meta, '-block', meta.replace(/_\d+\.meta$/, '')];
              expect((await apache.must(undefined, 'debug', args)).stdout).toMatch(/Checksum verification succeeded/);
              verified++;
            }
          }
          expect(verified).toBeGreaterThanOrEqual(28);
        });
      }

      test(`${other} daemons started on copies serve everything`, async () => {
        const copy = join(directory, `${maker}-copy`);
        cpSync(join(cluster.directory, 'data'), join(copy, 'data'), { recursive: true });
        const taken = await MixedCluster.start({
          directory: copy,
          apache,
          makers: [other, other, other, other],
          keys: { 'fs.trash.interval': '360' },
          formatted: true,
        });
        try {
          expect(await everything(taken)).toBe(before);
          await apache.must(taken.client, 'dfs', ['-put', join(directory, 'small'), '/tree/after']);
          await apache.must(taken.client, 'dfs', ['-rm', '-skipTrash', '/tree/large']);
          const { bytes } = await apache.must(taken.client, 'dfs', ['-cat', '/tree/after']);
          expect(bytes.equals(readFileSync(join(directory, 'small')))).toBe(true);
        } finally {
          await taken.stop();
        }
      });
    });
  }
});
