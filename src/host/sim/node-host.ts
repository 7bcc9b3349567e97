// The Host of one simulated process, put together from its parts.
import { HdfsError } from '../../base/errors.ts';
import type { SeededRandom } from '../../base/random.ts';
import type { Clock, Host, LogLevel } from '../host.ts';
import type { TaskTable } from '../tasks.ts';
import { type DiskFault, simDisk } from './disk.ts';
import type { DiskTree } from './disk-tree.ts';
import type { SimHttp } from './http.ts';
import type { SimLogLine, SimProgram } from './index.ts';
import type { Network } from './network.ts';
import type { Life, Scheduler } from './scheduler.ts';
import type { SimNet } from './tcp.ts';

export interface SimHostParts {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly life: Life;
  readonly clock: Clock;
  readonly net: SimNet;
  readonly http: SimHttp;
  readonly name: string;
  readonly pid: number;
  readonly userName: string;
  readonly env: Readonly<Record<string, string>>;
  readonly loadAverage: () => number;
  readonly random: SeededRandom;
  readonly diskRandom: SeededRandom;
  readonly disk: DiskTree;
  readonly diskFault: () => DiskFault | undefined;
  readonly diskCall: (moment: 'before' | 'after') => void;
  readonly tasks: TaskTable;
  readonly programs: Readonly<Record<string, SimProgram>>;
  readonly log: ((line: SimLogLine) => void) | undefined;
}

/** A program is as quick as this, milliseconds. */
const PROGRAM_MS = 2;

export function simHost(parts: SimHostParts): Host {
  const { scheduler, network, life, clock, name } = parts;
  const host: Host = {
    clock,
    random: parts.random,
    net: parts.net,
    http: parts.http,
    dns: {
      lookup(asked) {
        const found = network.resolve(asked);
        if (found.length === 0) return Promise.reject(new HdfsError('ENOENT', `unknown host: ${asked}`));
        return Promise.resolve(found);
      },
      // A server of names is a machine like any other, and knows nothing while it is away.
      reverse: (address, server) =>
        Promise.resolve(
          server === undefined || network.resolve(server).length > 0 ? network.machine(address)?.name : undefined,
        ),
    },
    disk: simDisk({
      scheduler,
      life,
      tree: parts.disk,
      random: parts.diskRandom,
      wallMs: clock.now,
      fault: parts.diskFault,
      onCall: parts.diskCall,
      identity: `${parts.pid}@${name}`,
    }),
    commands: {
      run(file, args, options = {}) {
        const program = Object.hasOwn(parts.programs, file) ? parts.programs[file] : undefined;
        return new Promise((resolve, reject) => {
          scheduler.after(PROGRAM_MS, life, `run ${file}`, () => {
            if (program === undefined) reject(new HdfsError('EIO', `cannot run ${file}: there is no such program`));
            else Promise.resolve(program(args, options.input)).then(resolve, reject);
          });
        });
      },
    },
    workers: {
      parallelism: 1,
      run<Input, Output>(task: string, input: Input): Promise<Output> {
        const fn = parts.tasks[task] as ((input: Input) => Output | Promise<Output>) | undefined;
        if (fn === undefined) return Promise.reject(new HdfsError('EINVAL', `no task of the name ${task}`));
        return new Promise((resolve, reject) => {
          scheduler.after(0, life, `task ${task}`, () => {
            try {
              resolve(fn(input));
            } catch (error) {
              reject(error);
            }
          });
        });
      },
    },
    machine: {
      hostName: name,
      pid: parts.pid,
      userName: parts.userName,
      platform: 'linux',
      activity: () => ({}),
      releaseMemory: () => Promise.resolve(),
      keepMemorySmall: () => undefined,
      heapLimit: 1 << 30,
      collections: () => ({ count: 0, ms: 0 }),
      cpuMicros: () => 0,
      memory: () => ({ rss: 1 << 28, heapUsed: 1 << 26, heapTotal: 1 << 27 }),
      load: () => ({ average: parts.loadAverage(), processors: 2 }),
      networkInterfaces: () => ({ lo: ['127.0.0.1'], eth0: network.resolve(name) }),
      env: (key) => (Object.hasOwn(parts.env, key) ? parts.env[key] : undefined),
      utcOffsetMinutes: () => 0,
    },
    log: {
      log(level: LogLevel, component, message, fields) {
        if (life.alive) parts.log?.({ atMs: scheduler.nowMs, node: name, level, component, message, fields });
      },
    },
  };
  return host;
}
