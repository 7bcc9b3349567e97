// What fsck says of one file: its blocks, those that lack replicas, and those that nobody can read. Mirrors collectFileSummary
// and collectBlocksSummary of NamenodeFsck.
import { type InspectedReplica, standingOf } from '../../../core/blocks/inspection.ts';
import { fileLength } from '../../../core/namespace/file-length.ts';
import { effectivePolicy } from '../../../core/namespace/inode-policy.ts';
import type { InodeHandle } from '../../../core/namespace/inodes.ts';
import { blocksOfRange } from '../../../core/namespace/queries/block-locations.ts';
import { storagePolicyById } from '../../../core/placement/storage-policy.ts';
import { StorageTypeProtoNames } from '../../../wire/messages/hdfs.ts';
import type { NameSystem } from '../namesystem.ts';
import type { FsckOptions } from './options.ts';
import type { FsckResult } from './result.ts';
import type { StoragePolicySummary } from './storage-policies.ts';

export interface FileReport {
  readonly text: string;
  /** Closed, and not all of it can be read. */
  readonly broken: boolean;
  /** Blocks whose places are not good enough. */
  readonly misplaced: readonly number[];
}

function replicaText(replica: InspectedReplica, options: FsckOptions): string {
  const { storage } = replica;
  const { node } = storage;
  const place = options.racks
    ? `${node.location}/${node.xferAddress}`
    : `DatanodeInfoWithStorage[${node.xferAddress},${storage.id},${StorageTypeProtoNames[storage.type] ?? 'DISK'}]`;
  const domain = options.upgradeDomains ? '(ud=undefined)' : '';
  return `${place}${domain}${options.replicaDetails ? `(${standingOf(replica, options.maintenance)})` : ''}`;
}

function replicasText(replicas: readonly InspectedReplica[], options: FsckOptions): string {
  if (!(options.locations || options.racks || options.replicaDetails || options.upgradeDomains)) return '';
  return `  [${replicas.map((replica) => replicaText(replica, options)).join(', ')}]`;
}

