// Inodes of an image's XML as messages. What is told of an inode, and in which order its names get their numbers, follows
// Hadoop's OfflineImageReconstructor.
import { ProtocolError } from '../../../base/errors.ts';
import { parseAction } from '../../../base/mode.ts';
import { AclScope, AclType } from '../../../core/edits/ops.ts';
import type {
  INodeSection_AclFeatureProtoInit,
  INodeSection_INodeDirectoryInit,
  INodeSection_INodeFileInit,
  INodeSection_INodeInit,
  INodeSection_INodeSymlinkInit,
  INodeSection_XAttrFeatureProtoInit,
} from '../../../wire/messages/fsimage.ts';
import { INodeSection_INode_Type } from '../../../wire/messages/fsimage.ts';
import { type BlockProtoInit, BlockTypeProto, StorageTypeProto } from '../../../wire/messages/hdfs.ts';
import { XAttrProto_XAttrNamespaceProto } from '../../../wire/messages/xattr.ts';
import type { ReversedStrings } from './strings.ts';
import type { XmlNode } from './xml-node.ts';

/** The number of a name in one of the generated tables. Throws ProtocolError. */
export function numberOf<T extends number>(table: Readonly<Record<string, T>>, name: string, what: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) throw new ProtocolError(`unknown ${what} ${name}`);
  return found;
}

export const utf8 = (text: string | undefined): Buffer | undefined =>
  text === undefined ? undefined : Buffer.from(text, 'utf8');

/** Bytes of hexadecimal digits. Throws ProtocolError. */
export function hexBytes(text: string): Buffer {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new ProtocolError(`${text.slice(0, 80)} is not hexadecimal`);
  return Buffer.from(text, 'hex');
}

export function inodeOf(node: XmlNode, strings: ReversedStrings): INodeSection_INodeInit {
  const type = node.needText('type');
  const head = { id: node.needLong('id'), name: utf8(node.takeText('name')) };
  const inode = bodyOf(type, node, strings);
  node.finish();
  return { ...head, ...inode };
}

type Body = Pick<INodeSection_INodeInit, 'type' | 'file' | 'directory' | 'symlink'>;

function bodyOf(type: string, node: XmlNode, strings: ReversedStrings): Body {
  switch (type) {
    case 'FILE':
      return { type: INodeSection_INode_Type.FILE, file: fileOf(node, strings) };
    case 'DIRECTORY':
      return { type: INodeSection_INode_Type.DIRECTORY, directory: directoryOf(node, strings) };
    case 'SYMLINK':
      return { type: INodeSection_INode_Type.SYMLINK, symlink: symlinkOf(node, strings) };
    default:
      throw new ProtocolError(`INode XML found with unknown <type> tag ${type}`);
  }
}

/** `node` may keep what is no part of a file. */
export function fileOf(node: XmlNode, strings: ReversedStrings): INodeSection_INodeFileInit {
  const file = {
    replication: node.takeInt('replication'),
    modificationTime: node.takeLong('mtime'),
    accessTime: node.takeLong('atime'),
    preferredBlockSize: node.takeLong('preferredBlockSize'),
    permission: permissionOf(node.takeText('permission'), strings),
    blocks: blocksOf(node.take('blocks')),
  };
  const open = node.take('file-under-construction');
  const fileUC =
    open === undefined ? undefined : { clientName: open.needText('clientName'), clientMachine: open.needText('clientMachine') };
  const features = featuresOf(node, strings);
  const storagePolicyID = node.takeInt('storagePolicyId');
  const blockTypeName = node.takeText('blockType');
  const blockType = blockTypeName === undefined ? undefined : numberOf(BlockTypeProto, blockTypeName, '<blockType>');
  const erasureCodingPolicyID = blockType === BlockTypeProto.STRIPED ? node.takeInt('erasureCodingPolicyId') : undefined;
  return { ...file, fileUC, ...features, storagePolicyID, blockType, erasureCodingPolicyID };
}

