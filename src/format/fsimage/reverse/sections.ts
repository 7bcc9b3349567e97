// The sections of an image's XML as messages: each has a head and entries, and says in the head how many entries follow.
// Apache: the SectionProcessors of OfflineImageReconstructor. Its own cannot read the cache pools and directives that its
// viewer writes; these can.
import { ProtocolError } from '../../../base/errors.ts';
import { parseUtc } from '../../../base/utc.ts';
import { CacheDirectiveInfoProto, CachePoolInfoProto } from '../../../wire/messages/client-namenode.ts';
import {
  CacheManagerSection,
  ErasureCodingSection,
  FilesUnderConstructionSection_FileUnderConstructionEntry,
  INodeDirectorySection_DirEntry,
  INodeReferenceSection_INodeReference,
  INodeSection,
  INodeSection_INode,
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
import { type ErasureCodingPolicyProtoInit, ErasureCodingPolicyState } from '../../../wire/messages/hdfs.ts';
import type { MessageType } from '../../../wire/protobuf/message.ts';
import type { SectionName } from '../sections.ts';
import { blocksOf, directoryOf, fileOf, hexBytes, inodeOf, numberOf, utf8 } from './inodes.ts';
import type { ReversedStrings } from './strings.ts';
import type { XmlNode } from './xml-node.ts';

export interface SectionWriter {
  readonly strings: ReversedStrings;
  /** Appends a message, with its length before it. */
  put<Init>(type: MessageType<unknown, Init>, message: Init): void;
}

export interface XmlSection {
  readonly name: SectionName;
  /** Takes what comes before the entries. Answers how many entries of each kind have to follow, where the head says so. */
  head(node: XmlNode, writer: SectionWriter): Readonly<Record<string, number>>;
  entry(node: XmlNode, writer: SectionWriter): void;
  /** An image may lack it. */
  readonly optional?: true;
}

const noEntry = (node: XmlNode): never => {
  throw new ProtocolError(`<${node.name}> is no entry of its section`);
};

/** Nothing but entries. */
const bare = (): Readonly<Record<string, number>> => ({});

function date(node: XmlNode | undefined): number | undefined {
  if (node === undefined) return undefined;
  const moment = parseUtc(node.leaf());
  if (moment === undefined) throw new ProtocolError(`Failed to parse ISO date string ${node.leaf()}`);
  return moment;
}

const names: XmlSection = {
  name: 'NS_INFO',
  head: (node, writer) => {
    writer.put(NameSystemSection, {
      namespaceId: node.needInt('namespaceId'),
      genstampV1: node.takeLong('genstampV1'),
      genstampV2: node.takeLong('genstampV2'),
      genstampV1Limit: node.takeLong('genstampV1Limit'),
      lastAllocatedBlockId: node.takeBig('lastAllocatedBlockId'),
      transactionId: node.takeLong('txid'),
      rollingUpgradeStartTime: node.takeLong('rollingUpgradeStartTime'),
      lastAllocatedStripedBlockId: node.takeBig('lastAllocatedStripedBlockId'),
    });
    return {};
  },
  entry: noEntry,
};

function policyOf(node: XmlNode): ErasureCodingPolicyProtoInit {
  const head = {
    id: node.needInt('policyId'),
    name: node.needText('policyName'),
    cellSize: node.needInt('cellSize'),
  };
  const state = node.takeText('policyState');
  const schema = node.need('ecSchema');
  return {
    ...head,
    state: state === undefined ? undefined : numberOf(ErasureCodingPolicyState, state, '<policyState>'),
    schema: {
      codecName: schema.needText('codecName'),
      dataUnits: schema.needInt('dataUnits'),
      parityUnits: schema.needInt('parityUnits'),
      options: (schema.take('extraOptions')?.takeAll('option') ?? []).map((option) => ({
        key: option.needText('key'),
        value: option.needText('value'),
      })),
    },
  };
}

const erasureCoding: XmlSection = {
  name: 'ERASURE_CODING',
  head: (node, writer) => {
    writer.put(ErasureCodingSection, { policies: node.takeAll('erasureCodingPolicy').map(policyOf) });
    return {};
  },
  entry: noEntry,
};

const inodes: XmlSection = {
  name: 'INODE',
  head: (node, writer) => {
    const lastInodeId = node.takeLong('lastInodeId');
    const numInodes = node.needInt('numInodes');
    writer.put(INodeSection, { lastInodeId, numInodes });
    return { inode: numInodes };
  },
  entry: (node, writer) => writer.put(INodeSection_INode, inodeOf(node, writer.strings)),
};

const references: XmlSection = {
  name: 'INODE_REFERENCE',
  head: bare,
  entry: (node, writer) => {
    writer.put(INodeReferenceSection_INodeReference, {
      referredId: node.takeLong('referredId'),
      name: utf8(node.takeText('name')),
      dstSnapshotId: node.takeInt('dstSnapshotId'),
      lastSnapshotId: node.takeInt('lastSnapshotId'),
    });
    node.finish();
  },
};

const directories: XmlSection = {
  name: 'INODE_DIR',
  head: bare,
  entry: (node, writer) => {
    writer.put(INodeDirectorySection_DirEntry, {
      parent: node.takeLong('parent'),
      children: node.takeAll('child').map((each) => Number(each.big())),
      refChildren: node.takeAll('refChild').map((each) => each.int()),
    });
    node.finish();
  },
};

const openFiles: XmlSection = {
  name: 'FILES_UNDERCONSTRUCTION',
  head: bare,
  entry: (node, writer) => {
    writer.put(FilesUnderConstructionSection_FileUnderConstructionEntry, {
      inodeId: node.takeLong('id'),
      fullPath: node.takeText('path'),
    });
    node.finish();
  },
};

const snapshots: XmlSection = {
  name: 'SNAPSHOT',
  head: (node, writer) => {
    const snapshotCounter = node.needInt('snapshotCounter');
    const numSnapshots = node.needInt('numSnapshots');
    const snapshottableDir = node
      .takeAll('snapshottableDir')
      .flatMap((each) => each.takeAll('dir').map((directory) => Number(directory.big())));
    writer.put(SnapshotSection, { snapshotCounter, numSnapshots, snapshottableDir });
    return { snapshot: numSnapshots };
  },
  entry: (node, writer) => {
    const snapshotId = node.needInt('id');
    writer.put(SnapshotSection_Snapshot, { snapshotId, root: inodeOf(node.need('root'), writer.strings) });
  },
};

const diffs: XmlSection = {
  name: 'SNAPSHOT_DIFF',
  optional: true,
  head: bare,
  entry: (node, writer) => {
    const isFile = node.name === 'fileDiffEntry';
    const inodeId = node.needLong('inodeId');
    const numOfDiff = node.needInt('count');
    const all = node.takeAll(isFile ? 'fileDiff' : 'dirDiff');
    node.finish();
    if (all.length !== numOfDiff) throw new ProtocolError(`<${node.name}> has ${all.length} diffs out of ${numOfDiff}`);
    const { FILEDIFF, DIRECTORYDIFF } = SnapshotDiffSection_DiffEntry_Type;
    writer.put(SnapshotDiffSection_DiffEntry, { type: isFile ? FILEDIFF : DIRECTORYDIFF, inodeId, numOfDiff });
    for (const diff of all) (isFile ? fileDiff : directoryDiff)(diff, writer);
  },
};

function fileDiff(node: XmlNode, writer: SectionWriter): void {
  const snapshotId = node.takeInt('snapshotId');
  const fileSize = node.takeLong('size');
  const name = utf8(node.takeText('name'));
  const copy = node.take('snapshotCopy');
  const snapshotCopy = copy === undefined ? undefined : fileOf(copy, writer.strings);
  const blocks = blocksOf(node.take('blocks'));
  node.finish();
  writer.put(SnapshotDiffSection_FileDiff, { snapshotId, fileSize, name, snapshotCopy, blocks });
}

function directoryDiff(node: XmlNode, writer: SectionWriter): void {
  const head = {
    snapshotId: node.takeInt('snapshotId'),
    childrenSize: node.needInt('childrenSize'),
    isSnapshotRoot: node.takeFlag('isSnapshotRoot'),
    name: utf8(node.takeText('name')),
  };
  const copy = node.take('snapshotCopy');
  const snapshotCopy = copy === undefined ? undefined : directoryOf(copy, writer.strings);
  const createdListSize = node.needInt('createdListSize');
  const deletedINode = node.takeAll('deletedInode').map((each) => Number(each.big()));
  const deletedINodeRef = node.takeAll('deletedInoderef').map((each) => each.int());
  const created = node.takeAll('created').map((each) => {
    const name = utf8(each.needText('name'));
    each.finish();
    return name;
  });
  node.finish();
  if (created.length !== createdListSize) {
    throw new ProtocolError(`<createdListSize> was ${createdListSize}, but there were ${created.length} <created> entries.`);
  }
  writer.put(SnapshotDiffSection_DirectoryDiff, { ...head, snapshotCopy, createdListSize, deletedINode, deletedINodeRef });
  for (const name of created) writer.put(SnapshotDiffSection_CreatedListEntry, { name });
}

const secrets: XmlSection = {
  name: 'SECRET_MANAGER',
  head: (node, writer) => {
    const currentId = node.needInt('currentId');
    const tokenSequenceNumber = node.needInt('tokenSequenceNumber');
    const numKeys = node.needInt('numDelegationKeys');
    const numTokens = node.needInt('numTokens');
    writer.put(SecretManagerSection, { currentId, tokenSequenceNumber, numKeys, numTokens });
    return { delegationKey: numKeys, token: numTokens };
  },
  entry: (node, writer) => {
    if (node.name === 'delegationKey') {
      writer.put(SecretManagerSection_DelegationKey, {
        id: node.needInt('id'),
        expiryDate: date(node.need('expiry')),
        key: hexBytes(node.needText('key')),
      });
    } else {
      writer.put(SecretManagerSection_PersistToken, {
        version: node.takeInt('version'),
        owner: node.takeText('owner'),
        renewer: node.takeText('renewer'),
        realUser: node.takeText('realUser'),
        issueDate: date(node.take('issueDate')),
        maxDate: date(node.take('maxDate')),
        sequenceNumber: node.takeInt('sequenceNumber'),
        masterKeyId: node.takeInt('masterKeyId'),
        expiryDate: date(node.take('expiryDate')),
      });
    }
    node.finish();
  },
};

const caches: XmlSection = {
  name: 'CACHE_MANAGER',
  head: (node, writer) => {
    const nextDirectiveId = node.needLong('nextDirectiveId');
    const numPools = node.needInt('numPools');
    const numDirectives = node.needInt('numDirectives');
    writer.put(CacheManagerSection, { nextDirectiveId, numPools, numDirectives });
    return { pool: numPools, directive: numDirectives };
  },
  entry: (node, writer) => {
    if (node.name === 'pool') {
      writer.put(CachePoolInfoProto, {
        poolName: node.needText('poolName'),
        ownerName: node.needText('ownerName'),
        groupName: node.needText('groupName'),
        mode: node.needInt('mode'),
        limit: node.need('limit').big(),
        maxRelativeExpiry: node.need('maxRelativeExpiry').big(),
      });
    } else {
      const head = {
        id: node.needLong('id'),
        path: node.needText('path'),
        replication: node.needInt('replication'),
        pool: node.needText('pool'),
      };
      const until = node.take('expiration');
      const expiration =
        until === undefined ? undefined : { millis: until.need('millis').big(), isRelative: until.takeFlag('relative') };
      writer.put(CacheDirectiveInfoProto, { ...head, expiration });
    }
    node.finish();
  },
};

/** By the names of their elements. */
export const XML_SECTIONS: ReadonlyMap<string, XmlSection> = new Map([
  ['NameSection', names],
  ['ErasureCodingSection', erasureCoding],
  ['INodeSection', inodes],
  ['INodeReferenceSection', references],
  ['INodeDirectorySection', directories],
  ['FileUnderConstructionSection', openFiles],
  ['SnapshotSection', snapshots],
  ['SnapshotDiffSection', diffs],
  ['SecretManagerSection', secrets],
  ['CacheManagerSection', caches],
]);
