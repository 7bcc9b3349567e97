// An image as XML with everything that stands in it, features included that are not built: sections in the order in which
// they are loaded, each message an element. Apache: PBImageXmlWriter.
import { isUtf8 } from 'node:buffer';
import { ProtocolError } from '../../../base/errors.ts';
import { decimal } from '../../../base/java-long.ts';
import { formatAction } from '../../../base/mode.ts';
import { formatUtc } from '../../../base/utc.ts';
import { AclScope, AclType } from '../../../core/edits/ops.ts';
import { builtInPolicy } from '../../../core/namespace/erasure-coding.ts';
import { CacheDirectiveInfoProto, CachePoolInfoProto } from '../../../wire/messages/client-namenode.ts';
import {
  CacheManagerSection,
  ErasureCodingSection,
  FilesUnderConstructionSection_FileUnderConstructionEntry,
  INodeDirectorySection_DirEntry,
  INodeReferenceSection_INodeReference,
  INodeSection,
  type INodeSection_AclFeatureProto,
  INodeSection_INode,
  INodeSection_INode_TypeNames,
  type INodeSection_INodeDirectory,
  type INodeSection_INodeFile,
  type INodeSection_INodeSymlink,
  type INodeSection_XAttrFeatureProto,
  NameSystemSection,
  SecretManagerSection,
  SecretManagerSection_DelegationKey,
  SecretManagerSection_PersistToken,
  SnapshotDiffSection_CreatedListEntry,
  SnapshotDiffSection_DiffEntry,
  SnapshotDiffSection_DiffEntry_Type,
  SnapshotDiffSection_DirectoryDiff,
  SnapshotDiffSection_FileDiff,
  SnapshotSection,
  SnapshotSection_Snapshot,
} from '../../../wire/messages/fsimage.ts';
import {
  type BlockProto,
  BlockTypeProtoNames,
  type ErasureCodingPolicyProto,
  ErasureCodingPolicyStateNames,
  StorageTypeProtoNames,
} from '../../../wire/messages/hdfs.ts';
import { XAttrProto_XAttrNamespaceProtoNames } from '../../../wire/messages/xattr.ts';
import type { MessageType } from '../../../wire/protobuf/message.ts';
import { mangleMarkup } from '../../xml-text.ts';
import type { ImageSections } from '../image-sections.ts';
import type { SectionReader } from '../section-reader.ts';
import { IMAGE_FILE_VERSION, SECTION_NAMES, type SectionName } from '../sections.ts';
import type { LoadedStrings } from '../string-table.ts';
import type { TextSink } from './text-sink.ts';

/** What a striped file shows as its replication. Apache: INodeFile.DEFAULT_REPL_FOR_STRIPED_BLOCKS. */
const STRIPED_REPLICATION = 1;

type Value = string | number | bigint | undefined;

/** Unset numbers are 0, as in Java. */
function text(value: Value): string {
  if (value === undefined) return '0';
  return typeof value === 'string' ? value : decimal(value);
}

const tag = (name: string, value: Value): string => `<${name}>${mangleMarkup(text(value))}</${name}>`;
const string = (name: string, value: string | undefined): string => tag(name, value ?? '');
const bytes = (name: string, value: Uint8Array | undefined): string => tag(name, utf8(value));
const flag = (name: string, value: boolean | undefined): string => (value === true ? `<${name}/>` : '');
const wrap = (name: string, content: string): string => `<${name}>${content}</${name}>`;
/** An element that ends its line. */
const line = (name: string, content: string): string => `${wrap(name, content)}\n`;
const date = (name: string, ms: number | undefined): string => (ms === undefined ? '' : wrap(name, formatUtc(ms)));
const utf8 = (value: Uint8Array | undefined): string =>
  value === undefined ? '' : Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');
const hex = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString('hex');

const SCOPES = Object.fromEntries(Object.entries(AclScope).map(([name, value]) => [value, name]));
const ACL_TYPES = Object.fromEntries(Object.entries(AclType).map(([name, value]) => [value, name.toLowerCase()]));

