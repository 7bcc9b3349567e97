// Our `hdfs dfs` beside Apache's own, on the same cluster, with the same commands. If this fails, a script written for
// Hadoop's shell would read other text or another exit code from ours.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster, describeWithApache, type Finished, ours, runJava } from './apache.ts';

/** Commands, each parted by spaces (`~` is a space within a word). @ is the local directory. */
const COMMANDS = `
-mkdir /t
-mkdir /t
-mkdir /t/no/parent
-mkdir -p /t/a/b/c
-mkdir -p /t/a
-mkdir
-mkdir -x /t/q
-put @/small /t/
-put @/small /t/small
-put -f @/small /t/small
-put @/none /t/
-put @/small /t/nowhere/x
-put @/dir /t/dir
-put @/dir @/small /t/a
-put - /t/stdin
-put @/small @/big /t/new
-put @/small /t/small/
-copyFromLocal @/big /t/big
-touchz /t/empty
-touchz /t/small
-touchz /t/nope/empty
-touch -t 20240102:030405 /t/empty
-touch -c /t/never
-touch -t nonsense /t/empty
-ls /t
-ls -h /t
-ls -d /t
-ls -C /t
-ls -R /t
-ls -S -r /t
-ls /t/small /t/none /t/a
-ls /t/*
-ls /t/{small,big}
-ls /t/{a/b,dir/sub}
-ls /t/[s-t]*
-ls /t/[^s]*
-ls /t/?mall
-ls /t/zz*
-ls hdfs://@AUTHORITY/t/a
-ls /t//a/
-ls nothere
-mkdir -p .
-mkdir rel
-put @/small rel/small
-ls
-ls .
-ls rel
-ls rel/*
-ls ../*
-lsr rel
-cat /t/small
-cat /t/small /t/none rel/small
-cat /t/a
-text /t/small
-head /t/big
-tail /t/big
-tail /t/a
-head /t/none
-count /t
-count -q -h -v /t /t/small
-count -v /t/a
-count -u -v /t
-count -e -v /t/small
-count -s -v /t
-du /t
-du -s -h /t
-du -v /t/a
-du /t/none
-dus /t
-stat /t/small
-stat %F~%b~%n~%o~%r~%u~%g~%a~%A~%%~%z /t/small
-stat %F~%a~%n /t/a /t
-stat %Y /t/empty
-stat %y /t/empty
-stat %b%
-test -e /t/small
-test -e /t/none
-test -d /t/a
-test -d /t/small
-test -f /t/small
-test -z /t/empty
-test -z /t/small
-test -s /t/small
-test -r /t/small
-test -w /t/small
-test /t/small
-test -e -d /t/a
-find /t -name *mall
-find /t -iname *MALL -print
-find /t/a /t/dir
-find /t -name a -o -name b
-find /t/none
-checksum /t/small
-checksum -v /t/big
-checksum /t/empty
-checksum /t/a
-setrep 2 /t/small
-setrep -R 1 /t/a
-setrep 0 /t/small
-setrep x /t/small
-setrep 1000 /t/small
-chmod 640 /t/small
-chmod -R u+x,g-w,o= /t/a
-chmod +t /t/a
-chmod 1777 /t/dir
-chmod u+X /t/small
-chmod 999 /t/small
-chmod u=rwx /t/none
-ls /t
-chown bob:staff /t/small
-chown -R alice /t/a
-chown :g1 /t/big
-chgrp g2 /t/big
-chown bad*name /t/big
-chgrp a:b /t/big
-ls -R /t
-cp /t/small /t/copy
-cp /t/small /t/copy
-cp -f /t/small /t/copy
-cp /t/small /t/big /t/a
-cp /t/a /t/a2
-cp /t/a /t/a/b
-cp /t/none /t/x
-cp -p /t/small /t/kept
-ls /t/kept
-mv /t/copy /t/moved
-mv /t/moved /t/a
-mv /t/none /t/x
-mv /t/a /t/a/b/c
-mv /t/a /t/a
-mv /t/big /t/small
-mv /t/small /t/nowhere/x
-get /t/small @/out
-get /t/small @/out
-get -f /t/small @/out
-get /t/dir @/outdir
-get /t/none @/none
-get /t/* @/out
-copyToLocal /t/big @/out2
-getmerge /t/dir @/merged
-getmerge -nl /t/dir /t/small @/merged2
-getmerge /t/none @/merged3
-moveFromLocal @/movable /t/movable
-moveToLocal /t/x @/y
-rm /t/none
-rm -f /t/none
-rm /t/a
-rm /t/kept
-rm -skipTrash /t/movable
-rm -r -skipTrash /t/a2
-rm -r -f -skipTrash /t/zz* /t/dir
-rmdir /t/a
-rmdir --ignore-fail-on-non-empty /t/a
-mkdir /t/e
-rmdir /t/e
-rmdir /t/small
-rmr /t/a
-rm -r -skipTrash /t /user
-ls /
-nonsense
ls /
-df -x
-moveToLocal
`
  .trim()
  .split('\n');

