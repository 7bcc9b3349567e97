// /metrics: what a daemon measures, under names of ours and in base units, for Prometheus. The text is prom-client's; values
// are read when the page is asked for, so that measuring costs no more than the counters that are there anyway.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { TIMING_BOUNDS_MS, type Timing } from '../base/timing.ts';
import type { Host } from '../host/host.ts';
import type { RpcSource } from './rpc-beans.ts';

export interface Sample {
  /** A value for each of the metric's labels. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  /** A counter only grows while the daemon runs. */
  readonly kind: 'gauge' | 'counter';
  readonly labels?: readonly string[];
  read(): number | readonly Sample[];
}

export interface TimedSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly timing: Timing;
}

const seconds = (ms: number): number => ms / 1000;

/** A histogram over timings that are kept elsewhere. */
class TimingHistogram extends Histogram {
  readonly #named: { readonly name: string; readonly help: string };
  readonly #read: () => Iterable<TimedSample>;

  constructor(
    name: string,
    help: string,
    labelNames: readonly string[],
    registry: Registry,
    read: () => Iterable<TimedSample>,
  ) {
    super({ name, help, labelNames: [...labelNames], buckets: TIMING_BOUNDS_MS.map(seconds), registers: [registry] });
    this.#named = { name, help };
    this.#read = read;
  }

  /** What the registry asks a histogram for, though the types of prom-client do not say so. */
  getForPromString() {
    const { name, help } = this.#named;
    const values = [...this.#read()].flatMap(({ labels, timing }) => {
      let total = 0;
      const counts = [...timing.classes].map((count) => {
        total += count;
        return total;
      });
      const bucket = (le: number | '+Inf', value: number) => ({
        metricName: `${name}_bucket`,
        labels: { ...labels, le },
        value,
      });
      return [
        ...TIMING_BOUNDS_MS.map((bound, index) => bucket(seconds(bound), counts[index] ?? 0)),
        bucket('+Inf', total),
        { metricName: `${name}_sum`, labels, value: seconds(timing.sum) },
        { metricName: `${name}_count`, labels, value: timing.count },
      ];
    });
    return Promise.resolve({ name, help, type: 'histogram', values });
  }
}

export class Metrics {
  readonly #registry = new Registry();

  add(definitions: readonly MetricDefinition[]): void {
    for (const { name, help, kind, labels = [], read } of definitions) {
      const common = { name, help, labelNames: [...labels], registers: [this.#registry] };
      const samples = (): readonly Sample[] => {
        const value = read();
        return typeof value === 'number' ? [{ labels: {}, value }] : value;
      };
      if (kind === 'gauge') {
        new Gauge({
          ...common,
          collect() {
            this.reset();
            for (const sample of samples()) this.set({ ...sample.labels }, sample.value);
          },
        });
      } else {
        new Counter({
          ...common,
          collect() {
            this.reset();
            for (const sample of samples()) this.inc({ ...sample.labels }, sample.value);
          },
        });
      }
    }
  }

  addTimings(name: string, help: string, labels: readonly string[], read: () => Iterable<TimedSample>): void {
    new TimingHistogram(name, help, labels, this.#registry, read);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}

/** Of the process itself, under the names that Prometheus' own libraries give them. */
export function processMetrics({ machine, clock }: Pick<Host, 'machine' | 'clock'>, role: string): Metrics {
  const metrics = new Metrics();
  const startSeconds = seconds(clock.now());
  metrics.add([
    {
      name: 'tuskfs_daemon_info',
      help: 'What runs here; always 1.',
      kind: 'gauge',
      labels: ['role'],
      read: () => [{ labels: { role }, value: 1 }],
    },
    {
      name: 'process_start_time_seconds',
      help: 'When the daemon began, in seconds since 1970.',
      kind: 'gauge',
      read: () => startSeconds,
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time used.',
      kind: 'counter',
      read: () => machine.cpuMicros() / 1e6,
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Memory that the process has.',
      kind: 'gauge',
      read: () => machine.memory().rss,
    },
    {
      name: 'nodejs_heap_size_used_bytes',
      help: 'Heap in use.',
      kind: 'gauge',
      read: () => machine.memory().heapUsed,
    },
    {
      name: 'nodejs_heap_size_total_bytes',
      help: 'Heap taken from the system.',
      kind: 'gauge',
      read: () => machine.memory().heapTotal,
    },
    {
      name: 'tuskfs_gc_collections_total',
      help: 'Collections of garbage.',
      kind: 'counter',
      read: () => machine.collections().count,
    },
    {
      name: 'tuskfs_gc_seconds_total',
      help: 'Time that they took.',
      kind: 'counter',
      read: () => seconds(machine.collections().ms),
    },
  ]);
  return metrics;
}

export function addRpcMetrics(metrics: Metrics, rpc: RpcSource): void {
  const { counters, measures } = rpc;
  metrics.addTimings('tuskfs_rpc_queue_seconds', 'From the arrival of a call until it is begun.', [], () => [
    { labels: {}, timing: measures.queue },
  ]);
  metrics.addTimings(
    'tuskfs_rpc_processing_seconds',
    'From the begin of a call until its answer may leave, durability included.',
    ['method'],
    function* () {
      // Of a hundred methods a cluster calls a dozen: the others would be a page of zeros.
      for (const [method, { processing: timing }] of rpc.methodTimings) {
        if (timing.count > 0) yield { labels: { method }, timing };
      }
    },
  );
  metrics.addTimings(
    'tuskfs_rpc_failure_seconds',
    'The same of calls that failed, which are not with their method.',
    ['exception'],
    function* () {
      for (const [exception, { processing: timing }] of rpc.failureTimings) yield { labels: { exception }, timing };
    },
  );
  metrics.add([
    { name: 'tuskfs_rpc_calls_total', help: 'Calls answered.', kind: 'counter', read: () => counters.calls },
    {
      name: 'tuskfs_rpc_failed_calls_total',
      help: 'Calls answered with an exception.',
      kind: 'counter',
      read: () => counters.failedCalls,
    },
    { name: 'tuskfs_rpc_connections', help: 'Connections of clients.', kind: 'gauge', read: () => rpc.connectionCount },
    {
      name: 'tuskfs_rpc_dropped_connections_total',
      help: 'Connections beyond the bound.',
      kind: 'counter',
      read: () => counters.droppedConnections,
    },
    { name: 'tuskfs_rpc_calls_in_flight', help: 'Calls under way.', kind: 'gauge', read: () => rpc.callsInFlight },
    {
      name: 'tuskfs_rpc_received_bytes_total',
      help: 'Bytes of calls.',
      kind: 'counter',
      read: () => measures.receivedBytes,
    },
    { name: 'tuskfs_rpc_sent_bytes_total', help: 'Bytes of answers.', kind: 'counter', read: () => measures.sentBytes },
  ]);
}
