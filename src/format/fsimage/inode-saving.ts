// Writes one inode as the INODE section has it. Files and directories are written field by field: an image has millions
// of them. The rare parts go through the messages.

import { unreachable } from '../../base/assert.ts';
import type { BlockReader } from '../../core/blocks/block-map.ts';
import { type XAttr, XAttrNamespace } from '../../core/edits/ops.ts';
import { type InodeHandle, type InodeReader, InodeType } from '../../core/namespace/inodes.ts';
import { NAMENODE_LEASE_HOLDER } from '../../core/namespace/leases.ts';
import {
  writeINodeSection_AclFeatureProto,
  writeINodeSection_FileUnderConstructionFeature,
  writeINodeSection_QuotaByStorageTypeFeatureProto,
  writeINodeSection_XAttrFeatureProto,
} from '../../wire/messages/fsimage.ts';
import type { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { ProtoWriter } from '../../wire/protobuf/writer.ts';
import { storageTypeOrdinal } from '../storage-types.ts';
import { STORAGE_POLICY_ATTRIBUTE } from './inode-loading.ts';
import type { SavedStrings } from './string-table.ts';

/** What saving reads of inodes and blocks: frozen views, or tables that stand still. */
export interface ImageTables {
  readonly inodes: InodeReader;
  readonly blocks: Pick<BlockReader, 'id' | 'genStamp' | 'numBytes'>;
  /**
   * Files that are being cut. An image does not hold that: who loads it finds files that nobody writes. The NameNode has their
   * leases in it, and closes them; whoever had them cut may live on, and renew them for ever.
   */
  readonly cut?: ReadonlySet<InodeHandle> | undefined;
}

/** Field numbers of INodeSection.INode and its parts, with their wire types. */
const varint = (field: number): number => field << 3;
const fixed64 = (field: number): number => (field << 3) | 1;
const bytes = (field: number): number => (field << 3) | 2;

const INODE_TYPE = varint(1);
const INODE_ID = varint(2);
const INODE_NAME = bytes(3);
const INODE_FILE = bytes(4);
const INODE_DIRECTORY = bytes(5);
const INODE_SYMLINK = bytes(6);

const FILE_REPLICATION = varint(1);
const FILE_MTIME = varint(2);
const FILE_ATIME = varint(3);
const FILE_BLOCK_SIZE = varint(4);
const FILE_PERMISSION = fixed64(5);
const FILE_BLOCKS = bytes(6);
const FILE_UNDER_CONSTRUCTION = bytes(7);
const FILE_ACL = bytes(8);
const FILE_XATTRS = bytes(9);
const FILE_STORAGE_POLICY = varint(10);
const FILE_BLOCK_TYPE = varint(11);

const BLOCK_ID = varint(1);
const BLOCK_GEN_STAMP = varint(2);
const BLOCK_NUM_BYTES = varint(3);

const DIRECTORY_MTIME = varint(1);
const DIRECTORY_NAMESPACE_QUOTA = varint(2);
const DIRECTORY_SPACE_QUOTA = varint(3);
const DIRECTORY_PERMISSION = fixed64(4);
const DIRECTORY_ACL = bytes(5);
const DIRECTORY_XATTRS = bytes(6);
const DIRECTORY_TYPE_QUOTAS = bytes(7);

const SYMLINK_PERMISSION = fixed64(1);
const SYMLINK_TARGET = bytes(2);
const SYMLINK_MTIME = varint(3);
const SYMLINK_ATIME = varint(4);

/** BlockTypeProto.CONTIGUOUS. */
const CONTIGUOUS = 0;
const NO_QUOTA = -1;
/** Apache: DirectoryWithQuotaFeature.DEFAULT_NAMESPACE_QUOTA, which the root has when nobody set one. */
const ROOT_NAMESPACE_QUOTA = 2 ** 63;

/** Appends the inode with its length before it. */
export function writeInode(tables: ImageTables, inode: InodeHandle, strings: SavedStrings, w: ProtoWriter): void {
  const { inodes } = tables;
  const message = w.beginBare();
  const type = inodes.type(inode);
  w.tag(INODE_TYPE).putUint32(type);
  w.tag(INODE_ID).putInt64(inodes.id(inode));
  w.tag(INODE_NAME).putBytes(inodes.name(inode));
  switch (type) {
    case InodeType.FILE: {
      const part = w.begin(INODE_FILE);
      writeFile(tables, inode, strings, w);
      w.finish(part);
      break;
    }
    case InodeType.DIRECTORY: {
      const part = w.begin(INODE_DIRECTORY);
      writeDirectory(inodes, inode, strings, w);
      w.finish(part);
      break;
    }
    case InodeType.SYMLINK: {
      const part = w.begin(INODE_SYMLINK);
      writePermission(SYMLINK_PERMISSION, inodes, inode, strings, w);
      w.tag(SYMLINK_TARGET).putString(inodes.symlinkTarget(inode) ?? '');
      w.tag(SYMLINK_MTIME).putInt64(inodes.mtime(inode));
      w.tag(SYMLINK_ATIME).putInt64(inodes.atime(inode));
      w.finish(part);
      break;
    }
    default:
      unreachable(type);
  }
  w.finish(message);
}

function writeFile({ inodes, blocks, cut }: ImageTables, inode: InodeHandle, strings: SavedStrings, w: ProtoWriter): void {
  w.tag(FILE_REPLICATION).putUint32(inodes.replication(inode));
  w.tag(FILE_MTIME).putInt64(inodes.mtime(inode));
  w.tag(FILE_ATIME).putInt64(inodes.atime(inode));
  w.tag(FILE_BLOCK_SIZE).putInt64(inodes.preferredBlockSize(inode));
  writePermission(FILE_PERMISSION, inodes, inode, strings, w);
  const count = inodes.blockCount(inode);
  for (let i = 0; i < count; i++) {
    const block = inodes.blockAt(inode, i);
    const part = w.begin(FILE_BLOCKS);
    w.tag(BLOCK_ID).putExactInt64(blocks.id(block));
    w.tag(BLOCK_GEN_STAMP).putInt64(blocks.genStamp(block));
    w.tag(BLOCK_NUM_BYTES).putInt64(blocks.numBytes(block));
    w.finish(part);
  }
  const open = inodes.underConstruction(inode);
  if (open !== undefined) {
    const part = w.begin(FILE_UNDER_CONSTRUCTION);
    const clientName = cut?.has(inode) === true ? NAMENODE_LEASE_HOLDER : open.clientName;
    writeINodeSection_FileUnderConstructionFeature({ ...open, clientName }, w);
    w.finish(part);
  }
  writeAcl(FILE_ACL, inodes, inode, strings, w);
  writeXAttrs(FILE_XATTRS, inodes.xattrs(inode), strings, w);
  w.tag(FILE_STORAGE_POLICY).putUint32(inodes.storagePolicy(inode));
  w.tag(FILE_BLOCK_TYPE).putUint32(CONTIGUOUS);
}

function writeDirectory(inodes: InodeReader, inode: InodeHandle, strings: SavedStrings, w: ProtoWriter): void {
  const quota = inodes.quota(inode);
  const namespace = quota === undefined || quota.namespace < 0 ? noNamespaceQuota(inodes, inode) : quota.namespace;
  w.tag(DIRECTORY_MTIME).putInt64(inodes.mtime(inode));
  w.tag(DIRECTORY_NAMESPACE_QUOTA).putInt64(namespace);
  w.tag(DIRECTORY_SPACE_QUOTA).putInt64(quota?.space ?? NO_QUOTA);
  writePermission(DIRECTORY_PERMISSION, inodes, inode, strings, w);
  writeAcl(DIRECTORY_ACL, inodes, inode, strings, w);
  const policy = inodes.storagePolicy(inode);
  const attributes = inodes.xattrs(inode);
  writeXAttrs(DIRECTORY_XATTRS, policy === 0 ? attributes : [...(attributes ?? []), policyAttribute(policy)], strings, w);
  if (quota !== undefined && quota.byType.size > 0) {
    const part = w.begin(DIRECTORY_TYPE_QUOTAS);
    const quotas = [...quota.byType].sort(([a], [b]) => storageTypeOrdinal(a) - storageTypeOrdinal(b));
    writeINodeSection_QuotaByStorageTypeFeatureProto(
      { quotas: quotas.map(([storageType, bytesOf]) => ({ storageType: storageType as StorageTypeProto, quota: bytesOf })) },
      w,
    );
    w.finish(part);
  }
}

function noNamespaceQuota(inodes: InodeReader, inode: InodeHandle): number {
  return inode === inodes.root ? ROOT_NAMESPACE_QUOTA : NO_QUOTA;
}

function policyAttribute(policy: number): XAttr {
  return { namespace: XAttrNamespace.SYSTEM, name: STORAGE_POLICY_ATTRIBUTE, value: Uint8Array.of(policy) };
}

/** Bits: 0-15 mode, 16-39 group, 40-63 user; here in two halves. */
function writePermission(tag: number, inodes: InodeReader, inode: InodeHandle, strings: SavedStrings, w: ProtoWriter): void {
  const user = strings.user(inodes.user(inode));
  const group = strings.group(inodes.group(inode));
  w.tag(tag).putFixed32((inodes.mode(inode) | ((group & 0xffff) << 16)) >>> 0);
  w.putFixed32(((group >>> 16) | (user << 8)) >>> 0);
}

function writeAcl(tag: number, inodes: InodeReader, inode: InodeHandle, strings: SavedStrings, w: ProtoWriter): void {
  const acl = inodes.acl(inode);
  if (acl === undefined) return;
  const part = w.begin(tag);
  writeINodeSection_AclFeatureProto({ entries: acl.map((entry) => strings.aclEntry(entry)) }, w);
  w.finish(part);
}

function writeXAttrs(tag: number, attributes: readonly XAttr[] | undefined, strings: SavedStrings, w: ProtoWriter): void {
  if (attributes === undefined || attributes.length === 0) return;
  const part = w.begin(tag);
  const xAttrs = attributes.map(({ namespace, name, value }) => ({ name: strings.xAttrName(namespace, name), value }));
  writeINodeSection_XAttrFeatureProto({ xAttrs }, w);
  w.finish(part);
}
