// What this process knows of the machine it runs on.
import { availableParallelism, hostname, loadavg, networkInterfaces, userInfo } from 'node:os';
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Machine } from '../host.ts';
import { keepMemorySmall, releaseMemory } from './small-memory.ts';

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that /etc/passwd lacks.
    return process.env.USER ?? process.env.LOGNAME ?? `uid${process.getuid?.() ?? 0}`;
  }
}

/** Of the whole process, however many hosts there are in it. */
const collections = { count: 0, ms: 0 };
let observer: PerformanceObserver | undefined;

function watchCollections(): void {
  if (observer !== undefined) return;
  observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      collections.count++;
      collections.ms += duration;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
}

export function nodeMachine(): Machine {
  watchCollections();
  return {
    hostName: hostname(),
    pid: process.pid,
    userName: userName(),
    platform: process.platform,
    memory() {
      const { rss, heapUsed, heapTotal } = process.memoryUsage();
      return { rss, heapUsed, heapTotal };
    },
    releaseMemory,
    keepMemorySmall,
    heapLimit: getHeapStatistics().heap_size_limit,
    collections: () => ({ count: collections.count, ms: Math.round(collections.ms) }),
    cpuMicros() {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    activity() {
      const kinds: Record<string, number> = {};
      for (const kind of process.getActiveResourcesInfo()) kinds[kind] = (kinds[kind] ?? 0) + 1;
      return kinds;
    },
    load: () => ({ average: loadavg()[0] ?? 0, processors: availableParallelism() }),
    networkInterfaces: () =>
      Object.fromEntries(
        Object.entries(networkInterfaces()).map(([name, found = []]) => [
          name,
          [...found].sort((a, b) => a.family.localeCompare(b.family)).map(({ address }) => address),
        ]),
      ),
    env: (name) => process.env[name],
    utcOffsetMinutes: (wallMs) => -new Date(wallMs).getTimezoneOffset(),
  };
}
