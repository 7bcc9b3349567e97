// What Hadoop's fair queue and decay scheduler show of themselves: how many calls wait in each level, who called how much of
// late, and which priority that gave them. The beans are there while such a queue is.
import type { Timing } from '../base/timing.ts';
import type { Beans } from './jmx.ts';
import { JavaDouble, type JmxValue } from './json.ts';

interface Totals {
  readonly decayed: number;
  readonly raw: number;
}

/** What of a call queue is shown. */
export interface CallQueueSource {
  readonly counters: { readonly backedOff: number; readonly disconnected: number };
  readonly length: number;
  readonly sizes: readonly number[];
  readonly overflowed: readonly number[];
  readonly revision: number;
  readonly queueTimes: readonly Timing[];
  readonly processingTimes: readonly Timing[];
  readonly scheduler:
    | {
        readonly totals: Totals;
        readonly serviceTotals: Totals;
        readonly averageResponseMs: readonly number[];
        readonly responseCounts: readonly number[];
        readonly decisions: ReadonlyMap<string, number>;
        readonly costs: ReadonlyMap<string, Totals>;
      }
    | undefined;
}

/** Apache: decay-scheduler.metrics.top.user.count. */
const TOP_USERS = 10;

type Attributes = Readonly<Record<string, JmxValue>>;

export function addCallQueueBeans(
  beans: Beans,
  source: () => CallQueueSource | undefined,
  options: {
    readonly service: string;
    readonly port: number;
    readonly hostName: string;
    readonly rate: (name: string, timing: Timing) => Attributes;
  },
): void {
  const { service, port, hostName, rate } = options;
  const namespace = `ipc.${port}`;
  const fair = (): CallQueueSource | undefined => {
    const queue = source();
    return queue !== undefined && queue.sizes.length > 1 ? queue : undefined;
  };
  const scheduler = () => source()?.scheduler;
  const add = (name: string, modelerType: string, isThere: () => boolean, attributes: () => Attributes): void =>
    beans.add({ name: `Hadoop:service=${name}`, modelerType, isThere, attributes });

  const isFair = (): boolean => fair() !== undefined;
  add(`${namespace},name=FairCallQueue`, 'org.apache.hadoop.ipc.FairCallQueue$MetricsProxy', isFair, () => ({
    QueueSizes: [...(fair()?.sizes ?? [])],
    OverflowedCalls: [...(fair()?.overflowed ?? [])],
    Revision: fair()?.revision ?? 0,
  }));
  add(`${service},name=${namespace}.FairCallQueue`, `${namespace}.FairCallQueue`, isFair, () => {
    const attributes: Record<string, JmxValue> = {
      'tag.namespace': namespace,
      'tag.Context': 'rpc',
      'tag.Hostname': hostName,
    };
    for (const [level, size] of (fair()?.sizes ?? []).entries()) {
      attributes[`FairCallQueueSize_p${level}`] = size;
      attributes[`FairCallQueueOverflowedCalls_p${level}`] = fair()?.overflowed[level] ?? 0;
    }
    return attributes;
  });

  const decays = (): boolean => scheduler() !== undefined;
  const doubles = (values: readonly number[] | undefined): JmxValue => (values ?? []).map((value) => new JavaDouble(value));
  add(`${namespace},name=DecayRpcScheduler`, 'org.apache.hadoop.ipc.DecayRpcScheduler$MetricsProxy', decays, () => ({
    SchedulingDecisionSummary: JSON.stringify(Object.fromEntries(scheduler()?.decisions ?? [])),
    CallVolumeSummary: JSON.stringify(
      Object.fromEntries(
        [...(scheduler()?.costs ?? [])].flatMap(([user, { decayed }]) => (decayed > 0 ? [[user, decayed]] : [])),
      ),
    ),
    UniqueIdentityCount: scheduler()?.costs.size ?? 0,
    TotalCallVolume: scheduler()?.totals.decayed ?? 0,
    AverageResponseTime: doubles(scheduler()?.averageResponseMs),
    ResponseTimeCountInLastWindow: [...(scheduler()?.responseCounts ?? [])],
  }));
  const metrics = `DecayRpcSchedulerMetrics2.${namespace}`;
  add(`${service},name=${metrics}`, metrics, decays, () => {
    const { costs = new Map<string, Totals>(), decisions, totals, serviceTotals, responseCounts = [] } = scheduler() ?? {};
    const attributes: Record<string, JmxValue> = {
      'tag.Context': namespace,
      'tag.Hostname': hostName,
      DecayedCallVolume: totals?.decayed ?? 0,
      UniqueCallers: costs.size,
    };
    const top = [...costs].sort(([, a], [, b]) => b.raw - a.raw).slice(0, TOP_USERS);
    for (const [user, { raw }] of top) {
      attributes[`Caller(${user}).Volume`] = raw;
      const priority = decisions?.get(user);
      if (priority !== undefined) attributes[`Caller(${user}).Priority`] = priority;
    }
    for (const [level, count] of responseCounts.entries()) {
      attributes[`Priority.${level}.AvgResponseTime`] = new JavaDouble(scheduler()?.averageResponseMs[level] ?? 0);
      attributes[`Priority.${level}.CompletedCallVolume`] = count;
    }
    return {
      ...attributes,
      CallVolume: totals?.raw ?? 0,
      ServiceUserDecayedCallVolume: serviceTotals?.decayed ?? 0,
      ServiceUserCallVolume: serviceTotals?.raw ?? 0,
    };
  });
  const detailed = `DecayRpcSchedulerDetailedMetrics.${namespace}`;
  add(`${service},name=${detailed}`, detailed, decays, () => {
    const times = (kind: string, timings: readonly Timing[]): Attributes =>
      Object.fromEntries(
        timings.flatMap((timing, level) => Object.entries(rate(`DecayRPCSchedulerPriority.${level + 1}.${kind}`, timing))),
      );
    const queue = source();
    return {
      'tag.port': namespace,
      'tag.Context': 'decayrpcschedulerdetailed',
      'tag.Hostname': hostName,
      ...times('RpcQueueTime', queue?.queueTimes ?? []),
      ...times('RpcProcessingTime', queue?.processingTimes ?? []),
    };
  });
}
