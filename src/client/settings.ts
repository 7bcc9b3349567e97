// The configuration keys that a client obeys, read once and checked when it connects.
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from '../config/configuration.ts';
import { KEYS } from '../config/keys/index.ts';
import { type RpcClientLimits, rpcClientLimits } from '../config/rpc-client.ts';
import type { HintSettings } from '../core/pipeline/ack-hints.ts';
import { REPLACE_POLICIES, type ReplaceSettings } from '../core/pipeline/replace-datanode.ts';
import { ChecksumTypeProto } from '../wire/messages/hdfs.ts';
import type { CachingStrategyProtoInit } from '../wire/messages/transfer.ts';
import type { DeadNodeSettings } from './dead-nodes.ts';
import { parsePauses, type RetrySettings } from './retries.ts';

export interface ClientSettings extends RetrySettings {
  /** Undefined where no file sets it: the server's default then holds, not the one declared for servers. */
  readonly blockSize: number | undefined;
  readonly replication: number | undefined;
  readonly bytesPerChecksum: number;
  readonly checksumType: ChecksumTypeProto;
  readonly checksumCombineMode: 'MD5MD5CRC' | 'COMPOSITE_CRC';
  readonly writePacketSize: number;
  readonly maxPacketBytes: number;
  /** Acknowledgements that come later are logged. */
  readonly slowIoMs: number;
  readonly maxPacketsInFlight: number;
  readonly socketTimeoutMs: number;
  readonly socketCacheCapacity: number;
  readonly socketCacheExpiryMs: number;
  /** Kept connections that one read tries before a new one. */
  readonly cachedConnectionTries: number;
  /** What DataNodes are asked to do with their pages; what is undefined they decide themselves. */
  readonly readCaching: CachingStrategyProtoInit;
  readonly writeCaching: CachingStrategyProtoInit;
  readonly useDatanodeHostname: boolean;
  readonly maxBlockAcquireFailures: number;
  /** Undefined: streams share nothing of what they know of dead nodes. */
  readonly deadNodes: DeadNodeSettings | undefined;
  readonly retryWindowMs: number;
  /** Hedged reads at once; 0: none. */
  readonly hedgedReads: number;
  readonly hedgedReadThresholdMs: number;
  readonly lastBlockRetries: number;
  readonly lastBlockRetryMs: number;
  readonly blockWriteRetries: number;
  readonly locateFollowingBlockRetries: number;
  readonly locateFollowingBlockDelayMs: number;
  readonly locateFollowingBlockMaxDelayMs: number;
  /** Whether a file that could not be closed is recovered at once. */
  readonly recoversLeaseOfFailedClose: boolean;
  readonly pipelineRecoveryRetries: number;
  readonly excludedNodesExpiryMs: number;
  readonly datanodeRestartTimeoutMs: number;
  readonly replace: ReplaceSettings;
  readonly hints: HintSettings;
  /** Bytes of a file whose locations are asked for at once. */
  readonly prefetchBytes: number;
  /** How long the server's defaults are believed. */
  readonly defaultsValidMs: number;
  readonly homePrefix: string;
  readonly umask: number;
  readonly trashIntervalMs: number;
  readonly rpc: RpcClientLimits;
  readonly failoverRandomOrder: boolean;
}

/** Apache: HdfsClientConfigKeys.Read.PREFETCH_SIZE, ten blocks when it is not set. */
const PREFETCH_BLOCKS = 10;

