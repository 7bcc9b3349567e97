// count [-q] [-h] [-v] [-u] [-x] [-e] [-s]. Apache: Count, ContentSummary, QuotaUsage.

import { binaryPrefix } from '../../../base/sizes.ts';
import type { ContentSummary } from '../../../client/index.ts';
import { Command } from '../command.ts';
import { parseOptions } from '../command-format.ts';
import type { Item } from '../item.ts';

const columns = (cells: readonly string[], widths: readonly number[]): string =>
  cells.map((cell, index) => `${cell.padStart(widths[index] ?? 0)} `).join('');

const QUOTA_WIDTHS = [12, 15];
const SPACE_QUOTA_WIDTHS = [15, 15];
const SUMMARY_WIDTHS = [12, 12, 18];
const SNAPSHOT_WIDTHS = [18, 24, 24, 28];

export class Count extends Command {
  #quotas = false;
  #usageOnly = false;
  #human = false;
  #withoutSnapshots = false;
  #policy = false;
  #snapshots = false;

  protected processOptions(args: string[]): void {
    const options = parseOptions(args, { min: 1, flags: ['q', 'h', 'v', 'u', 'x', 'e', 's'], withValue: ['t'] });
    this.#quotas = options.has('q');
    this.#usageOnly = options.has('u');
    this.#human = options.has('h');
    this.#withoutSnapshots = options.has('x');
    this.#policy = options.has('e');
    this.#snapshots = options.has('s');
    if ((this.#quotas || this.#usageOnly) && this.#withoutSnapshots) {
      this.print('q or u option is given, the -x option is ignored.');
      this.#withoutSnapshots = false;
    }
    if (options.has('v')) this.print(`${this.#header()}PATHNAME`);
  }

  #header(): string {
    const quota =
      columns(['QUOTA', 'REM_QUOTA'], QUOTA_WIDTHS) + columns(['SPACE_QUOTA', 'REM_SPACE_QUOTA'], SPACE_QUOTA_WIDTHS);
    const summary = columns(['DIR_COUNT', 'FILE_COUNT', 'CONTENT_SIZE'], SUMMARY_WIDTHS);
    return (
      (this.#usageOnly ? quota : (this.#quotas ? quota : '') + summary) +
      (this.#policy ? columns(['ERASURECODING_POLICY'], [20]) : '') +
      (this.#snapshots
        ? columns(['SNAPSHOT_LENGTH', 'SNAPSHOT_FILE_COUNT', 'SNAPSHOT_DIR_COUNT', 'SNAPSHOT_SPACE_CONSUMED'], SNAPSHOT_WIDTHS)
        : '')
    );
  }

  #size(value: number): string {
    return this.#human ? binaryPrefix(value) : String(value);
  }

  protected async processPath(item: Item): Promise<void> {
    const summary = await item.fs.contentSummary(item.path);
    const less = this.#withoutSnapshots;
    const counted = columns(
      [
        this.#size(summary.directoryCount - (less ? summary.snapshotDirectoryCount : 0)),
        this.#size(summary.fileCount - (less ? summary.snapshotFileCount : 0)),
        this.#size(summary.length - (less ? summary.snapshotLength : 0)),
      ],
      SUMMARY_WIDTHS,
    );
    const policy = this.#policy ? columns([policyName(summary.erasureCodingPolicy)], [20]) : '';
    const snapshots = this.#snapshots
      ? columns(
          [
            this.#size(summary.snapshotLength),
            this.#size(summary.snapshotFileCount),
            this.#size(summary.snapshotDirectoryCount),
            this.#size(summary.snapshotSpaceConsumed),
          ],
          SNAPSHOT_WIDTHS,
        )
      : '';
    const quota = this.#quotas || this.#usageOnly ? this.#quota(summary) : '';
    this.print(`${quota}${this.#usageOnly ? '' : counted}${policy}${snapshots}${item.text}`);
  }

  #quota(summary: ContentSummary): string {
    const { quota, spaceQuota, fileCount, directoryCount, spaceConsumed } = summary;
    const names = quota > 0 ? [this.#size(quota), this.#size(quota - fileCount - directoryCount)] : ['none', 'inf'];
    const space = spaceQuota >= 0 ? [this.#size(spaceQuota), this.#size(spaceQuota - spaceConsumed)] : ['none', 'inf'];
    return columns(names, QUOTA_WIDTHS) + columns(space, SPACE_QUOTA_WIDTHS);
  }
}

function policyName(policy: string | undefined): string {
  return policy === undefined || policy === '' || policy === 'Replicated' ? 'Replicated' : `EC:${policy}`;
}
