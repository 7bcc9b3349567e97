// Debian's Go client against ours and against Apache's cluster. If this fails, a program that was not written by Hadoop's
// authors, and that relies on what the wire says rather than on how their client reads it, gets other answers from ours.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeRepeatable, run } from './apache.ts';
import { BothClusters } from './support/both-clusters.ts';
import { findGoClient } from './support/go-client.ts';
import type { Maker } from './support/mixed-cluster.ts';

const MIB = 1024 * 1024;

/** # is the local directory; a word with @ in front is the user. */
const SCRIPT = `
mkdir -p /tree/a/b
mkdir /tree/a
mkdir /none/x
put #/large /tree/large
get /tree/large #/back
put #/small /tree/a/small
put #/small /tree/a/small
touch /tree/empty
touch -c /tree/never
ls -la /tree
ls -lh /tree/a
ls /none
ls /tree/*
cat /tree/a/small
cat /tree/none
head -n 1 /tree/a/small
tail -c 6 /tree/a/small
du -s /tree/large
du -sh /tree
checksum /tree/large /tree/a/small
mv /tree/large /tree/a/moved
mv /tree/none /tree/x
mv -T /tree/a/small /tree/a/b
mv /tree/a/small /tree/a/b
chmod 750 /tree/a
chmod -R 700 /tree/a/b
chown alice:staff /tree/empty
chown -R alice /tree/a/b
ls -l /tree /tree/a
@alice ls /tree/a
@alice mkdir /tree/alice
@alice cat /tree/a/b/small
@alice chmod 777 /tree/a
getmerge /tree/a/b #/back
rm /tree/none
rm /tree/a
rm -f /tree/none
rm /tree/empty
rm -r /tree/a
ls -la /tree
`
  .trim()
  .split('\n');

const client = findGoClient();
const unless = (): string | undefined => ('missing' in client ? client.missing : undefined);

describeRepeatable('Debian’s Go client', () => {
  const missing = unless();
  if (missing !== undefined) {
    if (process.env.TUSKFS_REQUIRE_INTEROP !== undefined) throw new Error(missing);
    console.warn(`Debian’s Go client: skipped, because ${missing}`);
  }
  describe.skipIf(missing !== undefined)('gets the same answers', () => {
    let both: BothClusters;
    const large = randomBytes(20 * MIB + 3);
    const small = Buffer.from('one\ntwo\nthree\n');
    const digest = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

    beforeAll(() => {
      both = new BothClusters('go');
      writeFileSync(join(both.directory, 'large'), large);
      writeFileSync(join(both.directory, 'small'), small);
    });
    afterAll(() => both?.close());

    const transcript = (maker: Maker): Promise<string> =>
      both.on(maker, { 'dfs.blocksize': '2097152' }, async (cluster) => {
        const { directory } = both;
        const shown: string[] = [];
        for (const line of SCRIPT) {
          const words = line.replaceAll('#', directory).split(' ');
          const user = words[0]?.startsWith('@') ? words.shift()?.slice(1) : 'root';
          const env = { HADOOP_CONF_DIR: cluster.client, HADOOP_USER_NAME: user };
          const { code, stdout, stderr } = await run('program' in client ? client.program : '', words, { env });
          const text = `${stdout}--- errors\n${stderr}`.replaceAll(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d/g, 'TIME');
          shown.push(`$ ${line}\nexit ${code}\n${text}`);
          const back = join(directory, 'back');
          if (existsSync(back)) {
            shown.push(`back: ${digest(readFileSync(back))}`);
            rmSync(back);
          }
        }
        return shown.join('\n');
      });

    test('from ours as from Apache’s cluster', async () => {
      const expected = await transcript('apache');
      expect(expected).toContain(`back: ${digest(large)}`);
      expect(expected).toContain(`back: ${digest(small)}`);
      expect(await transcript('ours')).toBe(expected);
    });
  });
});
