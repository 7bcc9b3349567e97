// If these fail, an operator who changes a key of a running NameNode is told that it holds while the old value does, or a
// wrong value takes the place of a good one.
import { expect, test } from 'vitest';
import { NAMENODE_RUN_TIME_KEYS } from '../../config/keys/run-time.ts';
import { RpcClient, rpcProxy } from '../../rpc/client.ts';
import { ReconfigurationProtocolService } from '../../wire/messages/reconfiguration.ts';
import { createFile, mkdir, TestNameNode } from './test-namenode.ts';

/** A NameNode whose files say `changed` when they are read again. */
async function started(changed: Readonly<Record<string, string>>) {
  const nn = new TestNameNode({ 'dfs.heartbeat.interval': '3s' });
  await nn.format();
  const api = await nn.start({ reload: async () => nn.configuration.with(changed) });
  const admin = (user: string) =>
    rpcProxy(
      new RpcClient(nn.simulation.node('client').host, {
        address: { host: 'nn', port: 8020 },
        protocol: 'org.apache.hadoop.hdfs.protocol.ReconfigurationProtocol',
        user,
      }),
      ReconfigurationProtocolService,
    );
  return { nn, api, admin };
}

test('what the files say now is put in force key by key, and the answer says what became of each', async () => {
  const { nn, api, admin } = await started({
    'dfs.heartbeat.interval': '7s',
    'dfs.namenode.heartbeat.recheck-interval': '1000',
    'dfs.namenode.replication.max-streams': '9',
    'dfs.namenode.replication.max-streams-hard-limit': '0',
    'dfs.namenode.reconstruction.pending.timeout-sec': 'soon',
    'dfs.namenode.fs-limits.max-directory-items': '2',
    'dfs.block.invalidate.limit': '5',
    'fs.protected.directories': '/kept/,relative',
    'dfs.block.replicator.classname': 'nonsense',
    'dfs.namenode.replication.min': '3',
  });
  const node = admin('hdfs');
  expect(await nn.within(node.getReconfigurationStatus({}))).toMatchObject({ startTime: 0, changes: [] });
  await nn.within(node.startReconfiguration({}));
  const { startTime, endTime, changes } = await nn.within(node.getReconfigurationStatus({}));
  expect(endTime).toBeGreaterThanOrEqual(startTime);
  const told = Object.fromEntries(
    changes.map(({ name, oldValue, newValue, errorMessage }) => [name, [oldValue, newValue, errorMessage]]),
  );
  expect(told).toEqual({
    'dfs.heartbeat.interval': ['3s', '7s', undefined],
    'dfs.namenode.heartbeat.recheck-interval': ['300000', '1000', undefined],
    'dfs.namenode.replication.max-streams': ['2', '9', undefined],
    'dfs.namenode.replication.max-streams-hard-limit': [
      '4',
      '0',
      "dfs.namenode.replication.max-streams-hard-limit = '0' is invalid. It should be a positive, non-zero integer value.",
    ],
    'dfs.namenode.reconstruction.pending.timeout-sec': ['300', 'soon', 'For input string: "soon"'],
    'dfs.namenode.fs-limits.max-directory-items': ['1048576', '2', undefined],
    'dfs.block.invalidate.limit': ['1000', '5', undefined],
    'fs.protected.directories': ['', '/kept/,relative', undefined],
    'dfs.block.replicator.classname': [
      'org.apache.hadoop.hdfs.server.blockmanagement.BlockPlacementPolicyDefault',
      'nonsense',
      expect.stringContaining('no such policy is known'),
    ],
  });
  const { blockManager } = nn.running.system;
  expect(blockManager.datanodes.expiryMs).toBe(2 * 1000 + 10 * 7000);
  // 20 for each second between heartbeats are the least.
  expect(blockManager.options).toMatchObject({
    maxReplicationStreams: 9,
    replicationStreamsHardLimit: 4,
    invalidateLimit: 140,
  });
  await mkdir(api, '/d');
  await createFile(api, '/f');
  await expect(mkdir(api, '/e')).rejects.toThrow('The directory item limit of / is exceeded: limit=2 items=2');

  // The wrong ones are tried again, the others hold already.
  await nn.within(node.startReconfiguration({}));
  const again = await nn.within(node.getReconfigurationStatus({}));
  expect(again.changes.map(({ name }) => name).sort()).toEqual([
    'dfs.block.invalidate.limit',
    'dfs.block.replicator.classname',
    'dfs.heartbeat.interval',
    'dfs.namenode.reconstruction.pending.timeout-sec',
    'dfs.namenode.replication.max-streams-hard-limit',
    'fs.protected.directories',
  ]);
  expect(again.changes.find(({ name }) => name === 'fs.protected.directories')?.oldValue).toBe('/kept');
  expect([...nn.running.system.namespace.options.protectedDirectories.paths]).toEqual(['/kept']);
});

