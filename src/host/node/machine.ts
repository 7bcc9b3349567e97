// What this process knows of the machine it runs on.
import { availableParallelism, hostname, loadavg, networkInterfaces, userInfo } from 'node:os';
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Machine } from '../host.ts';
import { keepMemorySmall, trimMemory } from './small-memory.ts';

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

/**
 * The space for new objects grows with what a start makes, to 32 MiB, and no collection that a program can ask for by itself
 * makes it small again; this one, of the debugger, does. Without it (Node can be built so) the memory stays until it is used again.
 */
async function releaseMemory(): Promise<void> {
  if (!process.features.inspector) return;
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    session.disconnect();
  }
  await trimMemory();
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
