// Loads an image into empty tables. Sections are taken in the order in which they need each other, whatever their order
// in the file. A malformed file is a ProtocolError that names section and offset, a sound one that uses what is not built
// an HdfsError (EUNSUPPORTED); after either the tables are not to be used. Whether the digest of the file is right is the
// caller's to check before (../storage/digest.ts).

import { messageOf, ProtocolError } from '../../base/errors.ts';
import { blockId, ROOT_INODE_ID } from '../../base/ids.ts';
import {
  CacheManagerSection,
  INodeDirectorySection_DirEntry,
  INodeSection,
  INodeSection_INode,
  NameSystemSection,
  SecretManagerSection,
  SnapshotSection,
} from '../../wire/messages/fsimage.ts';
import { refuseFeature } from './features.ts';
import { ImageSections } from './image-sections.ts';
import { type ImageTarget, InodeLoading } from './inode-loading.ts';
import type { RandomAccess, Section } from './sections.ts';
import type { CarriedSection, ImageCounters } from './state.ts';
import { STEP_OF_SECTION } from './steps.ts';
import type { LoadedStrings } from './string-table.ts';

/** A section that is carried along may have this much: it stays in memory. */
const MAX_CARRIED_BYTES = 64 * 1024 * 1024;

export interface LoadedImage {
  readonly layoutVersion: number;
  readonly counters: ImageCounters;
  /** To be handed to the saver unchanged. */
  readonly carried: readonly CarriedSection[];
  /** What the carried sections hold that this version does not serve, for the log: "2 cache pools", ... */
  readonly notServed: readonly string[];
}