test('only the superuser may look and change, and one at a time', async () => {
  const { nn, admin } = await started({});
  const alice = admin('alice');
  const refusal = 'Access denied for user alice. Superuser privilege is required for operation';
  await expect(nn.within(alice.startReconfiguration({}))).rejects.toThrow(`${refusal} startNamenodeReconfiguration`);
  await expect(nn.within(alice.getReconfigurationStatus({}))).rejects.toThrow(`${refusal} getNamenodeReconfigurationStatus`);
  await expect(nn.within(alice.listReconfigurableProperties({}))).rejects.toThrow(
    `${refusal} listNamenodeReconfigurableProperties`,
  );
  const { name } = await nn.within(admin('hdfs').listReconfigurableProperties({}));
  expect(name).toEqual([...NAMENODE_RUN_TIME_KEYS, 'ipc.8020.backoff.enable'].sort());
});

test('what is not true is false, a length of time keeps its unit, and a key without effect is refused with the reason', async () => {
  const { nn, admin } = await started({
    'hadoop.caller.context.enabled': 'yes',
    'dfs.namenode.avoid.read.slow.datanode': 'TRUE',
    'dfs.namenode.slowpeer.collect.interval': '10m',
    'dfs.datanode.peer.stats.enabled': 'perhaps',
    'dfs.storage.policy.satisfier.mode': 'external',
    'dfs.namenode.write-lock-reporting-threshold-ms': '7',
  });
  const node = admin('hdfs');
  await nn.within(node.startReconfiguration({}));
  const { changes } = await nn.within(node.getReconfigurationStatus({}));
  expect(Object.fromEntries(changes.map(({ name, errorMessage }) => [name, errorMessage]))).toEqual({
    'hadoop.caller.context.enabled': undefined,
    'dfs.namenode.avoid.read.slow.datanode': undefined,
    'dfs.namenode.slowpeer.collect.interval': undefined,
    'dfs.datanode.peer.stats.enabled': 'perhaps is not boolean value',
    'dfs.storage.policy.satisfier.mode':
      'dfs.storage.policy.satisfier.mode has no effect: the storage policy satisfier is not built yet',
    'dfs.namenode.write-lock-reporting-threshold-ms': expect.stringContaining('has no effect: there are no locks'),
  });
  // What holds now stands as Hadoop writes it: only the two that it writes otherwise than the files count as changed again.
  await nn.within(node.startReconfiguration({}));
  const again = await nn.within(node.getReconfigurationStatus({}));
  const succeeded = again.changes.filter(({ errorMessage }) => errorMessage === undefined);
  expect(succeeded.map(({ name, oldValue }) => [name, oldValue])).toEqual([
    ['dfs.namenode.avoid.read.slow.datanode', 'true'],
    ['hadoop.caller.context.enabled', 'false'],
  ]);
});

test('calls far slower than the others are logged and counted from when that is switched on', async () => {
  const { nn, api, admin } = await started({
    'ipc.server.log.slow.rpc': 'true',
    'ipc.server.log.slow.rpc.threshold.ms': '40',
  });
  const slow = (): string[] => nn.logged.filter((line) => line.includes('Slow RPC'));
  await mkdir(api, '/d');
  for (let i = 0; i < 1025; i++) await api.getFileInfo({ src: '/d' });
  nn.machine.diskFault = ({ operation }) => (operation === 'fdatasync' ? { delayMs: 100 } : undefined);
  await mkdir(api, '/silent');
  expect(slow()).toEqual([]);
  nn.machine.diskFault = undefined;
  await nn.within(admin('hdfs').startReconfiguration({}));
  nn.machine.diskFault = ({ operation }) => (operation === 'fdatasync' ? { delayMs: 100 } : undefined);
  await mkdir(api, '/e');
  expect(slow()).toEqual([
    expect.stringMatching(
      /^warn: NameNode: Slow RPC : mkdirs took 1\d\d MILLISECONDS to process from client Call#\d+ Retry#0 org\.apache\.hadoop\.hdfs\.protocol\.ClientProtocol\.mkdirs from \S+:\d+, the processing detail is queueTime=\d+ processingTime=1\d\d, and the threshold time is 40 MILLISECONDS\.$/,
    ),
  ]);
});