export function clientSettings(configuration: Configuration): ClientSettings {
  const positive = (name: string, value: number): number => {
    if (value <= 0) throw new HdfsError('EINVAL', `${name} is ${value}, but must be more than 0`);
    return value;
  };
  const int = (name: string): number => positive(name, configuration.getInt(name));
  return {
    blockSize: configuration.isSet('dfs.blocksize') ? configuration.getSize('dfs.blocksize') : undefined,
    replication: configuration.isSet('dfs.replication') ? configuration.getInt('dfs.replication') : undefined,
    bytesPerChecksum: int('dfs.bytes-per-checksum'),
    checksumType: checksumType(configuration.get('dfs.checksum.type') ?? 'CRC32C'),
    checksumCombineMode: combineMode(configuration.get('dfs.checksum.combine.mode') ?? 'MD5MD5CRC'),
    // No DataNode of this configuration would take a longer one.
    writePacketSize: Math.min(int('dfs.client-write-packet-size'), int('dfs.data.transfer.max.packet.size')),
    maxPacketBytes: int('dfs.data.transfer.max.packet.size'),
    slowIoMs: configuration.getDuration('dfs.client.slow.io.warning.threshold.ms'),
    maxPacketsInFlight: int('dfs.client.write.max-packets-in-flight'),
    socketTimeoutMs: configuration.getDuration('dfs.client.socket-timeout'),
    socketCacheCapacity: configuration.getInt('dfs.client.socketcache.capacity'),
    socketCacheExpiryMs: configuration.getDuration('dfs.client.socketcache.expiryMsec'),
    cachedConnectionTries: configuration.getInt('dfs.client.cached.conn.retry'),
    ...cachingSettings(configuration),
    useDatanodeHostname: configuration.getBoolean('dfs.client.use.datanode.hostname'),
    maxBlockAcquireFailures: configuration.getInt('dfs.client.max.block.acquire.failures'),
    deadNodes: configuration.getBoolean('dfs.client.deadnode.detection.enabled') ? deadNodeSettings(configuration) : undefined,
    hedgedReads: configuration.getInt('dfs.client.hedged.read.threadpool.size'),
    hedgedReadThresholdMs: configuration.getDuration('dfs.client.hedged.read.threshold.millis'),
    retryWindowMs: configuration.getDuration('dfs.client.retry.window.base'),
    lastBlockRetries: configuration.getInt('dfs.client.retry.times.get-last-block-length'),
    lastBlockRetryMs: configuration.getDuration('dfs.client.retry.interval-ms.get-last-block-length'),
    blockWriteRetries: configuration.getInt('dfs.client.block.write.retries'),
    locateFollowingBlockRetries: configuration.getInt('dfs.client.block.write.locateFollowingBlock.retries'),
    locateFollowingBlockDelayMs: configuration.getDuration('dfs.client.block.write.locateFollowingBlock.initial.delay.ms'),
    locateFollowingBlockMaxDelayMs: configuration.getDuration('dfs.client.block.write.locateFollowingBlock.max.delay.ms'),
    recoversLeaseOfFailedClose: configuration.getBoolean('dfs.client.write.recover.lease.on.close.exception'),
    pipelineRecoveryRetries: configuration.getInt('dfs.client.pipeline.recovery.max-retries'),
    excludedNodesExpiryMs: configuration.getDuration('dfs.client.write.exclude.nodes.cache.expiry.interval.millis'),
    datanodeRestartTimeoutMs: configuration.getDuration('dfs.client.datanode-restart.timeout'),
    replace: replaceSettings(configuration),
    hints: hintSettings(configuration),
    prefetchBytes: configuration.isSet('dfs.client.read.prefetch.size')
      ? positive('dfs.client.read.prefetch.size', configuration.getSize('dfs.client.read.prefetch.size'))
      : PREFETCH_BLOCKS * configuration.getSize('dfs.blocksize'),
    defaultsValidMs: configuration.getDuration('dfs.client.server-defaults.validity.period.ms'),
    homePrefix: configuration.get('dfs.user.home.dir.prefix') ?? '/user',
    umask: parseUmask(configuration.get('fs.permissions.umask-mode') ?? '022'),
    trashIntervalMs: configuration.getDuration('fs.trash.interval'),
    rpc: rpcClientLimits(configuration),
    ...retrySettings(configuration),
    failoverRandomOrder: configuration.getBoolean('dfs.client.failover.random.order'),
  };
}

function deadNodeSettings(configuration: Configuration): DeadNodeSettings {
  return {
    suspectIntervalMs: configuration.getDuration('dfs.client.deadnode.detection.probe.suspectnode.interval.ms'),
    deadIntervalMs: configuration.getDuration('dfs.client.deadnode.detection.probe.deadnode.interval.ms'),
    probeTimeoutMs: configuration.getDuration('dfs.client.deadnode.detection.probe.connection.timeout.ms'),
    suspectsAtOnce: configuration.getInt('dfs.client.deadnode.detection.probe.suspectnode.threads'),
    deadAtOnce: configuration.getInt('dfs.client.deadnode.detection.probe.deadnode.threads'),
    probesAtOnce: configuration.getInt('dfs.client.deadnode.detection.rpc.threads'),
  };
}

function cachingSettings(configuration: Configuration): Pick<ClientSettings, 'readCaching' | 'writeCaching'> {
  const dropsBehind = (key: 'dfs.client.cache.drop.behind.reads' | 'dfs.client.cache.drop.behind.writes') =>
    configuration.get(key) ? configuration.getBoolean(key) : undefined;
  const readahead = configuration.get('dfs.client.cache.readahead')
    ? configuration.getLong('dfs.client.cache.readahead')
    : undefined;
  return {
    readCaching: { dropBehind: dropsBehind('dfs.client.cache.drop.behind.reads'), readahead },
    writeCaching: { dropBehind: dropsBehind('dfs.client.cache.drop.behind.writes') },
  };
}

