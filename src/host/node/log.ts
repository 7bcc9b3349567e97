// The log: JSON lines on standard error through pino, written synchronously so that the last words of a dying process
// are there.
import { destination, type Logger, pino } from 'pino';
import type { Log, LogLevel } from '../host.ts';

export interface LogOptions {
  /** Least level that is written; `silent` writes nothing. */
  readonly level?: LogLevel | 'silent' | undefined;
  /** Takes the lines instead of standard error. */
  readonly write?: ((line: string) => void) | undefined;
}

export function nodeLog(options: LogOptions = {}): Log {
  const level = options.level ?? 'info';
  if (level === 'silent') return { log: () => undefined };
  const settings = {
    level,
    base: undefined,
    messageKey: 'message',
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  const { write } = options;
  const logger: Logger = write === undefined ? pino(settings, destination({ fd: 2, sync: true })) : pino(settings, { write });
  return {
    log(at, component, message, fields) {
      logger[at]({ component, ...fields }, message);
    },
  };
}
