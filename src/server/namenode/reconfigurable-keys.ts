// The keys that a running NameNode can change, and what changing each of them does. Apache: NameNode.reconfigurePropertyImpl.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { NAMENODE_RUN_TIME_KEYS } from '../../config/keys/run-time.ts';
import { nameNodeRpcAddress } from '../../config/nameservices.ts';
import {
  changeable,
  changeableTime,
  isTrue,
  lengthOfTime,
  type ReconfigurableKey,
  runTimeKeys,
  trueOrFalse,
  wholeLong,
  wholeNumber,
} from '../../config/reconfiguration.ts';
import type { ChangeableOptions } from '../../core/blocks/state.ts';
import { placementPolicyNamed } from '../../core/placement/policies.ts';
import type { SlowCallSettings } from '../../rpc/slow-calls.ts';
import { backOffKey } from './call-queue-settings.ts';
import type { NameSystem } from './namesystem.ts';
import { invalidateLimit, placementOptions, protectedDirectories } from './settings.ts';

/** Apache: FSDirectory.MAX_DIR_ITEMS. */
const MAX_DIRECTORY_ITEMS = 6_400_000;

const PLACEMENT = 'dfs.block.replicator.classname';

export interface ReconfigurableParts {
  readonly system: NameSystem;
  /** That of the start. */
  readonly configuration: Configuration;
  /** Whether caller contexts go into the audit log. */
  readonly showCallerContexts: (shown: boolean) => void;
  /** Whether clients that find no room in the call queue are sent away. */
  readonly backOff: (backOff: boolean) => void;
  /** Which calls are logged as slow. */
  readonly slowCalls: (change: Partial<SlowCallSettings>) => void;
}

/** Throws HdfsError EILLEGAL. */
function positive(configuration: Configuration, name: string): number {
  const value = wholeNumber(configuration, name);
  if (value > 0) return value;
  throw new HdfsError('EILLEGAL', `${name} = '${value}' is invalid. It should be a positive, non-zero integer value.`);
}

export function reconfigurableKeys({
  system,
  configuration,
  showCallerContexts,
  backOff,
  slowCalls,
}: ReconfigurableParts): Readonly<Record<string, ReconfigurableKey>> {
  const { blockManager, namespace } = system;
  const { datanodes, slow } = blockManager;

  const backOffs = backOffKey(nameNodeRpcAddress(configuration).port);

  const redundancy = (name: string, option: keyof ChangeableOptions, unit = 1) =>
    changeable(name, positive, (value) => blockManager.configure({ [option]: value * unit }));

  let placement = { className: configuration.require(PLACEMENT), options: placementOptions(configuration) };
  const place = (next: typeof placement): void => {
    blockManager.placementPolicy = placementPolicyNamed(next.className, next.options);
    placement = next;
  };

  const keys = [
    changeable(
      'dfs.heartbeat.interval',
      (configuration, name) => Math.floor(lengthOfTime(configuration, name) / 1000),
      (seconds) => {
        datanodes.configure({ heartbeatIntervalMs: seconds * 1000 });
        blockManager.configure({ invalidateLimit: invalidateLimit(blockManager.options.invalidateLimit, seconds * 1000) });
      },
    ),
    changeable('dfs.namenode.heartbeat.recheck-interval', wholeNumber, (value) =>
      datanodes.configure({ heartbeatRecheckIntervalMs: value }),
    ),
    changeable(
      'fs.protected.directories',
      (next) => protectedDirectories(next, system.host.log),
      (paths) => {
        const { protectedDirectories } = namespace.options;
        namespace.options = { ...namespace.options, protectedDirectories: { ...protectedDirectories, paths } };
      },
      () => [...namespace.options.protectedDirectories.paths].join(','),
    ),
    changeable('hadoop.caller.context.enabled', isTrue, showCallerContexts),
    changeable(backOffs, isTrue, backOff),
    redundancy('dfs.namenode.replication.max-streams', 'maxReplicationStreams'),
    redundancy('dfs.namenode.replication.max-streams-hard-limit', 'replicationStreamsHardLimit'),
    redundancy('dfs.namenode.replication.work.multiplier.per.iteration', 'replicationWorkMultiplier'),
    redundancy('dfs.namenode.reconstruction.pending.timeout-sec', 'pendingTimeoutMs', 1000),
    changeable(
      PLACEMENT,
      (next, name) => ({ className: next.require(name), options: placementOptions(next) }),
      place,
      () => placement.className,
    ),
    changeable('dfs.datanode.peer.stats.enabled', trueOrFalse, (peerStats) => slow.configure({ peerStats })),
    changeable('dfs.datanode.max.nodes.to.report', wholeNumber, (maxNodesToReport) => slow.configure({ maxNodesToReport })),
    changeable('dfs.namenode.max.slowpeer.collect.nodes', wholeNumber, (maxCollected) => slow.configure({ maxCollected })),
    changeableTime('dfs.namenode.slowpeer.collect.interval', (collectIntervalMs) => slow.configure({ collectIntervalMs })),
    changeable('dfs.namenode.block-placement-policy.exclude-slow-nodes.enabled', isTrue, (excludeForWrite) =>
      slow.configure({ excludeForWrite }),
    ),
    changeable('dfs.namenode.avoid.read.slow.datanode', isTrue, (avoidForRead) => slow.configure({ avoidForRead })),
    changeable('dfs.namenode.block-placement.min-blocks-for.write', positive, (minBlocksForWrite) =>
      place({ ...placement, options: { ...placement.options, minBlocksForWrite } }),
    ),
    changeable(
      'dfs.block.invalidate.limit',
      wholeNumber,
      (value) => blockManager.configure({ invalidateLimit: invalidateLimit(value, datanodes.heartbeatIntervalMs) }),
      () => blockManager.options.invalidateLimit,
    ),
    changeable('dfs.namenode.fs-limits.max-directory-items', wholeNumber, (value) => {
      if (value < 1 || value > MAX_DIRECTORY_ITEMS) {
        throw new HdfsError(
          'EILLEGAL',
          `Cannot set dfs.namenode.fs-limits.max-directory-items to a value less than 1 or greater than ${MAX_DIRECTORY_ITEMS}`,
        );
      }
      namespace.options = { ...namespace.options, maxDirectoryItems: value };
    }),
    changeable('ipc.server.log.slow.rpc', trueOrFalse, (log) => slowCalls({ log })),
    changeable('ipc.server.log.slow.rpc.threshold.ms', wholeLong, (thresholdMs) => slowCalls({ thresholdMs })),
  ];
  return runTimeKeys([...NAMENODE_RUN_TIME_KEYS, backOffs].sort(), keys);
}
