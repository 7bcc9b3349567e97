// An image as a table: a line for each inode of the current tree, in the order of the image. The parents of all inodes and
// the names of directories are kept in memory, the inodes themselves pass through. Apache: PBImageDelimitedTextWriter.
import { ProtocolError } from '../../../base/errors.ts';
import { ROOT_INODE_ID } from '../../../base/ids.ts';
import { formatPermission } from '../../../base/mode.ts';
import { XAttrNamespace } from '../../../core/edits/ops.ts';
import {
  INodeDirectorySection_DirEntry,
  INodeReferenceSection_INodeReference,
  INodeSection,
  INodeSection_INode,
  INodeSection_INode_Type,
  type INodeSection_XAttrFeatureProto,
} from '../../../wire/messages/fsimage.ts';
import type { ImageSections } from '../image-sections.ts';
import type { LoadedStrings } from '../string-table.ts';
import { systemPolicy } from './erasure-coding-policies.ts';
import type { TextSink } from './text-sink.ts';

export interface DelimitedOptions {
  readonly delimiter: string;
  readonly storagePolicy: boolean;
  readonly erasureCodingPolicy: boolean;
  /** yyyy-MM-dd HH:mm of the user's time zone. */
  readonly formatTime: (ms: number) => string;
}

const HEADER = [
  'Path',
  'Replication',
  'ModificationTime',
  'AccessTime',
  'PreferredBlockSize',
  'BlocksCount',
  'FileSize',
  'NSQUOTA',
  'DSQUOTA',
  'Permission',
  'UserName',
  'GroupName',
];

/** A Map ends at some 16 million entries; images do not. */
const SHARDS = 256;

class IdMap<T> {
  private readonly shards: readonly Map<number, T>[] = Array.from({ length: SHARDS }, () => new Map());

  get(id: number): T | undefined {
    return this.shards[id % SHARDS]?.get(id);
  }

  set(id: number, value: T): void {
    this.shards[id % SHARDS]?.set(id, value);
  }
}

/** Throws ProtocolError. */
export async function writeDelimited(image: ImageSections, sink: TextSink, options: DelimitedOptions): Promise<void> {
  const { delimiter } = options;
  const strings = await image.strings();
  const tree = await readTree(image);
  const header = [...HEADER];
  if (options.storagePolicy) header.push('StoragePolicyId');
  if (options.erasureCodingPolicy) header.push('ErasureCodingPolicy');
  sink.put(`${header.join(delimiter)}\n`);
  await eachInode(image, async (inode) => {
    const path = tree.pathOf(inode);
    // Only snapshots know it.
    if (path === undefined) return;
    sink.put(`${fieldsOf(inode, path, strings, options).map(escapeField).join(delimiter)}\n`);
    await sink.flush();
  });
  await sink.flush();
}

async function eachInode(image: ImageSections, visit: (inode: INodeSection_INode) => Promise<void> | void): Promise<void> {
  const reader = await image.open('INODE');
  const { numInodes } = await reader.first(INodeSection);
  for (let i = 0; i < (numInodes ?? 0); i++) {
    if (!(await reader.fill())) throw reader.error(`${numInodes} inodes are announced, but ${i} are there`);
    const inode = reader.next(INodeSection_INode);
    try {
      await visit(inode);
    } catch (error) {
      if (error instanceof ProtocolError && !error.message.startsWith('section ')) throw reader.error(error.message, error);
      throw error;
    }
  }
}

interface Tree {
  pathOf(inode: INodeSection_INode): string | undefined;
}

const nameOf = (inode: INodeSection_INode): string => Buffer.from(inode.name ?? []).toString('utf8');

