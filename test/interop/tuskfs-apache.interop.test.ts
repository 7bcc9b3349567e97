// `tuskfs` on Apache's cluster and on ours. If this fails, somebody who uses our commands on the Apache cluster that they
// have gets other answers than from ours.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRepeatable, ours } from './apache.ts';
import { BothClusters } from './support/both-clusters.ts';
import type { Maker } from './support/mixed-cluster.ts';

const MIB = 1024 * 1024;

/** # is the local directory; a word with @ in front is the user. */
const SCRIPT = `
mkdir -p /tree/a/b
mkdir /tree/a
put #/large /tree/large
get /tree/large #/back
put #/dir /tree/dir
put #/small /tree/a/small
put #/small /tree/a/small
put - /tree/stdin
ls /tree
ls /none
--no-json ls /tree/a
tree /tree
cat /tree/stdin
cat /none
head /tree/a/small
tail /tree/a/small
du /tree
stat /tree/large
find /tree --name *mall
checksum /tree/large /tree/a/small
count /tree
chmod 750 /tree/a
chmod u=rw,go= /tree/stdin
chown alice:staff /tree/a
@bob ls /tree/a
@bob mkdir /tree/bob
mv /tree/large /tree/a/moved
mv /none /x
cp /tree/a/small /tree/copy
get /tree/dir #/back
rm /tree/copy
rm /tree/a
rm -r /tree/a
rm /none
ls /tree
df
touch /tree/touched
touch -c /tree/none
rmdir /tree
mkdir /tree/empty
rmdir -n /tree/empty
rmdir /tree/empty /tree/touched
quota set --names 9 --space 1g /tree/dir
quota ls /tree/dir
quota clear --only space /tree/dir
quota set --names 9 /tree/touched
@bob quota set --names 9 /tree/dir
policy ls
policy set warm /tree/dir
policy get /tree/dir
policy unset /tree/dir
safemode
safemode enter --yes
mkdir /refused
safemode leave
@bob safemode leave
sync -n /tree /mirror
sync /tree /mirror
sync --delete --yes /tree/dir /mirror
sync ./nowhere /mirror
watch --after 1 --count 4
@bob watch --count 1
`
  .trim()
  .split('\n');

describeRepeatable('tuskfs', () => {
  let both: BothClusters;
  const large = randomBytes(12 * MIB + 3);

  beforeAll(() => {
    both = new BothClusters('own');
    const { directory } = both;
    writeFileSync(join(directory, 'large'), large);
    writeFileSync(join(directory, 'small'), 'one\ntwo\nthree\n');
    mkdirSync(join(directory, 'dir/sub'), { recursive: true });
    writeFileSync(join(directory, 'dir/sub/file'), 'deep\n');
  });
  afterAll(() => both?.close());

  const transcript = (maker: Maker): Promise<string> =>
    both.on(maker, { 'dfs.blocksize': '2097152', 'fs.trash.interval': '360' }, async (cluster) => {
      const { directory } = both;
      const shown: string[] = [];
      for (const line of SCRIPT) {
        const words = line.replaceAll('#', directory).split(' ');
        const user = words[0]?.startsWith('@') ? (words.shift()?.slice(1) ?? '') : 'root';
        const args = ['--config', cluster.client, '--user', user, ...words];
        const { code, stdout, stderr } = await ours('tuskfs', args, { input: 'from stdin\n' });
        shown.push(`$ ${line}\nexit ${code}\n${comparable(stdout)}--- errors\n${comparable(stderr)}`);
        const back = join(directory, 'back');
        if (!existsSync(back)) continue;
        const file = line.includes('/large') ? back : join(back, 'sub/file');
        shown.push(`back: ${createHash('md5').update(readFileSync(file)).digest('hex')}`);
        rmSync(back, { recursive: true });
      }
      return shown.join('\n');
    });

  const comparable = (text: string): string =>
    text
      .replaceAll(/\b127\.0\.0\.1:\d+/g, 'HOST:PORT')
      .replaceAll(/\b\d{4}-\d\d-\d\d[ T][\d:.]+Z?/g, 'TIME')
      .replaceAll(/\b1\d{12}\b/g, 'MILLIS')
      .replaceAll(/("(?:used|remaining|available|free|nonDfsUsed)"): ?\d+/g, '$1:BYTES');

  test('answers on Apache’s cluster as on ours', async () => {
    const theirs = await transcript('apache');
    expect(theirs).toContain(`back: ${createHash('md5').update(large).digest('hex')}`);
    expect(await transcript('ours')).toBe(theirs);
  });
});
