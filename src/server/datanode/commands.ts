// What a NameNode orders a DataNode to do. Only the active one is obeyed; work that takes time runs beside the heartbeats,
// bounded. Apache: BPOfferService.processCommandFromActive.
import { assert } from '../../base/assert.ts';
import { HdfsError, messageOf } from '../../base/errors.ts';
import { blockId, genStamp } from '../../base/ids.ts';
import { Stage } from '../../core/pipeline/types.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import {
  type BlockCommandProto,
  BlockCommandProto_Action,
  type DatanodeCommandProto,
  DatanodeCommandProto_Type,
  ErrorReportRequestProto_ErrorCode,
} from '../../wire/messages/datanode.ts';
import { recoverBlock } from './block-recovery.ts';
import type { NameNodeActor } from './namenode-actor.ts';
import { type BlockName, describeBlock } from './replica.ts';
import type { RollingUpgrades } from './rolling-upgrade.ts';
import { sendReplica } from './send-replica.ts';
import type { Services } from './services.ts';

/** Replicas that are sent to other nodes at once; NameNodes pace far below. */
const MAX_TRANSFERS = 64;
/** Transfers that wait; beyond, a command is dropped, and the NameNode orders it again. */
const MAX_WAITING_TRANSFERS = 10_000;

export class Commands {
  private readonly services: Services;
  private readonly upgrades: RollingUpgrades;
  private readonly waiting: (() => Promise<void>)[] = [];
  private running = 0;
  /** Bytes a second that balancing may use. */
  balanceBandwidth: number;

  constructor(services: Services, upgrades: RollingUpgrades) {
    this.services = services;
    this.upgrades = upgrades;
    this.balanceBandwidth = services.settings.balanceBandwidth;
  }

  /** Does what the active NameNode says. Never throws: failures are logged or reported. */
  obey(actor: NameNodeActor, command: DatanodeCommandProto): void {
    const { log } = this.services.host;
    switch (command.cmdType) {
      case DatanodeCommandProto_Type.BlockCommand:
        if (command.blkCmd !== undefined) this.blockCommand(actor, command.blkCmd);
        return;
      case DatanodeCommandProto_Type.BlockRecoveryCommand:
        for (const block of command.recoveryCmd?.blocks ?? []) {
          this.schedule(async () => {
            try {
              await recoverBlock(this.services, actor, block);
            } catch (error) {
              log.log('warn', 'datanode', `recovery of a block failed: ${messageOf(error)}`);
            }
          });
        }
        return;
      case DatanodeCommandProto_Type.BalancerBandwidthCommand:
        if (command.balancerCmd !== undefined && (command.balancerCmd.bandwidth ?? 0) > 0) {
          this.balanceBandwidth = command.balancerCmd.bandwidth ?? this.balanceBandwidth;
        }
        return;
      case DatanodeCommandProto_Type.FinalizeCommand:
        this.upgrades.finalize(command.finalizeCmd?.blockPoolId ?? '');
        return;
      case DatanodeCommandProto_Type.KeyUpdateCommand:
        // Keys of block tokens: without security nobody asks for them.
        return;
      case DatanodeCommandProto_Type.BlockIdCommand:
        log.log('warn', 'datanode', 'caching of blocks is not supported; the command is passed over');
        return;
      case DatanodeCommandProto_Type.BlockECReconstructionCommand:
        log.log('warn', 'datanode', 'erasure-coded blocks are not supported; the command is passed over');
        return;
      case DatanodeCommandProto_Type.RegisterCommand:
        assert(false, 'the actor registers by itself');
        return;
      case DatanodeCommandProto_Type.UnusedUpgradeCommand:
      case DatanodeCommandProto_Type.NullDatanodeCommand:
      case undefined:
        return;
    }
  }

  private blockCommand(actor: NameNodeActor, command: BlockCommandProto): void {
    const { dataset, host } = this.services;
    const pool = command.blockPoolId ?? '';
    switch (command.action) {
      case BlockCommandProto_Action.INVALIDATE:
        dataset
          .invalidate(
            pool,
            command.blocks.map((b) => ({ id: blockId(b.blockId ?? 0n), genStamp: genStamp(b.genStamp ?? 0) })),
          )
          .catch((error: unknown) => host.log.log('warn', 'datanode', `deleting blocks failed: ${messageOf(error)}`));
        return;
      case BlockCommandProto_Action.TRANSFER:
        command.blocks.forEach((b, i) => {
          const block: BlockName = {
            pool,
            id: blockId(b.blockId ?? 0n),
            genStamp: genStamp(b.genStamp ?? 0),
            numBytes: b.numBytes ?? 0,
          };
          this.schedule(() => this.transfer(actor, block, command, i));
        });
        return;
      case BlockCommandProto_Action.SHUTDOWN:
      case undefined:
        host.log.log('warn', 'datanode', 'a block command without a known action is passed over');
        return;
    }
  }

  private schedule(work: () => Promise<void>): void {
    if (this.waiting.length >= MAX_WAITING_TRANSFERS) {
      this.services.host.log.log('warn', 'datanode', 'too many transfers wait; one is dropped');
      return;
    }
    this.waiting.push(work);
    this.next();
    this.services.counters.waitingOrders = this.waiting.length;
  }

  private next(): void {
    while (this.running < MAX_TRANSFERS) {
      const work = this.waiting.shift();
      if (work === undefined) return;
      this.running++;
      work().finally(() => {
        this.running--;
        this.next();
        this.services.counters.waitingOrders = this.waiting.length;
      });
    }
  }

  private async transfer(actor: NameNodeActor, block: BlockName, command: BlockCommandProto, index: number): Promise<void> {
    const { dataset, host } = this.services;
    const targets = command.targets[index]?.datanodes ?? [];
    if (targets.length === 0) return;
    try {
      const pool = dataset.pool(block.pool);
      const handle = pool.replicas.find(block.id);
      if (handle === 0 || pool.replicas.state(handle) !== ReplicaState.FINALIZED) {
        const text = `Can't send invalid block ${describeBlock(block)}`;
        host.log.log('info', 'datanode', text);
        if (handle === 0) await actor.errorReport(ErrorReportRequestProto_ErrorCode.INVALID_BLOCK, text);
        return;
      }
      if (pool.replicas.numBytes(handle) < block.numBytes) {
        // The replica here has lost bytes that the NameNode knows of.
        this.services.reportBad(block, undefined);
        throw new HdfsError(
          'EIO',
          `Can't replicate block ${describeBlock(block)} because on-disk length ${pool.replicas.numBytes(handle)} is shorter than NameNode recorded length ${block.numBytes}`,
        );
      }
      await sendReplica(this.services, {
        block,
        targets,
        targetStorageTypes: command.targetStorageTypes[index]?.storageTypes ?? [],
        targetStorageIds: command.targetStorageUuids[index]?.storageUuids ?? [],
        stage: Stage.PIPELINE_SETUP_CREATE,
        clientName: '',
      });
    } catch (error) {
      host.log.log('warn', 'datanode', `transferring ${describeBlock(block)} failed: ${messageOf(error)}`);
    }
  }
}
