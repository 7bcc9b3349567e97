// ClientProtocol's life of a file that is written: create, blocks, the end, and the writer's lease. The namespace decides
// what a request means, the block manager where blocks go; here the two meet, within one turn.
import { HdfsError } from '../../../base/errors.ts';
import { blockId, genStamp, inodeId } from '../../../base/ids.ts';
import { sometimes } from '../../../base/sometimes.ts';
import type { Configuration } from '../../../config/configuration.ts';
import type { Datanode, Now, Storage } from '../../../core/blocks/datanode.ts';
import type { Checked } from '../../../core/namespace/namespace.ts';
import {
  type AddBlockCheck,
  type BlockWanted,
  checkAddBlock,
  newBlock,
  resolveForBlock,
} from '../../../core/namespace/ops/add-block.ts';
import { type ClientBlock, clientBlockText } from '../../../core/namespace/ops/block-values.ts';
import { checkClose, checkComplete } from '../../../core/namespace/ops/complete.ts';
import { checkCreate, checkCreatePath } from '../../../core/namespace/ops/create.ts';
import { checkRecoverLease } from '../../../core/namespace/ops/lease-recovery.ts';
import {
  checkAbandonBlock,
  checkAdditionalDatanode,
  checkBumpGenStamp,
  checkFsync,
  checkUpdatePipeline,
} from '../../../core/namespace/ops/open-file.ts';
import { type Caller, pathOfInode } from '../../../core/namespace/permissions.ts';
import { isFileClosed } from '../../../core/namespace/queries/access.ts';
import { createdStatus } from '../../../core/namespace/queries/file-status.ts';
import type { Handlers, RpcCall } from '../../../rpc/service.ts';
import {
  AddBlockFlagProto,
  type AddBlockRequestProto,
  type AddBlockResponseProtoInit,
  type ClientNamenodeProtocol,
  CreateFlagProto,
} from '../../../wire/messages/client-namenode.ts';
import type { DatanodeInfoProto, ExtendedBlockProto } from '../../../wire/messages/hdfs.ts';
import type { FavouredNodes } from '../favoured-nodes.ts';
import type { LeaseMonitor } from '../lease-monitor.ts';
import type { Locations } from '../locations.ts';
import { answering, type NameSystem, rpcIds } from '../namesystem.ts';
import { fileStatusProto } from '../wire/files.ts';
import { namedStorages } from './named-storages.ts';
import { javaShort, modeOf } from './namespace-methods.ts';

export interface FileMethodParts {
  readonly system: NameSystem;
  readonly locations: Locations;
  readonly leaseMonitor: LeaseMonitor;
  /** Whether a writer is given another DataNode for one that failed. */
  readonly mayReplace: boolean;
  readonly favoured: FavouredNodes;
}

const REPLACES = 'dfs.client.block.write.replace-datanode-on-failure.enable';

/** A NameNode heeds this key of clients, as Apache's does. */
export const replacesDatanodes = (configuration: Configuration): boolean => configuration.getBoolean(REPLACES);

/** A block whose place in its file the answer does not tell. */
export const NO_OFFSET = -1;

const isEmpty = (): Record<string, never> => ({});
const has = (flags: number, flag: number): boolean => (flags & flag) !== 0;

export function clientBlock(block: ExtendedBlockProto): ClientBlock {
  return {
    poolId: block.poolId,
    id: blockId(block.blockId),
    genStamp: genStamp(block.generationStamp),
    numBytes: block.numBytes,
  };
}