function retrySettings(configuration: Configuration): RetrySettings {
  return {
    connectRetries: configuration.getInt('ipc.client.connect.max.retries'),
    connectRetriesOnTimeouts: configuration.getInt('ipc.client.connect.max.retries.on.timeouts'),
    connectRetryIntervalMs: configuration.getDuration('ipc.client.connect.retry.interval'),
    failoverAttempts: configuration.getInt('dfs.client.failover.max.attempts'),
    failoverSleepMs: configuration.getDuration('dfs.client.failover.sleep.base.millis'),
    failoverMaxSleepMs: configuration.getDuration('dfs.client.failover.sleep.max.millis'),
    failoverConnectRetries: configuration.getInt('dfs.client.failover.connection.retries'),
    failoverConnectRetriesOnTimeouts: configuration.getInt('dfs.client.failover.connection.retries.on.timeouts'),
    busyRetries: configuration.getInt('dfs.client.retry.max.attempts'),
    policy: retryPolicy(configuration),
  };
}

/** A specification that makes no sense is Hadoop's default, as in Hadoop. */
function retryPolicy(configuration: Configuration): RetrySettings['policy'] {
  if (!configuration.getBoolean('dfs.client.retry.policy.enabled')) return undefined;
  const key = 'dfs.client.retry.policy.spec';
  return parsePauses(configuration.require(key)) ?? parsePauses(KEYS[key].default ?? '');
}

function replaceSettings(configuration: Configuration): ReplaceSettings {
  const prefix = 'dfs.client.block.write.replace-datanode-on-failure';
  const wanted = configuration.get(`${prefix}.policy`) ?? 'DEFAULT';
  const named = REPLACE_POLICIES.find((policy) => policy !== 'DISABLE' && policy === wanted.toUpperCase());
  const policy = configuration.getBoolean(`${prefix}.enable`) ? named : 'DISABLE';
  if (policy === undefined) throw new HdfsError('EINVAL', `Illegal configuration value for ${prefix}.policy: ${wanted}`);
  return {
    policy,
    bestEffort: configuration.getBoolean(`${prefix}.best-effort`),
    minReplication: configuration.getInt(`${prefix}.min-replication`),
  };
}

/** Pauses that make no sense are those of Hadoop's defaults, as in Hadoop. */
function hintSettings(configuration: Configuration): HintSettings {
  const mean = configuration.getInt('dfs.client.congestion.backoff.mean.time');
  const max = configuration.getInt('dfs.client.congestion.backoff.max.time');
  const sound = mean > 0 && max >= mean;
  return {
    backoffMeanMs: sound ? mean : 5000,
    backoffMaxMs: sound ? max : 50_000,
    slowThreshold: configuration.getInt('dfs.client.mark.slownode.as.badnode.threshold'),
  };
}

/** Bits that a umask takes away, from `022` or from `u=rwx,g=rx,o=rx` (the bits that it leaves). Throws EINVAL. */
export function parseUmask(text: string): number {
  const trimmed = text.trim();
  if (/^[0-7]{1,4}$/.test(trimmed)) return Number.parseInt(trimmed, 8) & 0o777;
  let allowed = 0;
  for (const clause of trimmed.split(',')) {
    const match = /^([ugoa]+)=([rwx]*)$/.exec(clause.trim());
    if (match === null)
      throw new HdfsError('EINVAL', `fs.permissions.umask-mode is "${text}", but must be octal or like u=rwx,g=rx,o=`);
    const who = match[1] as string;
    const bits = [...(match[2] as string)].reduce((sum, letter) => sum | (letter === 'r' ? 4 : letter === 'w' ? 2 : 1), 0);
    if (/[ua]/.test(who)) allowed |= bits << 6;
    if (/[ga]/.test(who)) allowed |= bits << 3;
    if (/[oa]/.test(who)) allowed |= bits;
  }
  return 0o777 & ~allowed;
}

function checksumType(text: string): ChecksumTypeProto {
  switch (text.trim().toUpperCase()) {
    case 'CRC32C':
      return ChecksumTypeProto.CHECKSUM_CRC32C;
    case 'CRC32':
      return ChecksumTypeProto.CHECKSUM_CRC32;
    case 'NULL':
      return ChecksumTypeProto.CHECKSUM_NULL;
    default:
      throw new HdfsError('EINVAL', `dfs.checksum.type is "${text}", but must be CRC32C, CRC32 or NULL`);
  }
}

function combineMode(text: string): 'MD5MD5CRC' | 'COMPOSITE_CRC' {
  const upper = text.trim().toUpperCase();
  if (upper === 'MD5MD5CRC' || upper === 'COMPOSITE_CRC') return upper;
  throw new HdfsError('EINVAL', `dfs.checksum.combine.mode is "${text}", but must be MD5MD5CRC or COMPOSITE_CRC`);
}