/** `revision` says which program made the XML. Throws ProtocolError. */
export async function writeImageXml(image: ImageSections, sink: TextSink, revision: string): Promise<void> {
  sink.put('<?xml version="1.0"?>\n<fsimage>');
  const versions = [
    tag('layoutVersion', image.summary.layoutVersion),
    tag('onDiskVersion', IMAGE_FILE_VERSION),
    string('oivRevision', revision),
  ];
  sink.put(line('version', versions.join('')));
  const strings = await image.strings();
  const order: readonly string[] = SECTION_NAMES;
  const unknown = image.list.find(({ name }) => !order.includes(name));
  if (unknown !== undefined) throw new ProtocolError(`Unrecognized section ${unknown.name}`);
  const view = new XmlView(sink, strings);
  for (const name of SECTION_NAMES) if (image.has(name)) await view.section(name, await image.open(name));
  sink.put('</fsimage>\n');
  await sink.flush();
}

class XmlView {
  private readonly sink: TextSink;
  private readonly strings: LoadedStrings;

  constructor(sink: TextSink, strings: LoadedStrings) {
    this.sink = sink;
    this.strings = strings;
  }

  async section(name: SectionName, reader: SectionReader): Promise<void> {
    switch (name) {
      case 'NS_INFO':
        return this.names(reader);
      case 'ERASURE_CODING':
        return this.erasureCoding(reader);
      case 'INODE':
        return this.inodes(reader);
      case 'INODE_REFERENCE':
        await this.all('INodeReferenceSection', reader, INodeReferenceSection_INodeReference, (each) =>
          line(
            'ref',
            tag('referredId', each.referredId) +
              bytes('name', each.name) +
              tag('dstSnapshotId', each.dstSnapshotId) +
              tag('lastSnapshotId', each.lastSnapshotId),
          ),
        );
        return;
      case 'INODE_DIR':
        await this.all('INodeDirectorySection', reader, INodeDirectorySection_DirEntry, (each) =>
          line(
            'directory',
            tag('parent', each.parent) +
              each.children.map((id) => tag('child', id)).join('') +
              each.refChildren.map((id) => tag('refChild', id)).join(''),
          ),
        );
        this.sink.put('\n');
        return;
      case 'FILES_UNDERCONSTRUCTION':
        await this.all(
          'FileUnderConstructionSection',
          reader,
          FilesUnderConstructionSection_FileUnderConstructionEntry,
          (each) => line('inode', tag('id', each.inodeId) + string('path', each.fullPath)),
        );
        this.sink.put('\n');
        return;
      case 'SNAPSHOT':
        return this.snapshots(reader);
      case 'SNAPSHOT_DIFF':
        return this.diffs(reader);
      case 'SECRET_MANAGER':
        return this.secrets(reader);
      case 'CACHE_MANAGER':
        return this.caches(reader);
      // The strings stand where they are used; nobody writes the other any more.
      case 'STRING_TABLE':
      case 'EXTENDED_ACL':
        return;
    }
  }

  private async names(reader: SectionReader): Promise<void> {
    const names = await reader.first(NameSystemSection);
    this.sink.put(
      line(
        'NameSection',
        tag('namespaceId', names.namespaceId) +
          tag('genstampV1', names.genstampV1) +
          tag('genstampV2', names.genstampV2) +
          tag('genstampV1Limit', names.genstampV1Limit) +
          tag('lastAllocatedBlockId', names.lastAllocatedBlockId) +
          tag('txid', names.transactionId),
      ),
    );
  }

  /** An element with one for each message that is left, and no end of line. */
  private async all<T>(
    name: string,
    reader: SectionReader,
    type: MessageType<T, never>,
    show: (message: T) => string,
  ): Promise<void> {
    this.sink.put(`<${name}>`);
    while (await reader.fill()) {
      this.sink.put(this.placed(reader, () => show(reader.next(type))));
      await this.sink.flush();
    }
    this.sink.put(`</${name}>`);
  }

  /** A ProtocolError is told with its place. */
  private placed<T>(reader: SectionReader, show: () => T): T {
    try {
      return show();
    } catch (error) {
      if (error instanceof ProtocolError && !error.message.startsWith('section ')) throw reader.error(error.message, error);
      throw error;
    }
  }

  private async next<T>(reader: SectionReader, type: MessageType<T, never>): Promise<T> {
    if (!(await reader.fill())) throw reader.error(`the section ends before all of its ${type.name}`);
    return reader.next(type);
  }

