// The answers of `oiv -p Web` about an inode, in the forms of Apache's FSImageLoader, which are WebHDFS' with fewer fields.
import { HdfsError } from '../../base/errors.ts';
import { decimal } from '../../base/java-long.ts';
import type { AclEntry } from '../../core/edits/ops.ts';
import type { Permission } from '../../format/fsimage/string-table.ts';
import { nameOf } from '../../format/fsimage/views/paths.ts';
import { hashMap, type JsonObject, writeJson } from '../../webhdfs/java-json.ts';
import { aclStatusJson, utf8 } from '../../webhdfs/json.ts';
import { xattrNamed, xattrNamesJson, xattrsJson } from '../../webhdfs/xattrs.ts';
import type { AclEntryProto_FsActionProto } from '../../wire/messages/acl.ts';
import type { INodeSection_INode, INodeSection_INodeFile } from '../../wire/messages/fsimage.ts';
import { INodeSection_INode_TypeNames } from '../../wire/messages/fsimage.ts';
import type { XAttrProto } from '../../wire/messages/xattr.ts';
import type { InodeIndex } from './inode-index.ts';

/** Apache: INodeFile.DEFAULT_REPL_FOR_STRIPED_BLOCKS. */
const STRIPED_REPLICATION = 1;
const NO_QUOTA = -1;

const sizeOf = (file: INodeSection_INodeFile): number => file.blocks.reduce((sum, { numBytes }) => sum + (numBytes ?? 0), 0);

function permissionOf(index: InodeIndex, { file, directory, symlink }: INodeSection_INode): Permission {
  return index.strings.permission((file ?? directory ?? symlink)?.permission ?? 0n);
}

/** `named`: with its name, as in a listing. */
export function statusFields(index: InodeIndex, inode: INodeSection_INode, named: boolean): JsonObject {
  const { file, directory, symlink } = inode;
  const { user, group, mode } = permissionOf(index, inode);
  const striped = file?.erasureCodingPolicyID !== undefined;
  return hashMap({
    accessTime: (file ?? symlink)?.accessTime ?? 0,
    blockSize: file?.preferredBlockSize ?? 0,
    group,
    length: file === undefined ? 0 : sizeOf(file),
    modificationTime: (file ?? directory ?? symlink)?.modificationTime ?? 0,
    owner: user,
    pathSuffix: named ? nameOf(inode) : '',
    permission: (mode & 0o1777).toString(8),
    replication: striped ? STRIPED_REPLICATION : (file?.replication ?? 0),
    type: INodeSection_INode_TypeNames[inode.type] ?? '',
    ...(symlink === undefined ? {} : { symlink: utf8(symlink.target ?? new Uint8Array()) }),
    fileId: inode.id,
    childrenNum: directory === undefined ? 0 : index.children(inode.id).length,
  });
}

interface Totals {
  directories: number;
  files: number;
  length: number;
  space: number;
}

/** Java's long of an unsigned field. */
const long = (value: number | undefined): number | bigint =>
  Number.isSafeInteger(value ?? 0) ? (value ?? 0) : BigInt(decimal(value ?? 0));

export async function contentSummary(index: InodeIndex, inode: INodeSection_INode): Promise<string> {
  const totals: Totals = { directories: 0, files: 0, length: 0, space: 0 };
  for (const left = [inode]; ; ) {
    const next = left.pop();
    if (next === undefined) break;
    if (next.directory === undefined) {
      totals.files++;
      if (next.file === undefined) continue;
      const size = sizeOf(next.file);
      totals.length += size;
      totals.space += size * (next.file.replication ?? 0);
      continue;
    }
    totals.directories++;
    for (const id of index.children(next.id)) left.push(await index.inode(id));
  }
  const { directory } = inode;
  const fields = hashMap({
    directoryCount: totals.directories,
    fileCount: totals.files,
    length: totals.length,
    quota: directory === undefined ? NO_QUOTA : long(directory.nsQuota),
    spaceConsumed: totals.space,
    spaceQuota: directory === undefined ? NO_QUOTA : long(directory.dsQuota),
  });
  return `{"ContentSummary":\n${writeJson(fields)}\n}\n`;
}

export function aclStatus(index: InodeIndex, inode: INodeSection_INode): string {
  const { user, group, mode } = permissionOf(index, inode);
  const entries = ((inode.file ?? inode.directory)?.acl?.entries ?? []).map((packed) => index.strings.aclEntry(packed));
  return aclStatusJson({
    owner: user,
    group,
    sticky: (mode & 0o1000) !== 0,
    entries: entries.map(({ scope, type, permission, name }: AclEntry) => ({
      scope,
      type,
      permissions: permission as AclEntryProto_FsActionProto,
      name,
    })),
    permission: { perm: mode },
  });
}

function xattrsOf(index: InodeIndex, { file, directory }: INodeSection_INode): readonly XAttrProto[] {
  return ((file ?? directory)?.xAttrs?.xAttrs ?? []).map(({ name, value }) => ({
    ...index.strings.xAttrName(name),
    value: value ?? new Uint8Array(),
  }));
}

export function xattrs(index: InodeIndex, inode: INodeSection_INode, names: readonly string[], codec: string): string {
  const all = xattrsOf(index, inode);
  if (names.length === 0) return xattrsJson(all, codec);
  const found = names.map((text) => {
    const wanted = xattrNamed(text);
    const match = all.find(({ namespace, name }) => namespace === wanted.namespace && name === wanted.name);
    if (match === undefined) throw new HdfsError('ENODATA', 'At least one of the attributes provided was not found.');
    return match;
  });
  return xattrsJson(found, codec);
}

export const xattrNames = (index: InodeIndex, inode: INodeSection_INode): string => xattrNamesJson(xattrsOf(index, inode));
