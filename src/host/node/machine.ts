// What this process knows of the machine it runs on.
import { availableParallelism, hostname, loadavg, userInfo } from 'node:os';
import type { Machine } from '../host.ts';

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that /etc/passwd lacks.
    return process.env.USER ?? process.env.LOGNAME ?? `uid${process.getuid?.() ?? 0}`;
  }
}

export function nodeMachine(): Machine {
  return {
    hostName: hostname(),
    pid: process.pid,
    userName: userName(),
    platform: process.platform,
    memory() {
      const { rss, heapUsed, heapTotal } = process.memoryUsage();
      return { rss, heapUsed, heapTotal };
    },
    load: () => ({ average: loadavg()[0] ?? 0, processors: availableParallelism() }),
    env: (name) => process.env[name],
    utcOffsetMinutes: (wallMs) => -new Date(wallMs).getTimezoneOffset(),
  };
}
