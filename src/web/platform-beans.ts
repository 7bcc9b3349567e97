// Beans about the process itself, which monitoring expects of every daemon: what a JVM would show under java.lang and in
// JvmMetrics is filled from V8's heap and its collections, and what has no meaning here is zero.
import type { Rate } from '../base/timing.ts';
import type { Host } from '../host/host.ts';
import type { Beans } from './jmx.ts';
import { JavaDouble } from './json.ts';
import { rateAttributes } from './rates.ts';

const MIB = 1024 ** 2;
const inMib = (bytes: number): JavaDouble => new JavaDouble(Number((bytes / MIB).toFixed(3)));
const NOT_BOUNDED = -1;

export interface PlatformOptions {
  /** As in `Hadoop:service=NameNode`. */
  readonly service: string;
  readonly startedWallMs: number;
  /** Questions for the groups of users, in milliseconds. */
  readonly groupLookups: Rate;
}

export function addPlatformBeans(beans: Beans, host: Host, { service, startedWallMs, groupLookups }: PlatformOptions): void {
  const { machine, clock } = host;
  const rate = rateAttributes(clock);
  const startedMs = clock.monotonic();
  const tags = (context: string) => ({ 'tag.Context': context, 'tag.Hostname': machine.hostName });
  beans.add({
    name: `Hadoop:service=${service},name=JvmMetrics`,
    modelerType: 'JvmMetrics',
    attributes: () => {
      const { heapUsed, heapTotal, rss } = machine.memory();
      const { count, ms } = machine.collections();
      return {
        'tag.Context': 'jvm',
        'tag.ProcessName': service,
        'tag.SessionId': null,
        'tag.Hostname': machine.hostName,
        MemNonHeapUsedM: inMib(Math.max(0, rss - heapTotal)),
        MemNonHeapCommittedM: inMib(Math.max(0, rss - heapTotal)),
        MemNonHeapMaxM: new JavaDouble(NOT_BOUNDED),
        MemHeapUsedM: inMib(heapUsed),
        MemHeapCommittedM: inMib(heapTotal),
        MemHeapMaxM: inMib(machine.heapLimit),
        MemMaxM: inMib(machine.heapLimit),
        GcCount: count,
        GcTimeMillis: ms,
        GcTimePercentage: Math.round((100 * ms) / Math.max(1, clock.monotonic() - startedMs)),
        GcNumWarnThresholdExceeded: 0,
        GcNumInfoThresholdExceeded: 0,
        GcTotalExtraSleepTime: 0,
        ThreadsNew: 0,
        ThreadsRunnable: 1,
        ThreadsBlocked: 0,
        ThreadsWaiting: 0,
        ThreadsTimedWaiting: 0,
        ThreadsTerminated: 0,
      };
    },
  });
  beans.add({
    name: `Hadoop:service=${service},name=UgiMetrics`,
    modelerType: 'UgiMetrics',
    attributes: () => ({
      ...tags('ugi'),
      ...rate('GetGroups', groupLookups),
      LoginFailureNumOps: 0,
      LoginFailureAvgTime: new JavaDouble(0),
      LoginSuccessNumOps: 0,
      LoginSuccessAvgTime: new JavaDouble(0),
      RenewalFailures: 0,
      RenewalFailuresTotal: 0,
    }),
  });
  beans.add({
    name: `Hadoop:service=${service},name=MetricsSystem,sub=Stats`,
    modelerType: 'MetricsSystem,sub=Stats',
    attributes: () => {
      const sources = beans.query('Hadoop:*')?.length ?? 0;
      return {
        ...tags('metricssystem'),
        NumActiveSources: sources,
        NumAllSources: sources,
        NumActiveSinks: 0,
        NumAllSinks: 0,
        DroppedPubAll: 0,
        PublishNumOps: 0,
        PublishAvgTime: new JavaDouble(0),
        SnapshotNumOps: 0,
        SnapshotAvgTime: new JavaDouble(0),
      };
    },
  });
  beans.add({
    name: 'java.lang:type=Memory',
    modelerType: 'sun.management.MemoryImpl',
    attributes: () => {
      const { heapUsed, heapTotal, rss } = machine.memory();
      const outside = Math.max(0, rss - heapTotal);
      return {
        ObjectPendingFinalizationCount: 0,
        HeapMemoryUsage: { committed: heapTotal, init: 0, max: machine.heapLimit, used: heapUsed },
        NonHeapMemoryUsage: { committed: outside, init: 0, max: NOT_BOUNDED, used: outside },
        Verbose: false,
        ObjectName: 'java.lang:type=Memory',
      };
    },
  });
  beans.add({
    name: 'java.lang:type=Runtime',
    modelerType: 'sun.management.RuntimeImpl',
    attributes: () => ({
      Name: `${machine.pid}@${machine.hostName}`,
      StartTime: startedWallMs,
      Uptime: Math.round(clock.monotonic() - startedMs),
      Pid: machine.pid,
      VmName: 'V8',
      VmVendor: 'Node.js',
      SpecName: 'ECMAScript',
      BootClassPathSupported: false,
      ObjectName: 'java.lang:type=Runtime',
    }),
  });
  beans.add({
    name: 'java.lang:type=OperatingSystem',
    modelerType: 'com.sun.management.internal.OperatingSystemImpl',
    attributes: () => {
      const { average, processors } = machine.load();
      return {
        ProcessCpuTime: machine.cpuMicros() * 1000,
        SystemLoadAverage: new JavaDouble(average),
        AvailableProcessors: processors,
        Name: machine.platform,
        ObjectName: 'java.lang:type=OperatingSystem',
      };
    },
  });
  beans.add({
    name: 'java.lang:type=Threading',
    modelerType: 'com.sun.management.internal.HotSpotThreadImpl',
    attributes: () => ({
      ThreadCount: 1,
      PeakThreadCount: 1,
      TotalStartedThreadCount: 1,
      DaemonThreadCount: 0,
      ObjectName: 'java.lang:type=Threading',
    }),
  });
  beans.add({
    name: 'java.lang:name=V8,type=GarbageCollector',
    modelerType: 'com.sun.management.internal.GarbageCollectorExtImpl',
    attributes: () => {
      const { count, ms } = machine.collections();
      return {
        CollectionCount: count,
        CollectionTime: ms,
        Name: 'V8',
        Valid: true,
        MemoryPoolNames: [],
        ObjectName: 'java.lang:type=GarbageCollector,name=V8',
      };
    },
  });
}
