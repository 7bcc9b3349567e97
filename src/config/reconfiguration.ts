// Changing configuration keys of a running daemon: the files are read again, and every changed key that can be changed is,
// one after the other, beside all other work. One task at a time; what came of the last one is kept for who asks. Apache:
// ReconfigurableBase.
import { assert } from '../base/assert.ts';
import { HdfsError, messageOf } from '../base/errors.ts';
import type { Clock, Log } from '../host/host.ts';
import type { Configuration } from './configuration.ts';
import { withoutEffect } from './unknown-keys.ts';
import { parseInt32, parseJavaWhole } from './values.ts';

export interface ReconfigurableKey {
  /** Makes the change; answers the value that is in force then, or rejects with why it is not. */
  change(configuration: Configuration): Promise<string>;
  /** The value that is in force after a change that failed in part; without it the old one is. */
  inForce?(): string;
}

/** A whole number, as Java takes one. Throws HdfsError EILLEGAL. */
export function wholeNumber(configuration: Configuration, name: string): number {
  const text = configuration.get(name) ?? '';
  const value = parseInt32(text);
  if (value === undefined) throw new HdfsError('EILLEGAL', `For input string: "${text}"`);
  return value;
}

/** A whole number of 64 bits, as Java takes one. Throws HdfsError EILLEGAL. */
export function wholeLong(configuration: Configuration, name: string): number {
  const text = configuration.get(name) ?? '';
  const value = parseJavaWhole(text);
  if (value === undefined || BigInt.asIntN(64, value) !== value) {
    throw new HdfsError('EILLEGAL', `For input string: "${text}"`);
  }
  return Number(value);
}

/** Milliseconds, from a length of time with or without a unit. Throws HdfsError EILLEGAL, in Java's words. */
export function lengthOfTime(configuration: Configuration, name: string): number {
  try {
    return configuration.getDuration(name);
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    const digits = (configuration.get(name) ?? '').toLowerCase().replace(/(?:[num]?s|[mhd])$/, '');
    throw new HdfsError('EILLEGAL', `For input string: "${digits}"`, { cause: error });
  }
}

/** true or false and nothing else. Throws HdfsError EILLEGAL with `refusal` of anything else. */
export function trueOrFalse(
  configuration: Configuration,
  name: string,
  refusal = (text: string): string => `${text} is not boolean value`,
): boolean {
  const text = configuration.get(name) ?? '';
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  throw new HdfsError('EILLEGAL', refusal(text));
}

/** What is not true is false, as by Java's Boolean.parseBoolean. */
export const isTrue = (configuration: Configuration, name: string): boolean => /^true$/i.test(configuration.get(name) ?? '');

/** A key that is read, looked at and put in force; `inForce` says which value that is, where it is not the one given. */
export function changeable<T>(
  name: string,
  read: (configuration: Configuration, name: string) => T,
  put: (value: T) => void,
  inForce?: () => string | number,
): readonly [name: string, key: ReconfigurableKey] {
  return [
    name,
    {
      async change(configuration) {
        const value = read(configuration, name);
        put(value);
        return String(inForce?.() ?? value);
      },
    },
  ];
}

/** A length of time that is in force under the text that was given. */
export function changeableTime(name: string, put: (ms: number) => void): readonly [name: string, key: ReconfigurableKey] {
  let text = '';
  const read = (configuration: Configuration): number => {
    const ms = lengthOfTime(configuration, name);
    text = configuration.property(name)?.value ?? '';
    return ms;
  };
  return changeable(name, read, put, () => text);
}

/** The keys in the order of `names`; one that is not among those that are `built` is refused with the reason why it has no effect. */
export function runTimeKeys(
  names: readonly string[],
  built: readonly (readonly [name: string, key: ReconfigurableKey])[],
): Readonly<Record<string, ReconfigurableKey>> {
  const keys = new Map(built);
  const ordered = names.map((name): readonly [string, ReconfigurableKey] => {
    const key = keys.get(name);
    keys.delete(name);
    return [name, key ?? idle(name)];
  });
  assert(keys.size === 0, `${[...keys.keys()].join()} cannot be changed at run time`);
  return Object.fromEntries(ordered);
}

