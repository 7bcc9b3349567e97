// If this fails, an operator's reports miss who had a NameNode read its files again, or who tried to.
import { expect, test } from 'vitest';
import { RpcClient, rpcProxy } from '../../../rpc/client.ts';
import type { ServiceMethods } from '../../../rpc/service.ts';
import { RefreshCallQueueProtocolService, RefreshUserMappingsProtocolService } from '../../../wire/messages/admin.ts';
import { HAServiceProtocolService } from '../../../wire/messages/ha.ts';
import { NamenodeProtocolService } from '../../../wire/messages/namenode.ts';
import { ReconfigurationProtocolService } from '../../../wire/messages/reconfiguration.ts';
import { registerDataNode } from '../test-datanode.ts';
import { TestNameNode } from '../test-namenode.ts';

test('what other protocols ask for is written down, with the names that Hadoop has for it', async () => {
  const lines: string[] = [];
  const keys = { 'hdfs.audit.logger': 'INFO,console' };
  const nn = new TestNameNode(keys, 1, {}, ({ component, message }) => {
    const fields = /^allowed=(\w+)\tugi=(\w+) .*\tcmd=(\w+)\tsrc=null\tdst=null\tperm=null\tproto=rpc$/.exec(message);
    if (component === 'audit') lines.push(fields === null ? message : fields.slice(1).join(' '));
  });
  await nn.format();
  await nn.start();
  const as = <M extends ServiceMethods>(user: string, protocol: string, methods: M) =>
    rpcProxy(
      new RpcClient(nn.simulation.node('client').host, { address: { host: 'nn', port: 8020 }, protocol, user }),
      methods,
    );
  const refused = async (work: Promise<unknown>): Promise<void> => {
    await expect(nn.within(work)).rejects.toThrow('Access denied for user ann. Superuser privilege is required');
  };
  const superuser = nn.machine.host.machine.userName;
  for (const user of [superuser, 'ann']) {
    const mappings = as(user, 'org.apache.hadoop.security.RefreshUserMappingsProtocol', RefreshUserMappingsProtocolService);
    await nn.within(mappings.refreshUserToGroupsMappings({}));
    await nn.within(mappings.refreshSuperUserGroupsConfiguration({}));
    const queue = as(user, 'org.apache.hadoop.ipc.RefreshCallQueueProtocol', RefreshCallQueueProtocolService);
    await nn.within(queue.refreshCallQueue({}));
    const namenode = as(user, 'org.apache.hadoop.hdfs.server.protocol.NamenodeProtocol', NamenodeProtocolService);
    const ha = as(user, 'org.apache.hadoop.ha.HAServiceProtocol', HAServiceProtocolService);
    const tasks = as(user, 'org.apache.hadoop.hdfs.protocol.ReconfigurationProtocol', ReconfigurationProtocolService);
    const guarded: (() => Promise<unknown>)[] = [
      () => namenode.getTransactionId({}),
      () => namenode.getMostRecentCheckpointTxId({}),
      () => namenode.getMostRecentNameNodeFileTxId({ nameNodeFile: 'IMAGE' }),
      () => namenode.rollEditLog({}),
      () => namenode.getEditLogManifest({ sinceTxId: 1 }),
      () => namenode.isUpgradeFinalized({}),
      () => namenode.isRollingUpgrade({}),
      () => ha.monitorHealth({ reqInfo: { reqSource: 0 } }),
      () => tasks.listReconfigurableProperties({}),
      () => tasks.getReconfigurationStatus({}),
    ];
    for (const ask of guarded) await (user === 'ann' ? refused(ask()) : nn.within(ask()));
  }
  const refreshes = ['refreshUserToGroupsMappings', 'refreshSuperUserGroupsConfiguration', 'refreshCallQueue'];
  const { calls } = await registerDataNode(nn, 'dn1', 'dn-1');
  await nn.within(calls.reportBadBlocks({ blocks: [] }));
  expect(lines).toEqual([
    ...refreshes.map((cmd) => `true ${superuser} ${cmd}`),
    // Of what went well with NamenodeProtocol only that a segment was begun is written down.
    `true ${superuser} rollEditLog`,
    `true ${superuser} listNamenodeReconfigurableProperties`,
    `true ${superuser} getNamenodeReconfigurationStatus`,
    ...refreshes.map((cmd) => `true ann ${cmd}`),
    ...[
      'getTransactionID',
      'getMostRecentCheckpointTxId',
      'rollEditLog',
      'getEditLogManifest',
      'isUpgradeFinalized',
      'isRollingUpgrade',
      'monitorHealth',
      'listNamenodeReconfigurableProperties',
      'getNamenodeReconfigurationStatus',
    ].map((cmd) => `false ann ${cmd}`),
    'true hdfs reportBadBlocks',
  ]);
});
