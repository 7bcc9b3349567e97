// The log: JSON lines on standard error through pino, written synchronously so that the last words of a dying process
// are there.
import { destination, type Logger, pino } from 'pino';
import type { Log, LogLevel, LogLevels } from '../host.ts';

export interface LogOptions {
  /** Least level that is written; `silent` writes nothing. */
  readonly level?: LogLevel | 'silent' | undefined;
  /** Takes the lines instead of standard error. */
  readonly write?: ((line: string) => void) | undefined;
}

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
/** Components whose level was set; there are some dozens of them. */
const MAX_COMPONENTS = 256;

class Levels implements LogLevels {
  readonly #least: LogLevel;
  readonly #own = new Map<string, LogLevel>();

  constructor(least: LogLevel) {
    this.#least = least;
  }

  of(component: string): LogLevel {
    return this.#own.size === 0 ? this.#least : (this.#own.get(component) ?? this.#least);
  }

  set(component: string, level: LogLevel): void {
    if (this.#own.size < MAX_COMPONENTS || this.#own.has(component)) this.#own.set(component, level);
  }

  has(at: LogLevel, component: string): boolean {
    return ORDER.indexOf(at) >= ORDER.indexOf(this.of(component));
  }
}

export function nodeLog(options: LogOptions = {}): Log {
  const level = options.level ?? 'info';
  if (level === 'silent') return { log: () => undefined };
  const levels = new Levels(level);
  const settings = {
    // What is written is decided before, by component.
    level: 'debug',
    base: undefined,
    messageKey: 'message',
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  const { write } = options;
  const logger: Logger = write === undefined ? pino(settings, destination({ fd: 2, sync: true })) : pino(settings, { write });
  return {
    levels,
    log(at, component, message, fields) {
      if (!levels.has(at, component)) return;
      logger[at]({ component, ...fields }, message);
    },
  };
}
