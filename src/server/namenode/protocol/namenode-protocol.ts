// NamenodeProtocol: what a secondary NameNode asks of a NameNode to make checkpoints, and what other daemons ask.
import { HdfsError } from '../../../base/errors.ts';
import { editLogManifest } from '../../../core/edits/manifest.ts';
import { NAMENODE_LAYOUT_VERSION } from '../../../core/edits/ops.ts';
import { parseStorageFileName } from '../../../format/storage/names.ts';
import { defineService, type RpcCall, type RpcService } from '../../../rpc/service.ts';
import { NamenodeProtocolService } from '../../../wire/messages/namenode.ts';
import { refusedMethods } from '../../../wire/tables/services.ts';
import type { Audited } from '../audit/observed-calls.ts';
import type { Checkpointer } from '../checkpointer.ts';
import { currentOf } from '../directories.ts';
import { listSegments } from '../edits-recovery.ts';
import { type NamespaceIdentity, namespaceInfoProto } from '../identity.ts';
import { NAME_NODE_FILES } from '../image-transfer/parameters.ts';
import type { NameStorage } from '../name-storage.ts';
import type { NameSystem } from '../namesystem.ts';

/** There is no such file. Apache: HdfsServerConstants.INVALID_TXID. */
const INVALID_TXID = -12345;

export interface NamenodeProtocolParts {
  readonly system: NameSystem;
  readonly identity: NamespaceIdentity;
  readonly checkpointer: Checkpointer;
  readonly storage: NameStorage;
  readonly audited: Audited;
}

export function namenodeProtocol({ system, identity, checkpointer, storage, audited }: NamenodeProtocolParts): RpcService {
  const { host, editLog } = system;
  const allowed = <R>(call: RpcCall, operation: string, work: () => R | Promise<R>): R | Promise<R> =>
    system.as(call, (caller) => {
      system.requireSuperuser(caller, operation);
      return work();
    });
  const privileged = <R>(call: RpcCall, operation: string, work: () => R | Promise<R>): R | Promise<R> =>
    audited(call, operation, () => allowed(call, operation, work), 'when refused');

  /** Of the image that a rolling upgrade would go back to. */
  const newestRollbackImage = async (): Promise<number> => {
    let newest = INVALID_TXID;
    for (const directory of storage.working.filter(({ image }) => image)) {
      for (const name of await host.disk.readdir(currentOf(directory))) {
        const parsed = parseStorageFileName(name);
        if (parsed?.kind === 'image-rollback') newest = Math.max(newest, parsed.txid);
      }
    }
    return newest;
  };

  const closedSegments = async (): Promise<{ firstTxid: number; lastTxid: number }[]> => {
    const found: { firstTxid: number; lastTxid: number }[] = [];
    for (const directory of storage.working.filter(({ edits }) => edits)) {
      for (const { firstTxid, lastTxid } of await listSegments(host, [directory])) {
        if (lastTxid !== undefined) found.push({ firstTxid, lastTxid });
      }
    }
    return found;
  };

  return defineService({
    protocol: 'org.apache.hadoop.hdfs.server.protocol.NamenodeProtocol',
    version: 1,
    methods: NamenodeProtocolService,
    handlers: {
      versionRequest: () => ({ info: namespaceInfoProto(identity) }),

      getTransactionId: (_request, call) => privileged(call, 'getTransactionID', () => ({ txId: editLog.durableTxid })),

      getMostRecentCheckpointTxId: (_request, call) =>
        privileged(call, 'getMostRecentCheckpointTxId', () => ({ txId: checkpointer.imageTxid })),

      getMostRecentNameNodeFileTxId: ({ nameNodeFile }, call) =>
        // Its refusal alone is not written down, as in Hadoop.
        allowed(call, 'getMostRecentNameNodeFileTxId', async () => {
          if (!NAME_NODE_FILES.some((each) => each === nameNodeFile)) {
            throw new HdfsError('EILLEGAL', `No enum constant NNStorage.NameNodeFile.${nameNodeFile}`);
          }
          if (nameNodeFile === 'IMAGE') return { txId: checkpointer.imageTxid };
          return { txId: nameNodeFile === 'IMAGE_ROLLBACK' ? await newestRollbackImage() : INVALID_TXID };
        }),

      rollEditLog: (_request, call) =>
        audited(call, 'rollEditLog', () =>
          allowed(call, 'rollEditLog', async () => {
            system.requireWritable('Log not rolled');
            checkpointer.noteSecondary();
            const curSegmentTxId = await editLog.roll();
            return {
              signature: {
                blockPoolId: identity.blockPoolId,
                mostRecentCheckpointTxId: checkpointer.imageTxid,
                curSegmentTxId,
                storageInfo: {
                  layoutVersion: NAMENODE_LAYOUT_VERSION >>> 0,
                  namespceID: identity.namespaceId,
                  clusterID: identity.clusterId,
                  cTime: identity.cTime,
                },
              },
            };
          }),
        ),

      getEditLogManifest: ({ sinceTxId }, call) =>
        privileged(call, 'getEditLogManifest', async () => {
          const { segments, lastTxid } = editLogManifest(await closedSegments(), sinceTxId);
          const logs = segments.map((segment) => ({ startTxId: segment.firstTxid, endTxId: segment.lastTxid }));
          return { manifest: { logs, committedTxnId: lastTxid } };
        }),

      isUpgradeFinalized: (_request, call) =>
        privileged(call, 'isUpgradeFinalized', () => ({ isUpgradeFinalized: storage.upgradeFinalized })),

      isRollingUpgrade: (_request, call) => privileged(call, 'isRollingUpgrade', () => ({ isRollingUpgrade: false })),
    },
    refused: refusedMethods('NamenodeProtocolService'),
  });
}