export function directoryOf(node: XmlNode, strings: ReversedStrings): INodeSection_INodeDirectoryInit {
  return {
    modificationTime: node.takeLong('mtime'),
    nsQuota: node.takeLong('nsquota'),
    dsQuota: node.takeLong('dsquota'),
    permission: permissionOf(node.takeText('permission'), strings),
    ...featuresOf(node, strings),
    typeQuotas: {
      quotas: node.takeAll('typeQuota').map((each) => ({
        storageType: numberOf(StorageTypeProto, each.needText('type'), '<type> of a <typeQuota>'),
        quota: each.needLong('quota'),
      })),
    },
  };
}

function symlinkOf(node: XmlNode, strings: ReversedStrings): INodeSection_INodeSymlinkInit {
  return {
    permission: permissionOf(node.takeText('permission'), strings),
    target: utf8(node.takeText('target')),
    modificationTime: node.takeLong('mtime'),
    accessTime: node.takeLong('atime'),
  };
}

export function blocksOf(blocks: XmlNode | undefined): readonly BlockProtoInit[] {
  return (blocks?.takeAll('block') ?? []).map((block) => ({
    blockId: block.need('id').big(),
    genStamp: block.needLong('genstamp'),
    numBytes: block.needLong('numBytes'),
  }));
}

/** user:group:mode. Bits: 0-15 mode, 16-39 group, 40-63 user. */
function permissionOf(text: string | undefined, strings: ReversedStrings): bigint | undefined {
  if (text === undefined) return undefined;
  const [user, group, mode, ...more] = text.split(':');
  if (user === undefined || group === undefined || mode === undefined || more.length > 0 || !/^[0-7]{1,5}$/.test(mode)) {
    throw new ProtocolError(`Unable to parse permission string ${text}`);
  }
  const [userId, groupId] = [BigInt(strings.id(user)), BigInt(strings.id(group))];
  return BigInt.asUintN(64, (userId << 40n) | (groupId << 16n) | BigInt(Number.parseInt(mode, 8)));
}

type Features = Pick<INodeSection_INodeFileInit, 'acl' | 'xAttrs'>;

function featuresOf(node: XmlNode, strings: ReversedStrings): Features {
  const acls = node.take('acls');
  const acl = acls === undefined ? undefined : aclOf(acls, strings);
  const attributes = node.take('xattrs');
  return { acl, xAttrs: attributes === undefined ? undefined : xAttrsOf(attributes, strings) };
}

/** Bits of an entry: 0-2 permission, 3-4 type, 5 scope, 6-29 name. */
function aclOf(acls: XmlNode, strings: ReversedStrings): INodeSection_AclFeatureProtoInit {
  const entries = acls.takeAll('acl').map((each) => {
    const text = each.leaf();
    const match = /^(default:)?(user|group|mask|other):([^:]*):([^:]*)$/.exec(text);
    const permission = parseAction(match?.[4] ?? '');
    if (match === null || permission === undefined) throw new ProtocolError(`${text} is no entry of an ACL`);
    const [, scope, type = '', name = ''] = match;
    const scopeBit = scope === undefined ? AclScope.ACCESS : AclScope.DEFAULT;
    const typeBits = numberOf(AclType, type.toUpperCase(), 'type of an ACL entry');
    return ((strings.id(name) << 6) | (scopeBit << 5) | (typeBits << 3) | permission) >>> 0;
  });
  return { entries };
}

/** Bits of a name: 5 high bit of the namespace, 6-29 name, 30-31 low bits of the namespace. */
function xAttrsOf(node: XmlNode, strings: ReversedStrings): INodeSection_XAttrFeatureProtoInit {
  const xAttrs = node.takeAll('xattr').map((each) => {
    const namespace = numberOf(XAttrProto_XAttrNamespaceProto, each.needText('ns'), '<ns>');
    const name = each.needText('name');
    const plain = utf8(each.takeText('val'));
    const value = plain ?? hexBytes(each.needText('valHex'));
    each.finish();
    return { name: (((namespace & 3) << 30) | (strings.id(name) << 6) | ((namespace >>> 2) << 5)) >>> 0, value };
  });
  node.finish();
  return { xAttrs };
}
