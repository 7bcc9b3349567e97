// Hadoop's own texts of its shell (testAclCLI.xml, testXAttrConf.xml): our shell and Apache's against our NameNode, and our
// shell against Apache's. If this fails, a script that reads what setfacl, getfacl, setfattr or getfattr print on Hadoop
// reads something else here.
import { expect, test } from 'vitest';
import { describeRepeatable } from './apache.ts';
import { apacheShell, type CliShell, differing, ourShell } from './support/cli-shells.ts';
import { readCliTexts } from './support/cli-texts.ts';
import { ClusterPerTest } from './support/cluster-per-test.ts';
import type { Maker, MixedCluster } from './support/mixed-cluster.ts';

const SUPERGROUP = { 'dfs.permissions.superusergroup': 'supergroup', 'dfs.replication': '1' };
const LIMIT_MS = 600_000;

describeRepeatable('Hadoop’s own texts of its shell', () => {
  const world = new ClusterPerTest('cli-texts', () => [['data1k', Buffer.alloc(1024)]]);

  const start = async (name: string, maker: Maker, posixInheritance: boolean): Promise<MixedCluster> => {
    const keys = { ...SUPERGROUP, 'dfs.namenode.posix.acl.inheritance.enabled': String(posixInheritance) };
    return world.start(name, { makers: [maker, maker], keys });
  };

  /** Cases of a file whose text does not hold. */
  async function wrongIn(file: string, shell: CliShell, { uri }: MixedCluster): Promise<string[]> {
    const cases = readCliTexts('hadoop-hdfs', file);
    expect(cases.length).toBeGreaterThan(20);
    expect(cases.filter((each) => each.comparators.length === 0)).toEqual([]);
    return differing(cases, shell, { uri, data: world.directory });
  }

  test('hold for both shells on our NameNode, without POSIX inheritance', { timeout: LIMIT_MS }, async () => {
    const nodes = await start('plain', 'ours', false);
    expect(await wrongIn('testAclCLI.xml', ourShell(nodes.client, world.directory), nodes)).toEqual([]);
    expect(await wrongIn('testAclCLI.xml', apacheShell(nodes.client, world.apache), nodes)).toEqual([]);
    expect(await wrongIn('testXAttrConf.xml', ourShell(nodes.client, world.directory), nodes)).toEqual([]);
    expect(await wrongIn('testXAttrConf.xml', apacheShell(nodes.client, world.apache), nodes)).toEqual([]);
  });

  test('hold for both shells on our NameNode, with POSIX inheritance', { timeout: LIMIT_MS }, async () => {
    const nodes = await start('posix', 'ours', true);
    expect(await wrongIn('testAclCLIWithPosixAclInheritance.xml', ourShell(nodes.client, world.directory), nodes)).toEqual([]);
    expect(await wrongIn('testAclCLIWithPosixAclInheritance.xml', apacheShell(nodes.client, world.apache), nodes)).toEqual([]);
  });

  test('hold for our shell on Apache’s NameNode', { timeout: LIMIT_MS }, async () => {
    const nodes = await start('apache', 'apache', true);
    expect(await wrongIn('testAclCLIWithPosixAclInheritance.xml', ourShell(nodes.client, world.directory), nodes)).toEqual([]);
    expect(await wrongIn('testXAttrConf.xml', ourShell(nodes.client, world.directory), nodes)).toEqual([]);
  });
});
