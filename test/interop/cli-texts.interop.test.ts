// Hadoop's own texts of its shell (testAclCLI.xml, testXAttrConf.xml): our shell and Apache's against our NameNode, and our
// shell against Apache's. If this fails, a script that reads what setfacl, getfacl, setfattr or getfattr print on Hadoop
// reads something else here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { runHdfs } from '../../src/cli/hdfs/hdfs.ts';
import { testTerminal } from '../../src/cli/testing.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { describeWithApache } from './apache.ts';
import { type CliResult, cliWords, readCliTexts, unmet } from './support/cli-texts.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';

const SUPERGROUP = { 'dfs.permissions.superusergroup': 'supergroup', 'dfs.replication': '1' };
const LIMIT_MS = 240_000;

type Shell = (words: readonly string[]) => Promise<CliResult>;

describeWithApache('Hadoop’s own texts of its shell', () => {
  let directory: string;
  let apache: Resident;
  let cluster: MixedCluster | undefined;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-cli-texts-'));
    apache = new Resident(directory);
    writeFileSync(join(directory, 'data1k'), Buffer.alloc(1024));
  });
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
  });
  afterAll(async () => {
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const start = async (name: string, maker: Maker, posixInheritance: boolean): Promise<MixedCluster> => {
    const keys = { ...SUPERGROUP, 'dfs.namenode.posix.acl.inheritance.enabled': String(posixInheritance) };
    cluster = await MixedCluster.start({ directory: join(directory, name), apache, makers: [maker, maker], keys });
    return cluster;
  };

  /** Our shell within this process. */
  const oursIn =
    ({ client }: MixedCluster): Shell =>
    async (words) => {
      const terminal = testTerminal(directory);
      const host = nodeHost({ logLevel: 'error' });
      const both = { ...terminal, stderr: terminal.stdout };
      const code = await runHdfs('hdfs', () => host, both, ['--config', client, 'dfs', ...words]);
      return { output: terminal.stdout.take(), code };
    };

  const apacheIn =
    ({ client }: MixedCluster): Shell =>
    async (words) => {
      const { code, stdout, stderr } = await apache.run(client, 'dfs', words);
      return { output: stdout + stderr, code };
    };

  /** Cases whose text does not hold, with what was printed. */
  async function differing(file: string, shell: Shell, uri: string): Promise<string[]> {
    const user = userInfo().username;
    const expand = (text: string): string =>
      text
        .replaceAll('NAMENODE', uri)
        .replaceAll('CLITEST_DATA', `file:${directory}`)
        .replaceAll('USERNAME', user)
        .replaceAll('#LF#', '\n');
    const wrong: string[] = [];
    const cases = readCliTexts('hadoop-hdfs', file);
    expect(cases.length).toBeGreaterThan(20);
    expect(cases.filter((each) => each.comparators.length === 0)).toEqual([]);
    for (const { description, commands, cleanup, comparators } of cases) {
      expect([...commands, ...cleanup].filter(({ kind }) => kind !== 'command')).toEqual([]);
      let last: CliResult = { output: '', code: 0 };
      for (const { text } of commands) last = await shell(cliWords(text).map(expand));
      const missing = unmet(comparators, last, expand);
      if (missing.length > 0) wrong.push(`${description}\n  ${missing.join('\n  ')}\n--- printed:\n${last.output}`);
      for (const { text } of cleanup) await shell(cliWords(text).map(expand));
    }
    return wrong;
  }

  test('hold for both shells on our NameNode, without POSIX inheritance', { timeout: LIMIT_MS }, async () => {
    const nodes = await start('plain', 'ours', false);
    expect(await differing('testAclCLI.xml', oursIn(nodes), nodes.uri)).toEqual([]);
    expect(await differing('testAclCLI.xml', apacheIn(nodes), nodes.uri)).toEqual([]);
    expect(await differing('testXAttrConf.xml', oursIn(nodes), nodes.uri)).toEqual([]);
    expect(await differing('testXAttrConf.xml', apacheIn(nodes), nodes.uri)).toEqual([]);
  });

  test('hold for both shells on our NameNode, with POSIX inheritance', { timeout: LIMIT_MS }, async () => {
    const nodes = await start('posix', 'ours', true);
    expect(await differing('testAclCLIWithPosixAclInheritance.xml', oursIn(nodes), nodes.uri)).toEqual([]);
    expect(await differing('testAclCLIWithPosixAclInheritance.xml', apacheIn(nodes), nodes.uri)).toEqual([]);
  });

  test('hold for our shell on Apache’s NameNode', { timeout: LIMIT_MS }, async () => {
    const nodes = await start('apache', 'apache', true);
    expect(await differing('testAclCLIWithPosixAclInheritance.xml', oursIn(nodes), nodes.uri)).toEqual([]);
    expect(await differing('testXAttrConf.xml', oursIn(nodes), nodes.uri)).toEqual([]);
  });
});