/** The file at that handle, in one turn. */
export function reportFile(
  system: NameSystem,
  path: string,
  file: InodeHandle,
  options: FsckOptions,
  result: FsckResult,
  policies: StoragePolicySummary | undefined,
): FileReport {
  const { namespace: ns, blockManager, blockPoolId } = system;
  const { inodes, blocks } = ns;
  const open = inodes.isUnderConstruction(file);
  const replication = inodes.replication(file);
  const found = blocksOfRange(ns, file, 0, Number.MAX_SAFE_INTEGER);
  // With what is known of a block that is being written, as listings show it.
  const length = fileLength(ns, file);
  if (open && !options.openForWrite) {
    result.openFiles++;
    result.openBytes += length;
    result.openBlocks += found.blocks.length;
    return { text: '', broken: false, misplaced: [] };
  }
  result.files++;
  result.bytes += length;
  result.blocks += found.blocks.length;
  let text = '';
  const head = `${path} ${length} bytes, replicated: replication=${replication}, ${found.blocks.length} block(s)`;
  if (open) text += `${head}, OPENFORWRITE: `;
  else if (options.files) text += `${head}: `;
  else if (result.files % 100 === 0) text += '.';

  const now = system.now();
  const minimum = blockManager.options.minReplication;
  const policy = storagePolicyById(effectivePolicy(inodes, file), blockManager.options.defaultStoragePolicy);
  const misplaced: number[] = [];
  let report = '';
  let number = 0;
  let missing = 0;
  let missingBytes = 0;
  let corrupt = 0;
  let corruptBytes = 0;
  let under = 0;
  for (const { block } of found.blocks) {
    if (!found.isLastComplete && block === found.last?.block) continue;
    const name = `blk_${blocks.id(block)}_${blocks.genStamp(block)}`;
    const full = `${blockPoolId}:${name}`;
    const bytes = blocks.numBytes(block);
    const { counts, replicas, isCorrupt, missingRacks } = blockManager.inspect(block, now);
    const leaving = counts.decommissioned + counts.decommissioning + counts.maintenanceForRead + counts.maintenanceNotForRead;
    const total = counts.live + leaving;
    result.decommissioned += counts.decommissioned;
    result.decommissioning += counts.decommissioning;
    result.enteringMaintenance += counts.maintenanceForRead;
    result.inMaintenance += counts.maintenanceNotForRead;
    result.replicas += total;
    result.expectedReplicas += replication;
    if (total < minimum) result.underMinimum++;
    else result.atMinimum++;
    if (counts.live > replication) {
      result.excessReplicas += counts.live - replication;
      result.overReplicated++;
    }
    const isMissing = total === 0;
    if (isCorrupt) {
      result.corruptBlocks++;
      result.corruptBytes += bytes;
      corrupt++;
      corruptBytes += bytes;
      text += `\n${path}: CORRUPT blockpool ${blockPoolId} block blk_${blocks.id(block)}\n`;
    }
    if (total < replication && !isMissing) {
      result.missingReplicas += replication - total;
      result.underReplicated++;
      under++;
      if (!options.files) text += `\n${path}: `;
      const inMaintenance = options.maintenance
        ? `${counts.maintenanceForRead}, entering maintenance replica(s) and ${counts.maintenanceNotForRead} in maintenance replica(s).`
        : '.';
      text +=
        ` Under replicated ${full}. Target Replicas is ${replication} but found ${counts.live} live replica(s), ` +
        `${counts.decommissioned} decommissioned replica(s), ${counts.decommissioning} decommissioning replica(s)${inMaintenance}\n`;
    }
    if (missingRacks > 0) {
      result.misplaced++;
      misplaced.push(block);
      if (!options.files) text += `${under === 0 ? '\n' : ''}${path}: `;
      const racks = blockManager.datanodes.topology.rackCount;
      text +=
        ` Replica placement policy is violated for ${full}. Block should be additionally replicated on ${missingRacks} ` +
        `more rack(s). Total number of racks in the cluster: ${racks}\n`;
    }
    // What a client is told of a block: its replicas that are no damaged ones, unless all are.
    policies?.add(
      replicas.filter((replica) => isCorrupt || replica.corrupt === undefined).map(({ storage }) => storage.type),
      policy,
    );
    report += `${number}. ${full} len=${bytes}`;
    if (isMissing && !isCorrupt) {
      report += ' MISSING!';
      result.missingBlocks++;
      result.missingBytes += bytes;
      missing++;
      missingBytes += bytes;
    } else report += ` Live_repl=${counts.live}${replicasText(replicas, options)}`;
    report += '\n';
    number++;
  }
  if (!found.isLastComplete && found.last !== undefined) {
    const { block } = found.last;
    const { replicas } = blockManager.inspect(block, now);
    const full = `${blockPoolId}:blk_${blocks.id(block)}_${blocks.genStamp(block)}`;
    report +=
      `\nUnder Construction Block:\n${number}. ${full} len=${blocks.numBytes(block)} Expected_repl=${replicas.length}` +
      replicasText(replicas, options);
  }
  const broken = missing > 0 || corrupt > 0;
  if (broken) {
    result.corruptFiles++;
    if (!options.files) {
      if (missing > 0) text += `\n${path}: MISSING ${missing} blocks of total size ${missingBytes} B.`;
      if (corrupt > 0) text += `\n${path}: CORRUPT ${corrupt} blocks of total size ${corruptBytes} B.`;
    } else {
      if (missing > 0) text += ` MISSING ${missing} blocks of total size ${missingBytes} B\n`;
      if (corrupt > 0) text += ` CORRUPT ${corrupt} blocks of total size ${corruptBytes} B\n`;
    }
  } else if (options.files && under === 0 && misplaced.length === 0) text += ' OK\n';
  if (options.files && options.blocks) text += `${report}\n`;
  return { text, broken: broken && !open, misplaced };
}