/** What legitimately differs: times of now, ids, capacities, our own words of help. */
function comparable(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ /.test(line))
    .map((line) => line.replace(/\b(?!2024)\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?\b/g, 'TIME'))
    .join('\n');
}

/** Usage and help are in our own words: only the line that names the mistake counts. */
function errors(text: string): string {
  const lines = comparable(text).split('\n');
  const usage = lines.findIndex((line) => line.startsWith('Usage: '));
  return (usage < 0 ? lines : lines.slice(0, usage)).join('\n').trimEnd();
}

function prepare(directory: string): void {
  mkdirSync(join(directory, 'dir/sub'), { recursive: true });
  writeFileSync(join(directory, 'small'), 'hello\nworld\n');
  writeFileSync(join(directory, 'movable'), 'away\n');
  writeFileSync(join(directory, 'big'), 'x123456789abcdef'.repeat(1024));
  writeFileSync(join(directory, 'dir/one'), '1\n');
  writeFileSync(join(directory, 'dir/two'), '2\n');
  writeFileSync(join(directory, 'dir/sub/three'), '3\n');
}

describeWithApache('the shell beside Apache’s', () => {
  let cluster: Cluster;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-shell-'));
    cluster = await Cluster.start({
      datanodes: 3,
      keys: { 'dfs.replication': '2', 'dfs.blocksize': '8192', 'dfs.bytes-per-checksum': '512', 'fs.trash.interval': '0' },
    });
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const words = (line: string, local: string): string[] =>
    line
      .split(' ')
      .map((word) => word.replace('@AUTHORITY', `127.0.0.1:${cluster.rpcPort}`).replace('@', local).replaceAll('~', ' '));

  async function apache(local: string): Promise<readonly Finished[]> {
    const input = `${COMMANDS.map((line) => words(line, local).join('\t')).join('\n')}\n`;
    const { stdout, stderr } = await runJava('ShellRunner.java', cluster.clientConf, [], { input, timeoutMs: 280_000 });
    const found = [...stdout.matchAll(/<<< (\d+)\n([\s\S]*?)>>>\n([\s\S]*?)===\n/g)].map((match) => ({
      code: Number(match[1]),
      stdout: match[2] ?? '',
      stderr: match[3] ?? '',
    }));
    if (found.length !== COMMANDS.length) throw new Error(`${found.length} answers of ${COMMANDS.length}: ${stderr}`);
    return found;
  }

  test('every command gives the same text and exit code', async () => {
    const results: Finished[][] = [];
    for (const who of ['apache', 'ours']) {
      const local = join(directory, 'files');
      prepare(local);
      if (who === 'apache') results.push([...(await apache(local))]);
      else {
        const own: Finished[] = [];
        for (const line of COMMANDS) {
          const args = ['--config', cluster.clientConf, 'dfs', ...words(line, local)];
          own.push(await ours('hdfs', args, { input: 'from stdin\n' }));
        }
        results.push(own);
      }
      for (const name of ['out', 'out2', 'merged', 'merged2', 'outdir/one']) {
        results.at(-1)?.push({ code: 0, stdout: readFileSync(join(local, name), 'utf8'), stderr: '' });
      }
      rmSync(local, { recursive: true });
    }
    const shown = (finished: Finished | undefined): string =>
      finished === undefined
        ? 'nothing'
        : `exit ${finished.code}\n${comparable(finished.stdout)}--- errors\n${errors(finished.stderr)}`;
    const [theirs = [], own = []] = results;
    const transcript = (list: readonly Finished[]): string =>
      list.map((finished, index) => `$ ${COMMANDS[index] ?? 'local file'}\n${shown(finished)}`).join('\n\n');
    expect(transcript(own)).toBe(transcript(theirs));
  });
});