export function fileMethods({
  system,
  locations,
  leaseMonitor,
  mayReplace,
  favoured,
}: FileMethodParts): Handlers<typeof ClientNamenodeProtocol> {
  const { namespace: ns, blockManager } = system;
  const { datanodes } = blockManager;

  const nodesOf = (infos: readonly DatanodeInfoProto[]): Datanode[] =>
    infos.flatMap(
      ({ id }) => datanodes.byUuid(id.datanodeUuid) ?? datanodes.byXferAddress(`${id.ipAddr}:${id.xferPort}`) ?? [],
    );

  const targetsFor = (
    request: AddBlockRequestProto,
    favouredNodes: readonly string[],
    wanted: BlockWanted,
    call: RpcCall,
    now: Now,
  ): readonly Storage[] =>
    blockManager.chooseTargets(
      {
        path: wanted.path,
        replication: wanted.replication,
        blockSize: wanted.blockSize,
        writer: locations.placeOf(call.remote.host),
        excluded: nodesOf(request.excludeNodes),
        favoured: favouredNodes,
        storagePolicy: wanted.storagePolicy,
        noLocalWrite: request.flags.includes(AddBlockFlagProto.NO_LOCAL_WRITE),
        noLocalRack: false,
        ignoreClientLocality: request.flags.includes(AddBlockFlagProto.IGNORE_CLIENT_LOCALITY),
      },
      now,
    ).targets;

  const retriedBlock = (
    check: Extract<AddBlockCheck, { kind: 'retry' }>,
    choose: () => readonly Storage[],
  ): AddBlockResponseProtoInit => {
    let storages = blockManager.expectedStorages(check.block);
    if (storages.length === 0) {
      storages = choose();
      blockManager.blockAllocated(check.block, storages);
    }
    return { block: locations.block(check.block, check.offset, storages) };
  };

  const addBlock = (
    request: AddBlockRequestProto,
    favouredNodes: readonly string[],
    call: RpcCall,
    caller: Caller,
    now: Now,
  ): Checked<AddBlockResponseProtoInit> => {
    const check = checkAddBlock(ns, caller, {
      path: request.src,
      fileId: inodeId(request.fileId),
      clientName: request.clientName,
      previous: request.previous === undefined ? undefined : clientBlock(request.previous),
    });
    const choose = (): readonly Storage[] => targetsFor(request, favouredNodes, check.wanted, call, now);
    if (check.kind === 'retry') return { ops: [], result: () => retriedBlock(check, choose) };
    const targets = choose();
    const before = check.penultimate === undefined ? 0 : ns.blocks.find(check.penultimate.id);
    return answering(newBlock(ns, check), ({ block, offset }) => {
      if (before !== 0) blockManager.blockFinalised(before, now);
      blockManager.blockAllocated(block, targets);
      return { block: locations.block(block, offset, targets) };
    });
  };

  return {
    create: (request, call) => {
      checkCreatePath(request.src);
      return system.change(
        call,
        `Cannot create file${request.src}`,
        (caller, now) => {
          const checked = checkCreate(
            ns,
            caller,
            {
              path: request.src,
              mode: { masked: modeOf(request.masked), unmasked: request.unmasked && modeOf(request.unmasked) },
              clientName: request.clientName,
              clientMachine: call.remote.host,
              create: has(request.createFlag, CreateFlagProto.CREATE),
              overwrite: has(request.createFlag, CreateFlagProto.OVERWRITE),
              lazyPersist: has(request.createFlag, CreateFlagProto.LAZY_PERSIST),
              shouldReplicate: has(request.createFlag, CreateFlagProto.SHOULD_REPLICATE),
              createParent: request.createParent,
              replication: javaShort(request.replication),
              blockSize: request.blockSize,
              ecPolicyName: request.ecPolicyName,
              storagePolicy: request.storagePolicy,
              rpc: rpcIds(call),
            },
            now.wallMs,
          );
          return answering(checked, (status) => ({ fs: fileStatusProto(status) }));
        },
        (op) => {
          if (op.kind !== 'ADD') throw new HdfsError('EIO', `Call ${call.callId} was answered before, as another operation`);
          return { fs: fileStatusProto(createdStatus(ns, op)) };
        },
      );
    },

    addBlock: (request, call) => {
      const withNodes = (nodes: readonly string[]) =>
        system.change(
          call,
          (caller) => `Cannot add block to ${resolveForBlock(ns, caller, request.src, inodeId(request.fileId)).text}`,
          (caller, now) => addBlock(request, nodes, call, caller, now),
        );
      const nodes = favoured.find(request.favoredNodes);
      return nodes instanceof Promise ? nodes.then(withNodes) : withNodes(nodes);
    },

    getAdditionalDatanode: (request, call) =>
      system.as(call, (caller) => {
        if (!mayReplace) {
          throw new HdfsError('EUNSUPPORTED', `This feature is disabled.  Please refer to ${REPLACES} configuration property.`);
        }
        system.requireWritable(`Cannot add datanode; src=${request.src}, blk=${clientBlockText(clientBlock(request.blk))}`);
        const now = system.now();
        const open = checkAdditionalDatanode(ns, caller, request.src, inodeId(request.fileId), request.clientName);
        const existing = request.existings.flatMap(({ id }, index) => {
          const node = datanodes.byUuid(id.datanodeUuid);
          return node?.storages.get(request.existingStorageUuids[index] ?? '') ?? [];
        });
        // Java reads the number as one with a sign.
        const wanted = request.numAdditionalNodes | 0;
        const { clientMachine } = ns.inodes.underConstruction(open.file) ?? { clientMachine: call.remote.host };
        const { targets } = blockManager.chooseAdditionalTargets(
          {
            path: open.path,
            replication: Math.max(0, wanted),
            blockSize: ns.inodes.preferredBlockSize(open.file),
            writer: locations.placeOf(clientMachine),
            excluded: nodesOf(request.excludes),
            storagePolicy: ns.inodes.storagePolicy(open.file),
          },
          existing,
          now,
        );
        const block = ns.blocks.find(blockId(request.blk.blockId));
        if (block === 0) throw new HdfsError('EIO', `blk_${request.blk.blockId} does not exist.`);
        return { block: locations.block(block, NO_OFFSET, wanted === 0 ? [] : [...existing, ...targets]) };
      }),

    abandonBlock: (request, call) =>
      system.change(call, `Cannot abandon block ${clientBlockText(clientBlock(request.b))} for file${request.src}`, (caller) =>
        answering(
          checkAbandonBlock(ns, caller, {
            path: request.src,
            fileId: inodeId(request.fileId),
            clientName: request.holder,
            block: clientBlock(request.b),
          }),
          isEmpty,
        ),
      ),

    fsync: (request, call) =>
      system.change(call, `Cannot fsync file ${request.src}`, (caller) =>
        answering(
          checkFsync(ns, caller, {
            path: request.src,
            fileId: inodeId(request.fileId),
            clientName: request.client,
            lastBlockLength: request.lastBlockLength,
          }),
          isEmpty,
        ),
      ),

    complete: (request, call) => {
      const last = request.last === undefined ? undefined : clientBlock(request.last);
      let isTooEarly = false;
      const complete = (): { result: boolean } | Promise<{ result: boolean }> =>
        system.change(call, `Cannot complete file ${request.src}`, (caller, now) => {
          const check = checkComplete(ns, caller, {
            path: request.src,
            fileId: inodeId(request.fileId),
            clientName: request.clientName,
            last,
          });
          if (check.kind !== 'close') return { ops: [], result: () => ({ result: check.kind === 'closed already' }) };
          const { file, commit } = check;
          if (commit !== undefined && last !== undefined) {
            const block = { id: last.id, genStamp: last.genStamp, numBytes: commit.numBytes };
            blockManager.commitOrComplete(commit.block, block, now);
          }
          return answering(checkClose(ns, file, now.wallMs), (closed) => {
            if (closed) system.fileClosed(file, now);
            isTooEarly = !closed;
            return { result: closed };
          });
        });
      const answer = complete();
      if (!isTooEarly || last === undefined) return answer;
      sometimes('file closed before the report of its last block');
      return system.awaitedReports.until(last.id, complete, ({ result }) => result);
    },

    updateBlockForPipeline: (request, call) =>
      system.change(
        call,
        `Cannot get a new generation stamp and an access token for block ${clientBlockText(clientBlock(request.block))}`,
        (_caller) => {
          const { ops, result } = checkBumpGenStamp(ns, clientBlock(request.block), request.clientName);
          return {
            ops,
            result: () => {
              const { block, genStamp: stamp } = result();
              const located = locations.block(block, NO_OFFSET, []);
              return { block: { ...located, b: { ...located.b, generationStamp: stamp, numBytes: request.block.numBytes } } };
            },
          };
        },
      ),

    updatePipeline: (request, call) =>
      system.change(
        call,
        'Pipeline not updated',
        (_caller, _now) => {
          const oldBlock = clientBlock(request.oldBlock);
          const newBlock = clientBlock(request.newBlock);
          const { clientName } = request;
          const { ops, result } = checkUpdatePipeline(ns, { clientName, oldBlock, newBlock, rpc: rpcIds(call) });
          const about =
            `src=${pathOfInode(ns.inodes, ns.blocks.owner(ns.blocks.find(oldBlock.id)))}, ` +
            `oldBlock=${clientBlockText(oldBlock)}, newBlock=${clientBlockText(newBlock)}, clientName=${clientName}`;
          const targets = namedStorages(datanodes, request.newNodes, request.storageIDs, about);
          return {
            ops,
            result: () => {
              const block = result();
              // A pipeline of no nodes leaves those that there were.
              blockManager.pipelineUpdated(block, targets ?? blockManager.expectedStorages(block));
              return {};
            },
          };
        },
        isEmpty,
      ),

    renewLease: ({ clientName }) => {
      system.requireWritable(`Cannot renew lease for ${clientName}`);
      ns.leases.renew(clientName, system.now().monotonicMs);
      return {};
    },

    recoverLease: (request, call) =>
      system.as(call, (caller) => {
        system.requireWritable(`Cannot recover the lease of ${request.src}`);
        call.afterTxid = system.editLog.lastTxid;
        const file = checkRecoverLease(ns, caller, request.src, request.clientName, call.remote.host);
        if (file === true) return { result: true };
        try {
          return { result: leaseMonitor.release(file, request.clientName) };
        } finally {
          call.afterTxid = system.editLog.lastTxid;
        }
      }),

    isFileClosed: ({ src }, call) =>
      system.ask(call, (caller) => {
        const { path, value } = isFileClosed(ns, caller, src);
        return { path, value: { result: value } };
      }),
  };
}
