// Whom a NameNode is busy for: counted where calls are audited, shown as TopUserOpCounts, and to monitoring as
// NNTopUserOpCounts. Apache: TopAuditLogger, TopMetrics.
import { HdfsError } from '../../base/errors.ts';
import { formatUtc } from '../../base/utc.ts';
import type { Configuration } from '../../config/configuration.ts';
import { TopOperations, type TopWindow } from '../../core/top/operations.ts';
import type { Clock, Host } from '../../host/host.ts';
import type { Bean, PrometheusSample } from '../../web/jmx.ts';
import type { JmxValue } from '../../web/json.ts';

const MINUTE_MS = 60_000;
const SOURCE = 'NNTopUserOpCounts';

export class TopUsers {
  private readonly host: Host;
  private readonly clock: Clock;
  private readonly operations: TopOperations;

  constructor(host: Host, options: ConstructorParameters<typeof TopOperations>[0]) {
    this.host = host;
    this.clock = host.clock;
    this.operations = new TopOperations(options);
  }

  record(operation: string, user: string, nowMs = this.clock.monotonic()): void {
    this.operations.record(operation, user, Math.floor(nowMs));
  }

  private windows(): readonly TopWindow[] {
    return this.operations.windows(Math.floor(this.clock.monotonic()));
  }

  /** The text of the attribute TopUserOpCounts. */
  json(): string {
    const now = this.clock.now();
    return JSON.stringify({ timestamp: isoText(now, this.host.machine.utcOffsetMinutes(now)), windows: this.windows() });
  }

  bean(service: string): Bean {
    const { hostName } = this.host.machine;
    return {
      name: `Hadoop:service=${service},name=${SOURCE}`,
      modelerType: SOURCE,
      attributes: () => attributesOf(this.windows(), hostName),
      samples: () => samplesOf(this.windows(), hostName),
    };
  }
}

/** Undefined where dfs.namenode.top.enabled is off. Throws HdfsError EILLEGAL for windows that cannot be. */
export function topUsers(host: Host, configuration: Configuration): TopUsers | undefined {
  if (!configuration.getBoolean('dfs.namenode.top.enabled')) return undefined;
  const refuse = (reason: string): HdfsError => new HdfsError('EILLEGAL', reason);
  const windowsMs = configuration.getStrings('dfs.namenode.top.windows.minutes').map((text) => {
    if (!/^[+-]?\d+$/.test(text)) throw refuse(`For input string: "${text}"`);
    return Number(text) * MINUTE_MS;
  });
  const buckets = configuration.getInt('dfs.namenode.top.window.num.buckets');
  const users = configuration.getInt('dfs.namenode.top.num.users');
  if (windowsMs.some((ms) => ms < MINUTE_MS)) throw refuse('minimum reporting period is 1 min!');
  if (buckets <= 0) throw refuse('a window should have at least one bucket');
  if (windowsMs.some((ms) => buckets > ms)) throw refuse('the minimum size of a bucket is 1 ms');
  if (windowsMs.some((ms) => ms % buckets !== 0)) throw refuse('window size must be a multiplication of number of buckets');
  if (users <= 0) throw refuse('the number of requested top users must be at least 1');
  return new TopUsers(host, { windowsMs: [...new Set(windowsMs)], buckets, users });
}

/** Apache: DFSUtil.dateToIso8601String, such as 2026-11-29T08:39:08+0100. */
function isoText(wallMs: number, offsetMinutes: number): string {
  const zone = Math.abs(offsetMinutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  const sign = offsetMinutes < 0 ? '-' : '+';
  return `${formatUtc(wallMs + offsetMinutes * MINUTE_MS).slice(0, 19)}${sign}${two(Math.floor(zone / 60))}${two(zone % 60)}`;
}

const withoutSpace = (operation: string): string => operation.replaceAll(/\s/g, '');

/** Each window is a record of Hadoop's metrics system: from the second on, names end with its number. */
function attributesOf(windows: readonly TopWindow[], hostName: string): Readonly<Record<string, JmxValue>> {
  const attributes: Record<string, JmxValue> = {};
  for (const [i, { ops }] of windows.entries()) {
    const end = i === 0 ? '' : `.${i}`;
    attributes[`tag.Context${end}`] = 'dfs';
    attributes[`tag.Hostname${end}`] = hostName;
    for (const { opType, topUsers, totalCount } of ops) {
      const name = `op=${withoutSpace(opType)}`;
      attributes[`${name}.TotalCount${end}`] = totalCount;
      for (const { user, count } of topUsers) attributes[`${name}.user=${user}.count${end}`] = count;
    }
  }
  return attributes;
}

/** As Hadoop's PrometheusMetricsSink tells them apart: operation and user are labels. */
function samplesOf(windows: readonly TopWindow[], hostname: string): readonly PrometheusSample[] {
  const samples: PrometheusSample[] = [];
  const tags = { context: 'dfs', hostname };
  for (const { windowLenMs, ops } of windows) {
    const start = `nn_top_user_op_counts_window_ms_${windowLenMs}`;
    for (const { opType, topUsers, totalCount } of ops) {
      // Only an operation whose name is one word has a label there.
      const name = withoutSpace(opType);
      const isWord = /^\w+$/.test(name);
      const labels = isWord ? { ...tags, op: name } : tags;
      samples.push({ name: `${start}_total_count`, labels, value: totalCount });
      for (const { user, count } of topUsers) {
        samples.push({ name: `${start}_count`, labels: isWord ? { ...labels, user } : tags, value: count });
      }
    }
  }
  return samples;
}