async function readTree(image: ImageSections): Promise<Tree> {
  const directories = new IdMap<string>();
  const parents = new IdMap<number>();
  await eachInode(image, (inode) => {
    if (inode.directory !== undefined) directories.set(inode.id, nameOf(inode));
  });
  const referred: number[] = [];
  if (image.has('INODE_REFERENCE')) {
    const reader = await image.open('INODE_REFERENCE');
    await reader.forEach(INodeReferenceSection_INodeReference, ({ referredId }) => {
      referred.push(referredId ?? 0);
    });
  }
  const reader = await image.open('INODE_DIR');
  await reader.forEach(INodeDirectorySection_DirEntry, ({ parent, children, refChildren }) => {
    for (const child of children) parents.set(child, parent ?? 0);
    for (const index of refChildren) {
      const child = referred[index];
      if (child === undefined) throw new ProtocolError(`directory ${parent} has the reference ${index}, which is not there`);
      parents.set(child, parent ?? 0);
    }
  });
  // Siblings follow one another: the paths of the last directories are enough.
  const paths = new Map<number, string>();
  const directoryPath = (id: number): string | undefined => {
    const known = paths.get(id);
    if (known !== undefined) return known;
    const names: string[] = [];
    const seen = new Set<number>();
    for (let at = id; at !== ROOT_INODE_ID; ) {
      const name = directories.get(at);
      const parent = parents.get(at);
      if (name === undefined || parent === undefined) return undefined;
      if (seen.has(at)) throw new ProtocolError(`directory ${at} lies within itself`);
      seen.add(at);
      names.push(name);
      at = parent;
    }
    const path = names.length === 0 ? '' : `/${names.reverse().join('/')}`;
    if (paths.size >= 10_000) paths.clear();
    paths.set(id, path);
    return path;
  };
  return {
    pathOf: (inode) => {
      if (inode.id === ROOT_INODE_ID) return '/';
      const parent = parents.get(inode.id);
      const above = parent === undefined ? undefined : directoryPath(parent);
      return above === undefined ? undefined : `${above}/${nameOf(inode)}`;
    },
  };
}

const MAX_LONG = '9223372036854775807';
const number = (value: number | undefined): string => (value !== undefined && value >= 2 ** 63 ? MAX_LONG : String(value ?? 0));

function fieldsOf(
  inode: INodeSection_INode,
  path: string,
  strings: LoadedStrings,
  { formatTime, storagePolicy, erasureCodingPolicy }: DelimitedOptions,
): readonly string[] {
  const { file, directory, symlink, type } = inode;
  const { user, group, mode } = strings.permission((file ?? directory ?? symlink)?.permission ?? 0n);
  const size = (file?.blocks ?? []).reduce((sum, { numBytes }) => sum + (numBytes ?? 0), 0);
  const hasAcl = ((file ?? directory)?.acl?.entries.length ?? 0) > 0;
  const fields = [
    path,
    number(file?.replication),
    formatTime((file ?? directory ?? symlink)?.modificationTime ?? 0),
    formatTime((file ?? symlink)?.accessTime ?? 0),
    number(file?.preferredBlockSize),
    number(file?.blocks.length),
    number(size),
    number(directory?.nsQuota),
    number(directory?.dsQuota),
    `${type === INodeSection_INode_Type.DIRECTORY ? 'd' : '-'}${formatPermission(mode)}${hasAcl ? '+' : ''}`,
    user,
    group,
  ];
  if (storagePolicy) {
    const ofDirectory = xAttr(directory?.xAttrs, strings, 'hsm.block.storage.policy.id')?.[0];
    fields.push(String(file?.storagePolicyID ?? ofDirectory ?? 0));
  }
  if (erasureCodingPolicy) {
    const id = file?.erasureCodingPolicyID;
    const ofFile = id === undefined ? undefined : systemPolicy(id)?.name;
    fields.push(ofFile ?? policyName(xAttr(directory?.xAttrs, strings, 'hdfs.erasurecoding.policy')) ?? '-');
  }
  return fields;
}

function xAttr(
  feature: INodeSection_XAttrFeatureProto | undefined,
  strings: LoadedStrings,
  wanted: string,
): Uint8Array | undefined {
  return feature?.xAttrs.find(({ name: packed }) => {
    const { namespace, name } = strings.xAttrName(packed);
    return namespace === XAttrNamespace.SYSTEM && name === wanted;
  })?.value;
}

/** A length and that many bytes. Apache: WritableUtils.readString. */
function policyName(value: Uint8Array | undefined): string | undefined {
  if (value === undefined || value.length < 4) return undefined;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const length = bytes.readInt32BE(0);
  return length < 0 || length > bytes.length - 4 ? undefined : bytes.toString('utf8', 4, 4 + length);
}

/** As in a file of comma separated values, whatever the delimiter is; line ends are written %x0A. */
function escapeField(text: string): string {
  const quoted = /[,"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return quoted.includes('\r\n') ? quoted.replaceAll('\r\n', '%x0D%x0A') : quoted.replaceAll('\n', '%x0A');
}
