// What a namespace is configured with. Values only: the keys that they come from are declared in config/.
import { NONE_PROTECTED, type ProtectedDirectories } from './protected-directories.ts';

export interface NamespaceOptions {
  /** Owner of the root of a new file system; always a superuser. */
  readonly superuser: string;
  readonly supergroup: string;
  readonly permissionsEnabled: boolean;
  /** The rights over a whole tree are looked at before it is summed up, sticky bits included. */
  readonly summaryGuarded: boolean;
  /** A child takes its parent's default list from the unmasked mode, as POSIX says. */
  readonly posixAclInheritance: boolean;
  /** Whether lists may be asked for and changed; those that are there count in any case. */
  readonly aclsEnabled: boolean;
  readonly xattrsEnabled: boolean;
  /** Of the name spaces that users see; system attributes do not count. */
  readonly maxXattrsPerInode: number;
  /** Bytes of name and value. */
  readonly maxXattrSize: number;
  /** Storage policies may be set. */
  readonly storagePoliciesEnabled: boolean;
  /** Only the superuser sets storage policies. */
  readonly storagePoliciesOfSuperuser: boolean;
  /** Space may be limited on storages of one type. */
  readonly typeQuotasEnabled: boolean;
  /** Who owns the parent of a directory may limit it, not the superuser alone. */
  readonly ownersSetQuota: boolean;
  readonly protectedDirectories: ProtectedDirectories;
  /** Snapshots may be compared for directories below a snapshottable one, too. */
  readonly snapshotDiffBelowRoot: boolean;
  /** Bytes of a name; 0: no limit. */
  readonly maxComponentLength: number;
  readonly maxDirectoryItems: number;
  readonly maxBlocksPerFile: number;
  readonly minBlockSize: number;
  readonly minReplication: number;
  readonly maxReplication: number;
  /** Inodes and blocks together; 0: no limit. */
  readonly maxObjects: number;
  /** Milliseconds by which an access time must lag to be worth an edit; 0: access times are off. */
  readonly accessTimePrecisionMs: number;
  /** Blocks at the end of a file that may be COMMITTED, not yet COMPLETE, when it is closed or gets another block. */
  readonly committedBlocksAllowed: number;
  readonly leaseSoftLimitMs: number;
  readonly leaseHardLimitMs: number;
  readonly retryCacheMs: number;
  readonly retryCacheEntries: number;
}

/** Apache's defaults. */
export const DEFAULT_NAMESPACE_OPTIONS: NamespaceOptions = {
  superuser: 'hdfs',
  supergroup: 'supergroup',
  permissionsEnabled: true,
  summaryGuarded: false,
  posixAclInheritance: true,
  aclsEnabled: true,
  xattrsEnabled: true,
  maxXattrsPerInode: 32,
  maxXattrSize: 16_384,
  storagePoliciesEnabled: true,
  storagePoliciesOfSuperuser: false,
  typeQuotasEnabled: true,
  ownersSetQuota: false,
  protectedDirectories: NONE_PROTECTED,
  snapshotDiffBelowRoot: true,
  maxComponentLength: 255,
  maxDirectoryItems: 1024 * 1024,
  maxBlocksPerFile: 10_000,
  minBlockSize: 1024 * 1024,
  minReplication: 1,
  maxReplication: 512,
  maxObjects: 0,
  accessTimePrecisionMs: 3_600_000,
  committedBlocksAllowed: 0,
  leaseSoftLimitMs: 60_000,
  leaseHardLimitMs: 20 * 60_000,
  retryCacheMs: 600_000,
  retryCacheEntries: 1_000_000,
};