/** `size` is the length of the file in bytes. `name` stands in error messages. */
export async function loadImage(file: RandomAccess, size: number, name: string, target: ImageTarget): Promise<LoadedImage> {
  try {
    return await new Loading(await ImageSections.read(file, size), target).run();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(`${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Of what an image is, without loading it. Throws ProtocolError. */
export async function imageOrigin(
  file: RandomAccess,
  size: number,
): Promise<{ readonly namespaceId: number; readonly txid: number }> {
  const reader = await (await ImageSections.read(file, size)).open('NS_INFO');
  const { namespaceId, transactionId } = await reader.first(NameSystemSection);
  return { namespaceId: namespaceId ?? 0, txid: transactionId ?? 0 };
}

class Loading {
  private readonly sections: ImageSections;
  private readonly target: ImageTarget;
  private readonly carried: CarriedSection[] = [];
  private readonly notServed: string[] = [];

  constructor(sections: ImageSections, target: ImageTarget) {
    this.sections = sections;
    this.target = target;
  }

  async run(): Promise<LoadedImage> {
    const names = await this.loadNameSystem();
    const strings = await this.sections.strings();
    // First what may be refused: that needs no loading of millions of inodes.
    for (const section of this.sections.list) await this.loadOther(section);
    const lastInodeId = await this.loadInodes(strings);
    const counters = { ...names, lastInodeId };
    return { layoutVersion: this.sections.summary.layoutVersion, counters, carried: this.carried, notServed: this.notServed };
  }

  private async loadNameSystem(): Promise<Omit<ImageCounters, 'lastInodeId'>> {
    const reader = await this.sections.open('NS_INFO');
    const fields = await reader.first(NameSystemSection);
    const count = (value: number | undefined, what: string): number => {
      if (value === undefined) return 0;
      if (!Number.isSafeInteger(value) || value < 0) throw reader.error(`${what} ${value}`);
      return value;
    };
    if (fields.rollingUpgradeStartTime !== undefined) refuseFeature('a rolling upgrade that is under way', 'section NS_INFO');
    return {
      namespaceId: count(fields.namespaceId, 'namespace id'),
      genStamp: count(fields.genstampV2, 'generation stamp'),
      legacyGenStamp: count(fields.genstampV1, 'legacy generation stamp'),
      legacyGenStampLimit: count(fields.genstampV1Limit, 'limit of legacy generation stamps'),
      lastBlockId: blockId(fields.lastAllocatedBlockId ?? 0n),
      lastStripedBlockId: blockId(fields.lastAllocatedStripedBlockId ?? -(2n ** 63n)),
      txid: count(fields.transactionId, 'transaction id'),
    };
  }

  private async loadInodes(strings: LoadedStrings): Promise<number> {
    const reader = await this.sections.open('INODE');
    const { lastInodeId, numInodes } = await reader.first(INodeSection);
    if (lastInodeId === undefined || !(Number.isSafeInteger(lastInodeId) && lastInodeId >= ROOT_INODE_ID)) {
      throw reader.error(`last inode id ${lastInodeId}`);
    }
    const loading = new InodeLoading(this.target, strings, lastInodeId);
    const step = this.target.onStep?.('Inodes');
    if (step !== undefined) {
      step.total = numInodes ?? 0;
      step.done = () => loading.count;
    }
    await reader.forEach(INodeSection_INode, (inode) => loading.add(inode));
    await (await this.sections.open('INODE_DIR')).forEach(INodeDirectorySection_DirEntry, (entry) => loading.link(entry));
    loading.checkComplete(numInodes);
    step?.finish();
    return lastInodeId;
  }

  private async loadOther(section: Section): Promise<void> {
    switch (section.name) {
      case 'NS_INFO':
      case 'STRING_TABLE':
      case 'INODE':
      case 'INODE_DIR':
      // Who writes which file stands in the inodes; Apache too reads this section over.
      case 'FILES_UNDERCONSTRUCTION':
        return;
      case 'INODE_REFERENCE':
      case 'SNAPSHOT_DIFF':
        return this.refuseContent(section, 'snapshots');
      case 'EXTENDED_ACL':
        return this.refuseContent(section, 'a section of ACLs of an unknown form');
      case 'SNAPSHOT': {
        const header = await (await this.sections.openSection(section)).first(SnapshotSection);
        if ((header.numSnapshots ?? 0) > 0 || header.snapshottableDir.length > 0)
          refuseFeature('snapshots', 'section SNAPSHOT');
        return this.carry(section);
      }
      case 'SECRET_MANAGER': {
        const { numKeys, numTokens } = await (await this.sections.openSection(section)).first(SecretManagerSection);
        if ((numTokens ?? 0) > 0) this.notServed.push(`${numTokens} delegation tokens`);
        if ((numKeys ?? 0) > 0) this.notServed.push(`${numKeys} keys of delegation tokens`);
        return this.carry(section, numTokens);
      }
      case 'CACHE_MANAGER': {
        const { numPools, numDirectives } = await (await this.sections.openSection(section)).first(CacheManagerSection);
        if ((numPools ?? 0) > 0) this.notServed.push(`${numPools} cache pools`);
        if ((numDirectives ?? 0) > 0) this.notServed.push(`${numDirectives} cache directives`);
        return this.carry(section, numPools);
      }
      case 'ERASURE_CODING':
        return this.carry(section);
      default:
        this.notServed.push(`section ${section.name}`);
        return this.carry(section);
    }
  }

  private async refuseContent(section: Section, feature: string): Promise<void> {
    const reader = await this.sections.openSection(section);
    if (await reader.fill()) refuseFeature(feature, `section ${section.name}`);
  }

  /** `count` is how many of what a step is about the section holds. */
  private async carry(section: Section, count = 0): Promise<void> {
    const name = STEP_OF_SECTION[section.name];
    const step = name && this.target.onStep?.(name);
    const reader = await this.sections.openSection(section);
    this.carried.push({ name: section.name, bytes: await reader.rest(MAX_CARRIED_BYTES) });
    if (step === undefined) return;
    step.total = count;
    step.done = () => count;
    step.finish();
  }
}