function idle(name: string): ReconfigurableKey {
  const reason = withoutEffect(name);
  assert(reason !== undefined, `what changing ${name} does is not said`);
  return { change: () => Promise.reject(new HdfsError('EUNSUPPORTED', `${name} has no effect: ${reason}`)) };
}

export interface ConfigChange {
  readonly name: string;
  readonly oldValue: string;
  readonly newValue: string | undefined;
  /** Undefined: it succeeded. */
  readonly error: string | undefined;
}

export interface ReconfigurationStatus {
  /** Milliseconds since 1970; 0: there has been no task. */
  readonly startTime: number;
  /** Undefined while it runs. */
  readonly endTime: number | undefined;
  readonly changes: readonly ConfigChange[];
}

export interface ReconfigurationOptions {
  /** In messages and the log: `NameNode`, `DataNode`. */
  readonly daemon: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly configuration: Configuration;
  /** Reads the files again; undefined: the daemon was not started from files. */
  readonly reload: (() => Promise<Configuration>) | undefined;
  readonly keys: Readonly<Record<string, ReconfigurableKey>>;
}

export class Reconfiguration {
  private readonly options: ReconfigurationOptions;
  private configuration: Configuration;
  private running = false;
  private last: ReconfigurationStatus = { startTime: 0, endTime: undefined, changes: [] };

  constructor(options: ReconfigurationOptions) {
    this.options = options;
    this.configuration = options.configuration;
  }

  get properties(): readonly string[] {
    return Object.keys(this.options.keys);
  }

  get status(): ReconfigurationStatus {
    return this.last;
  }

  /** Begins a task. Throws HdfsError EIO when one is running. */
  start(): void {
    const { clock, daemon, reload } = this.options;
    if (reload === undefined) throw new HdfsError('EIO', `This ${daemon} was not started from configuration files.`);
    if (this.running) throw new HdfsError('EIO', 'Another reconfiguration task is running.');
    this.running = true;
    const startTime = clock.now();
    this.last = { startTime, endTime: undefined, changes: [] };
    this.log('info', 'Starting reconfiguration task.');
    this.run(reload)
      .catch((error: unknown): readonly ConfigChange[] => {
        this.log('warn', `the configuration was not read again: ${messageOf(error)}`);
        return [];
      })
      .then((changes) => {
        this.running = false;
        this.last = { startTime, endTime: clock.now(), changes };
      });
  }

  private log(level: 'info' | 'warn', message: string): void {
    this.options.log.log(level, this.options.daemon.toLowerCase(), message);
  }

  private async run(reload: () => Promise<Configuration>): Promise<readonly ConfigChange[]> {
    const { keys } = this.options;
    const next = await reload();
    const changes: ConfigChange[] = [];
    for (const [name, key] of Object.entries(keys)) {
      const oldValue = this.configuration.property(name)?.value ?? '';
      const newValue = next.property(name)?.value;
      if (oldValue === (newValue ?? '')) continue;
      this.log('info', `Change property: ${name} from "${oldValue}" to "${newValue ?? '<default>'}".`);
      try {
        const value = await key.change(next);
        this.configuration = this.configuration.with({ [name]: value }, 'reconfiguration');
        changes.push({ name, oldValue, newValue, error: undefined });
      } catch (error) {
        if (key.inForce !== undefined) {
          this.configuration = this.configuration.with({ [name]: key.inForce() }, 'reconfiguration');
        }
        changes.push({ name, oldValue, newValue, error: messageOf(error) });
        this.log('warn', `Could not change property ${name}: ${messageOf(error)}`);
      }
    }
    return changes;
  }
}
