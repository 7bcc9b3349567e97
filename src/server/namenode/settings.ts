// What the NameNode's parts are configured with, read from Hadoop's keys in one place.

import type { Configuration } from '../../config/configuration.ts';
import type { NamespaceOptions } from '../../core/namespace/options.ts';

/** About what Apache's default, 3 % of a small heap, holds; an entry here is a few hundred bytes. */
const RETRY_CACHE_ENTRIES = 1_000_000;
/** Apache: HdfsConstants.LEASE_SOFTLIMIT_PERIOD; no key sets it. */
const LEASE_SOFT_LIMIT_MS = 60_000;

export function namespaceOptions(configuration: Configuration, superuser: string): NamespaceOptions {
  return {
    superuser,
    supergroup: configuration.require('dfs.permissions.superusergroup'),
    permissionsEnabled: configuration.getBoolean('dfs.permissions.enabled'),
    posixAclInheritance: configuration.getBoolean('dfs.namenode.posix.acl.inheritance.enabled'),
    maxComponentLength: configuration.getInt('dfs.namenode.fs-limits.max-component-length'),
    maxDirectoryItems: configuration.getInt('dfs.namenode.fs-limits.max-directory-items'),
    maxBlocksPerFile: configuration.getLong('dfs.namenode.fs-limits.max-blocks-per-file'),
    minBlockSize: configuration.getLong('dfs.namenode.fs-limits.min-block-size'),
    minReplication: configuration.getInt('dfs.namenode.replication.min'),
    maxReplication: configuration.getInt('dfs.replication.max'),
    maxObjects: configuration.getLong('dfs.namenode.max.objects'),
    accessTimePrecisionMs: configuration.getDuration('dfs.namenode.accesstime.precision'),
    committedBlocksAllowed: configuration.getInt('dfs.namenode.file.close.num-committed-allowed'),
    leaseSoftLimitMs: LEASE_SOFT_LIMIT_MS,
    leaseHardLimitMs: configuration.getDuration('dfs.namenode.lease-hard-limit-sec'),
    retryCacheMs: configuration.getBoolean('dfs.namenode.enable.retrycache')
      ? configuration.getDuration('dfs.namenode.retrycache.expirytime.millis')
      : 0,
    retryCacheEntries: RETRY_CACHE_ENTRIES,
  };
}