  // ------------------------------------------------------------------------------------------------------------ inodes

  private async inodes(reader: SectionReader): Promise<void> {
    const { lastInodeId, numInodes } = await reader.first(INodeSection);
    this.sink.put(`<INodeSection>${tag('lastInodeId', lastInodeId)}${tag('numInodes', numInodes)}`);
    for (let i = 0; i < (numInodes ?? 0); i++) {
      const inode = await this.next(reader, INodeSection_INode);
      this.sink.put(this.placed(reader, () => line('inode', this.inode(inode))));
      await this.sink.flush();
    }
    this.sink.put('</INodeSection>\n');
  }

  private inode(inode: INodeSection_INode): string {
    const head = tag('id', inode.id) + string('type', INodeSection_INode_TypeNames[inode.type]) + bytes('name', inode.name);
    if (inode.file !== undefined) return head + this.file(inode.file);
    if (inode.directory !== undefined) return head + this.directory(inode.directory);
    return inode.symlink === undefined ? head : head + this.symlink(inode.symlink);
  }

  private permission(packed: bigint | undefined): string {
    const { user, group, mode } = this.strings.permission(packed ?? 0n);
    return string('permission', `${user}:${group}:${(mode & 0o1777).toString(8).padStart(4, '0')}`);
  }

  private xAttrs(feature: INodeSection_XAttrFeatureProto | undefined): string {
    if (feature === undefined) return '';
    const shown = feature.xAttrs.map(({ name: packed, value }) => {
      const { namespace, name } = this.strings.xAttrName(packed);
      const content = value === undefined || isUtf8(value) ? bytes('val', value) : string('valHex', hex(value));
      return wrap('xattr', string('ns', XAttrProto_XAttrNamespaceProtoNames[namespace]) + string('name', name) + content);
    });
    return wrap('xattrs', shown.join(''));
  }

  private acls(feature: INodeSection_AclFeatureProto | undefined): string {
    if (feature === undefined || feature.entries.length === 0) return '';
    const shown = feature.entries.map((packed) => {
      const { scope, type, name, permission } = this.strings.aclEntry(packed);
      const prefix = SCOPES[scope] === 'DEFAULT' ? 'default:' : '';
      return string('acl', `${prefix}${ACL_TYPES[type]}:${name ?? ''}:${formatAction(permission)}`);
    });
    return wrap('acls', shown.join(''));
  }

  private file(file: INodeSection_INodeFile): string {
    const striped = file.erasureCodingPolicyID !== undefined;
    const open = file.fileUC;
    return [
      tag('replication', striped ? STRIPED_REPLICATION : file.replication),
      tag('mtime', file.modificationTime),
      tag('atime', file.accessTime),
      tag('preferredBlockSize', file.preferredBlockSize),
      this.permission(file.permission),
      this.xAttrs(file.xAttrs),
      this.acls(file.acl),
      blocks(file.blocks),
      file.storagePolicyID === undefined ? '' : tag('storagePolicyId', file.storagePolicyID),
      striped ? string('blockType', BlockTypeProtoNames[file.blockType ?? 0]) : '',
      striped ? tag('erasureCodingPolicyId', file.erasureCodingPolicyID) : '',
      open === undefined
        ? ''
        : line('file-under-construction', string('clientName', open.clientName) + string('clientMachine', open.clientMachine)),
    ].join('');
  }

  private directory(directory: INodeSection_INodeDirectory): string {
    const { nsQuota, dsQuota } = directory;
    return [
      tag('mtime', directory.modificationTime),
      this.permission(directory.permission),
      this.xAttrs(directory.xAttrs),
      this.acls(directory.acl),
      nsQuota === undefined || dsQuota === undefined ? '' : tag('nsquota', nsQuota) + tag('dsquota', dsQuota),
      ...(directory.typeQuotas?.quotas ?? []).map(({ storageType, quota }) =>
        wrap('typeQuota', string('type', StorageTypeProtoNames[storageType]) + tag('quota', quota)),
      ),
    ].join('');
  }

