// count [-q] [-h] [-v] [-t TYPES] [-u] [-x] [-e] [-s]. Apache: Count, ContentSummary, QuotaUsage.

import { decimal, longLess } from '../../../base/java-long.ts';
import { binaryPrefix } from '../../../base/sizes.ts';
import { type ContentSummary, LIMITED_STORAGE_TYPES, type QuotaUsage } from '../../../client/index.ts';
import { Command } from '../command.ts';
import { parseOptions, UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';

const columns = (cells: readonly string[], widths: readonly number[]): string =>
  cells.map((cell, index) => `${cell.padStart(widths[index] ?? 0)} `).join('');

/** The nearest number to Long.MAX_VALUE that is not more: a round one would be shown without its fraction. */
const BELOW_LONG_MAX = 2 ** 63 - 1024;

const QUOTA_WIDTHS = [12, 15];
const SPACE_QUOTA_WIDTHS = [15, 15];
const TYPE_WIDTHS = [14, 18];
const SUMMARY_WIDTHS = [12, 12, 18];
const SNAPSHOT_WIDTHS = [18, 24, 24, 28];

export class Count extends Command {
  #quotas = false;
  #usageOnly = false;
  #human = false;
  #withoutSnapshots = false;
  #policy = false;
  #snapshots = false;
  /** Quotas are shown by storage type, of these. */
  #types: readonly string[] | undefined;

  protected processOptions(args: string[]): void {
    const options = parseOptions(args, { min: 1, flags: ['q', 'h', 'v', 'u', 'x', 'e', 's'], withValue: ['t'] });
    this.#quotas = options.has('q');
    this.#usageOnly = options.has('u');
    this.#human = options.has('h');
    this.#withoutSnapshots = options.has('x');
    this.#policy = options.has('e');
    this.#snapshots = options.has('s');
    if (this.#quotas || this.#usageOnly) {
      const types = options.value('t');
      if (types !== undefined) this.#types = storageTypes(types);
      if (this.#withoutSnapshots) this.print('q or u option is given, the -x option is ignored.');
      this.#withoutSnapshots = false;
    }
    if (options.has('v')) this.print(`${this.#header()}PATHNAME`);
  }

  #header(): string {
    const quota =
      columns(['QUOTA', 'REM_QUOTA'], QUOTA_WIDTHS) + columns(['SPACE_QUOTA', 'REM_SPACE_QUOTA'], SPACE_QUOTA_WIDTHS);
    const summary = columns(['DIR_COUNT', 'FILE_COUNT', 'CONTENT_SIZE'], SUMMARY_WIDTHS);
    const byType = this.#types?.map((type) => columns([`${type}_QUOTA`, `REM_${type}_QUOTA`], TYPE_WIDTHS)).join('');
    return (
      (byType ?? (this.#usageOnly ? quota : (this.#quotas ? quota : '') + summary)) +
      (this.#policy ? columns(['ERASURECODING_POLICY'], [20]) : '') +
      (this.#snapshots
        ? columns(['SNAPSHOT_LENGTH', 'SNAPSHOT_FILE_COUNT', 'SNAPSHOT_DIR_COUNT', 'SNAPSHOT_SPACE_CONSUMED'], SNAPSHOT_WIDTHS)
        : '')
    );
  }

  #size(value: number | bigint): string {
    return this.#human ? binaryPrefix(Math.min(Number(value), BELOW_LONG_MAX)) : decimal(value);
  }

  protected async processPath(item: Item): Promise<void> {
    const usage = this.#usageOnly || this.#types !== undefined ? await item.fs.quotaUsage(item.path) : undefined;
    const wantsSummary = usage === undefined || this.#policy || this.#snapshots;
    const summary = wantsSummary ? await item.fs.contentSummary(item.path) : undefined;
    const counted = usage === undefined ? this.#counted(summary) : this.#usage(usage);
    const policy = this.#policy ? columns([policyName(summary?.erasureCodingPolicy)], [20]) : '';
    const snapshots = summary !== undefined && this.#snapshots ? this.#ofSnapshots(summary) : '';
    this.print(`${counted}${policy}${snapshots}${item.text}`);
  }

  #counted(summary: ContentSummary | undefined): string {
    if (summary === undefined) return '';
    const less = this.#withoutSnapshots;
    const { quota, spaceQuota, spaceConsumed } = summary;
    const fileAndDirectoryCount = summary.fileCount + summary.directoryCount;
    const quotas = this.#quotas ? this.#quota({ quota, spaceQuota, spaceConsumed, fileAndDirectoryCount }) : '';
    return (
      quotas +
      columns(
        [
          this.#size(summary.directoryCount - (less ? summary.snapshotDirectoryCount : 0)),
          this.#size(summary.fileCount - (less ? summary.snapshotFileCount : 0)),
          this.#size(summary.length - (less ? summary.snapshotLength : 0)),
        ],
        SUMMARY_WIDTHS,
      )
    );
  }

  #ofSnapshots(summary: ContentSummary): string {
    return columns(
      [
        this.#size(summary.snapshotLength),
        this.#size(summary.snapshotFileCount),
        this.#size(summary.snapshotDirectoryCount),
        this.#size(summary.snapshotSpaceConsumed),
      ],
      SNAPSHOT_WIDTHS,
    );
  }

  #usage(usage: QuotaUsage): string {
    if (this.#types === undefined) return this.#quota(usage);
    return this.#types
      .map((type) => {
        const { quota, consumed } = usage.types.get(type) ?? { quota: -1, consumed: 0 };
        return columns(quota >= 0 ? [this.#size(quota), this.#size(longLess(quota, consumed))] : ['none', 'inf'], TYPE_WIDTHS);
      })
      .join('');
  }

  #quota(usage: Omit<QuotaUsage, 'types'>): string {
    const { quota, spaceQuota, fileAndDirectoryCount, spaceConsumed } = usage;
    const names = quota > 0 ? [this.#size(quota), this.#size(longLess(quota, fileAndDirectoryCount))] : ['none', 'inf'];
    const space = spaceQuota >= 0 ? [this.#size(spaceQuota), this.#size(longLess(spaceQuota, spaceConsumed))] : ['none', 'inf'];
    return columns(names, QUOTA_WIDTHS) + columns(space, SPACE_QUOTA_WIDTHS);
  }
}

/** Names of storage types, in the order given; none, or `all`, means those that can have a quota. */
function storageTypes(text: string): readonly string[] {
  if (text === '' || text.toLowerCase() === 'all') return LIMITED_STORAGE_TYPES;
  // Java's split leaves out what is empty at the end.
  const named = text.replace(/,+$/, '');
  return (named === '' ? [] : named.split(',')).map((name) => {
    const type = name.toUpperCase();
    if (type === 'RAM_DISK' || (LIMITED_STORAGE_TYPES as readonly string[]).includes(type)) return type;
    throw new UsageError(`No enum constant org.apache.hadoop.fs.StorageType.${type}`);
  });
}

function policyName(policy: string | undefined): string {
  // Of a directory without one too: so Apache prints it.
  return policy === 'Replicated' ? policy : `EC:${policy ?? ''}`;
}
