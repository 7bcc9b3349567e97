// Changing configuration keys of a running daemon: the files are read again, and every changed key that can be changed is,
// one after the other, beside all other work. One task at a time; what came of the last one is kept for who asks. Apache:
// ReconfigurableBase.
import { HdfsError, messageOf } from '../base/errors.ts';
import type { Clock, Log } from '../host/host.ts';
import type { Configuration } from './configuration.ts';
import { parseInt32 } from './values.ts';

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

/** true or false and nothing else. Throws HdfsError EILLEGAL. */
export function trueOrFalse(configuration: Configuration, name: string): boolean {
  const text = configuration.get(name) ?? '';
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  throw new HdfsError('EILLEGAL', `${text} is not boolean value`);
}

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