  private symlink(link: INodeSection_INodeSymlink): string {
    return (
      this.permission(link.permission) +
      bytes('target', link.target) +
      tag('mtime', link.modificationTime) +
      tag('atime', link.accessTime)
    );
  }

  // --------------------------------------------------------------------------------------------------------- snapshots

  private async snapshots(reader: SectionReader): Promise<void> {
    const { snapshotCounter, numSnapshots, snapshottableDir } = await reader.first(SnapshotSection);
    this.sink.put(`<SnapshotSection>${tag('snapshotCounter', snapshotCounter)}${tag('numSnapshots', numSnapshots)}`);
    if (snapshottableDir.length > 0) {
      this.sink.put(line('snapshottableDir', snapshottableDir.map((id) => tag('dir', id)).join('')));
    }
    for (let i = 0; i < (numSnapshots ?? 0); i++) {
      const { snapshotId, root } = await this.next(reader, SnapshotSection_Snapshot);
      const shown = this.placed(reader, () => (root === undefined ? '' : this.inode(root)));
      this.sink.put(wrap('snapshot', tag('id', snapshotId) + wrap('root', shown)));
      await this.sink.flush();
    }
    this.sink.put('</SnapshotSection>\n');
  }

  private async diffs(reader: SectionReader): Promise<void> {
    this.sink.put('<SnapshotDiffSection>');
    while (await reader.fill()) {
      const { type, inodeId, numOfDiff } = reader.next(SnapshotDiffSection_DiffEntry);
      const isFile = type === SnapshotDiffSection_DiffEntry_Type.FILEDIFF;
      const name = isFile ? 'fileDiffEntry' : 'dirDiffEntry';
      this.sink.put(`<${name}>${tag('inodeId', inodeId)}${tag('count', numOfDiff)}`);
      for (let i = 0; i < (numOfDiff ?? 0); i++) {
        this.sink.put(await (isFile ? this.fileDiff(reader) : this.directoryDiff(reader)));
        await this.sink.flush();
      }
      this.sink.put(`</${name}>`);
    }
    this.sink.put('</SnapshotDiffSection>\n');
  }

  private async fileDiff(reader: SectionReader): Promise<string> {
    const diff = await this.next(reader, SnapshotDiffSection_FileDiff);
    const { snapshotCopy } = diff;
    const copy = snapshotCopy === undefined ? '' : this.placed(reader, () => this.file(snapshotCopy));
    return line(
      'fileDiff',
      tag('snapshotId', diff.snapshotId) +
        tag('size', diff.fileSize) +
        bytes('name', diff.name) +
        (copy === '' ? '' : line('snapshotCopy', copy)) +
        blocks(diff.blocks),
    );
  }

  private async directoryDiff(reader: SectionReader): Promise<string> {
    const diff = await this.next(reader, SnapshotDiffSection_DirectoryDiff);
    const { snapshotCopy } = diff;
    const copy =
      snapshotCopy === undefined ? '' : this.placed(reader, () => line('snapshotCopy', this.directory(snapshotCopy)));
    const head = [
      tag('snapshotId', diff.snapshotId),
      tag('childrenSize', diff.childrenSize),
      flag('isSnapshotRoot', diff.isSnapshotRoot),
      bytes('name', diff.name),
      copy,
      tag('createdListSize', diff.createdListSize),
      ...diff.deletedINode.map((id) => tag('deletedInode', id)),
      ...diff.deletedINodeRef.map((id) => tag('deletedInoderef', id)),
    ];
    for (let i = 0; i < (diff.createdListSize ?? 0); i++) {
      head.push(line('created', bytes('name', (await this.next(reader, SnapshotDiffSection_CreatedListEntry)).name)));
    }
    return line('dirDiff', head.join(''));
  }

  // ------------------------------------------------------------------------------- erasure coding, secrets, cache pools

  private async erasureCoding(reader: SectionReader): Promise<void> {
    const { policies } = await reader.first(ErasureCodingSection);
    if (policies.length === 0) return;
    this.sink.put('<ErasureCodingSection>\n');
    for (const policy of policies) this.sink.put(erasureCodingPolicy(policy));
    this.sink.put('</ErasureCodingSection>\n\n');
  }

