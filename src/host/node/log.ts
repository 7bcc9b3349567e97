// The log: JSON lines on standard error through pino, written synchronously so that the last words of a dying process
// are there.
import { destination, type Logger, pino } from 'pino';
import type { Log, LogLevel, LogLevels, LogThreshold } from '../host.ts';

export interface LogOptions {
  /** Least level that is written; `silent` writes nothing. */
  readonly level?: LogLevel | 'silent' | undefined;
  /** Takes the lines instead of standard error. */
  readonly write?: ((line: string) => void) | undefined;
}

const ORDER: readonly LogThreshold[] = ['all', 'trace', 'debug', 'info', 'warn', 'error', 'fatal', 'off'];
/** Components whose level is another than that of all; there are some dozens of components, with short names. */
const MAX_COMPONENTS = 256;
const MAX_NAME = 256;

class Levels implements LogLevels {
  readonly #least: LogLevel;
  readonly #own = new Map<string, LogThreshold>();

  constructor(least: LogLevel) {
    this.#least = least;
  }

  of(component: string): LogThreshold {
    return this.#own.size === 0 ? this.#least : (this.#own.get(component) ?? this.#least);
  }

  set(component: string, threshold: LogThreshold): boolean {
    if (threshold === this.#least) {
      this.#own.delete(component);
      return true;
    }
    if (component.length > MAX_NAME || (this.#own.size >= MAX_COMPONENTS && !this.#own.has(component))) return false;
    this.#own.set(component, threshold);
    return true;
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
