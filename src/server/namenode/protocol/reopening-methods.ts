// ClientProtocol's changes of files that are closed: append, truncate, concat.
import { HdfsError } from '../../../base/errors.ts';
import type { AnsweredOp } from '../../../core/namespace/answered-op.ts';
import { type Appended, appended, checkAppend } from '../../../core/namespace/ops/append.ts';
import { checkConcat } from '../../../core/namespace/ops/concat.ts';
import { checkTruncate, type Truncated } from '../../../core/namespace/ops/truncate.ts';
import type { Handlers, RpcCall } from '../../../rpc/service.ts';
import {
  type AppendResponseProtoInit,
  type ClientNamenodeProtocol,
  CreateFlagProto,
} from '../../../wire/messages/client-namenode.ts';
import type { LeaseMonitor } from '../lease-monitor.ts';
import type { Locations } from '../locations.ts';
import { answering, type NameSystem, rpcIds } from '../namesystem.ts';
import { fileStatusProto } from '../wire/files.ts';
import { NO_OFFSET } from './file-methods.ts';

export interface ReopeningParts {
  readonly system: NameSystem;
  readonly locations: Locations;
  readonly leaseMonitor: LeaseMonitor;
}

export function reopeningMethods({ system, locations, leaseMonitor }: ReopeningParts): Handlers<typeof ClientNamenodeProtocol> {
  const { namespace: ns, blockManager } = system;

  const appendAnswer = ({ status, block, offset, reopened }: Appended): AppendResponseProtoInit => {
    const stat = fileStatusProto(status);
    if (block === 0) return { stat };
    // With NEW_BLOCK only the last block's length matters, and Apache says nothing else of it.
    const located = reopened
      ? locations.block(block, offset, blockManager.expectedStorages(block))
      : locations.block(block, NO_OFFSET, []);
    return { block: located, stat };
  };

  const appendedBefore = (op: AnsweredOp, call: RpcCall): AppendResponseProtoInit => {
    // An append of an old log is an ADD.
    if (op.kind !== 'APPEND' && op.kind !== 'ADD') {
      throw new HdfsError('EIO', `Call ${call.callId} was answered before, as another operation`);
    }
    const file = ns.inodes.find(op.inodeId);
    if (file === 0 || !ns.inodes.isReachable(file)) throw new HdfsError('ENOENT', `ID ${op.inodeId} does not exist`);
    return appendAnswer(appended(ns, file, op.kind === 'APPEND' && op.newBlock));
  };

  const truncate = ({ block, recoveryId }: Extract<Truncated, { kind: 'begun' }>): void => {
    if (ns.truncations.of(block)?.kind === 'inPlace') blockManager.blockReopened(block);
    leaseMonitor.truncationBegun(block, recoveryId);
  };

  return {
    append: (request, call) =>
      system.change(
        call,
        `Cannot append to file${request.src}`,
        (caller) => {
          const checked = checkAppend(
            ns,
            caller,
            {
              path: request.src,
              clientName: request.clientName,
              clientMachine: call.remote.host,
              newBlock: ((request.flag ?? 0) & CreateFlagProto.NEW_BLOCK) !== 0,
              rpc: rpcIds(call),
            },
            (block) => blockManager.isSufficientlyReplicated(block),
          );
          return answering(checked, (result) => {
            if (result.reopened) blockManager.blockReopened(result.block);
            return appendAnswer(result);
          });
        },
        (op) => appendedBefore(op, call),
      ),

    truncate: (request, call) => {
      const { src, newLength, clientName } = request;
      if (newLength < 0) throw new HdfsError('EINVAL', `Cannot truncate to a negative file size: ${newLength}.`);
      return system.change(call, `Cannot truncate for ${src}`, (caller, now) => {
        const asked = { path: src, newLength, clientName, clientMachine: call.remote.host };
        return answering(checkTruncate(ns, caller, asked, now.wallMs), (truncated) => {
          if (truncated.kind === 'begun') truncate(truncated);
          return { result: truncated.kind === 'done' };
        });
      });
    },

    concat: (request, call) =>
      system.change(
        call,
        `Cannot concat ${request.trg}`,
        (caller, now) => {
          const asked = { target: request.trg, sources: request.srcs, rpc: rpcIds(call) };
          return answering(checkConcat(ns, caller, asked, now.wallMs), (file) => {
            // The blocks that came may have another number of replicas than this file wants.
            system.replicationChanged(file);
            return {};
          });
        },
        () => ({}),
      ),
  };
}