  private async secrets(reader: SectionReader): Promise<void> {
    const head = await reader.first(SecretManagerSection);
    this.sink.put(
      `<SecretManagerSection>${tag('currentId', head.currentId)}` +
        tag('tokenSequenceNumber', head.tokenSequenceNumber) +
        tag('numDelegationKeys', head.numKeys) +
        tag('numTokens', head.numTokens),
    );
    for (let i = 0; i < (head.numKeys ?? 0); i++) {
      const key = await this.next(reader, SecretManagerSection_DelegationKey);
      this.sink.put(wrap('delegationKey', tag('id', key.id) + string('key', hex(key.key)) + date('expiry', key.expiryDate)));
      await this.sink.flush();
    }
    const given = (name: string, value: Value): string => (value === undefined ? '' : tag(name, value));
    for (let i = 0; i < (head.numTokens ?? 0); i++) {
      const token = await this.next(reader, SecretManagerSection_PersistToken);
      this.sink.put(
        wrap(
          'token',
          given('version', token.version) +
            given('owner', token.owner) +
            given('renewer', token.renewer) +
            given('realUser', token.realUser) +
            date('issueDate', token.issueDate) +
            date('maxDate', token.maxDate) +
            given('sequenceNumber', token.sequenceNumber) +
            given('masterKeyId', token.masterKeyId) +
            date('expiryDate', token.expiryDate),
        ),
      );
      await this.sink.flush();
    }
    this.sink.put('</SecretManagerSection>');
  }

  private async caches(reader: SectionReader): Promise<void> {
    const { nextDirectiveId, numDirectives, numPools } = await reader.first(CacheManagerSection);
    this.sink.put(
      `<CacheManagerSection>${tag('nextDirectiveId', nextDirectiveId)}` +
        tag('numDirectives', numDirectives) +
        tag('numPools', numPools),
    );
    for (let i = 0; i < numPools; i++) {
      const pool = await this.next(reader, CachePoolInfoProto);
      this.sink.put(
        line(
          'pool',
          string('poolName', pool.poolName) +
            string('ownerName', pool.ownerName) +
            string('groupName', pool.groupName) +
            tag('mode', pool.mode) +
            tag('limit', pool.limit) +
            tag('maxRelativeExpiry', pool.maxRelativeExpiry),
        ),
      );
    }
    for (let i = 0; i < numDirectives; i++) {
      const { id, path, replication, pool, expiration } = await this.next(reader, CacheDirectiveInfoProto);
      const until = tag('millis', expiration?.millis) + flag('relative', expiration?.isRelative);
      this.sink.put(
        line(
          'directive',
          tag('id', id) +
            string('path', path) +
            tag('replication', replication) +
            string('pool', pool) +
            line('expiration', until),
        ),
      );
      await this.sink.flush();
    }
    this.sink.put('</CacheManagerSection>\n');
  }
}

function blocks(list: readonly BlockProto[]): string {
  if (list.length === 0) return '';
  const shown = list.map(({ blockId, genStamp, numBytes }) =>
    line('block', tag('id', blockId) + tag('genstamp', genStamp) + tag('numBytes', numBytes)),
  );
  return line('blocks', shown.join(''));
}

function erasureCodingPolicy({ id, name, schema, cellSize, state }: ErasureCodingPolicyProto): string {
  // Those that Hadoop brings along may be written by their number alone.
  const known = builtInPolicy(id);
  const { dataUnits, parityUnits } = known ?? schema ?? { dataUnits: 0, parityUnits: 0 };
  const options = schema?.options ?? [];
  const shown = options.map(({ key, value }) => `<option>\n${string('key', key)}${string('value', value)}</option>\n`);
  return [
    '<erasureCodingPolicy>\n',
    tag('policyId', id),
    string('policyName', known?.name ?? name),
    tag('cellSize', known?.cellSize ?? cellSize),
    string('policyState', ErasureCodingPolicyStateNames[state]),
    '<ecSchema>\n',
    string('codecName', known?.codec ?? schema?.codecName ?? ''),
    tag('dataUnits', dataUnits),
    tag('parityUnits', parityUnits),
    shown.length === 0 ? '' : `<extraOptions>\n${shown.join('')}</extraOptions>\n`,
    '</ecSchema>\n</erasureCodingPolicy>\n\n',
  ].join('');
}
