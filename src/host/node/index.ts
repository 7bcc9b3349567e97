// The real machine behind the Host interface. The entry points of the program pick it; nothing else imports it.
import { SeededRandom } from '../../base/random.ts';
import type { Host, LogLevel } from '../host.ts';
import type { TaskTable } from '../tasks.ts';
import { nodeClock } from './clock.ts';
import { nodeCommands } from './commands.ts';
import { loadNativeCrc } from './crc.ts';
import { nodeDisk } from './disk.ts';
import { nodeDns } from './dns.ts';
import { nodeHttp } from './http.ts';
import { nodeLog } from './log.ts';
import { nodeMachine } from './machine.ts';
import { nodeNet } from './net.ts';
import { CryptoRandom } from './random.ts';
import { inlineWorkers } from './workers.ts';

export interface NodeHostOptions {
  /** Makes `random` repeatable. For tests only: nothing secret may come from it. */
  readonly seed?: number | undefined;
  readonly logLevel?: LogLevel | 'silent' | undefined;
  /** Takes the log's lines instead of standard error. */
  readonly logWrite?: ((line: string) => void) | undefined;
  /** Tasks that `workers` can run, by name. */
  readonly tasks?: TaskTable | undefined;
}

export function nodeHost(options: NodeHostOptions = {}): Host {
  const log = nodeLog({ level: options.logLevel, write: options.logWrite });
  loadNativeCrc(log);
  return {
    clock: nodeClock,
    random: options.seed === undefined ? new CryptoRandom() : new SeededRandom(options.seed),
    net: nodeNet(log),
    http: nodeHttp(log),
    dns: nodeDns,
    disk: nodeDisk,
    commands: nodeCommands,
    workers: inlineWorkers(options.tasks ?? {}),
    machine: nodeMachine(),
    log,
  };
}
