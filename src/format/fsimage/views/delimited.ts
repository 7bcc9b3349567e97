// An image as a table: a line for each inode of the current tree, in the order of the image. The parents of all inodes and
// the names of directories are kept, the inodes themselves pass through. Apache: PBImageDelimitedTextWriter.
import { formatPermission } from '../../../base/mode.ts';
import { XAttrNamespace } from '../../../core/edits/ops.ts';
import { builtInPolicy } from '../../../core/namespace/erasure-coding.ts';
import {
  type INodeSection_INode,
  INodeSection_INode_Type,
  type INodeSection_XAttrFeatureProto,
} from '../../../wire/messages/fsimage.ts';
import type { ImageSections } from '../image-sections.ts';
import type { LoadedStrings } from '../string-table.ts';
import { csvField } from './csv-field.ts';
import { childPath, eachDirectory, eachInode, nameOf, Paths, readReferences } from './paths.ts';
import type { TextSink } from './text-sink.ts';
import type { TreeStore } from './tree-store.ts';

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

/** Throws ProtocolError. */
export async function writeDelimited(
  image: ImageSections,
  sink: TextSink,
  options: DelimitedOptions,
  store: TreeStore,
): Promise<void> {
  const { delimiter } = options;
  const strings = await image.strings();
  await eachInode(image, (inode) => {
    if (inode.directory !== undefined) return store.putInode(inode.id, nameOf(inode));
  });
  await eachDirectory(image, await readReferences(image), async ({ parent, children, referred }) => {
    for (const child of children) await store.putParent(child, parent);
    for (const child of referred) await store.putParent(child, parent);
  });
  const header = [...HEADER];
  if (options.storagePolicy) header.push('StoragePolicyId');
  if (options.erasureCodingPolicy) header.push('ErasureCodingPolicy');
  sink.put(`${header.join(delimiter)}\n`);
  const paths = new Paths(store);
  await eachInode(image, async (inode) => {
    const parent = await paths.ofParent(inode.id);
    // Only snapshots know it.
    if (parent === undefined) return;
    const path = childPath(parent, nameOf(inode));
    sink.put(`${fieldsOf(inode, path, strings, options).map(csvField).join(delimiter)}\n`);
    await sink.flush();
  });
  await sink.flush();
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
    const ofFile = id === undefined ? undefined : builtInPolicy(id)?.name;
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
