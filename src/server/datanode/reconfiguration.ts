// Changing configuration keys of the running node: the files are read again, and every changed key that can be changed is,
// one after the other, beside all other work. One task at a time; what came of the last one is kept for who asks. Apache:
// ReconfigurableBase.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Clock, Log } from '../../host/host.ts';

export interface ReconfigurableKey {
  /** Makes the change; answers the value that is in force then, or rejects with why it is not. */
  change(configuration: Configuration): Promise<string>;
  /** The value that is in force after a change that failed in part; without it the old one is. */
  inForce?(): string;
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
  readonly clock: Clock;
  readonly log: Log;
  readonly configuration: Configuration;
  /** Reads the files again; undefined: the node was not started from files. */
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
    const { clock, log, reload } = this.options;
    if (reload === undefined) throw new HdfsError('EIO', 'This DataNode was not started from configuration files.');
    if (this.running) throw new HdfsError('EIO', 'Another reconfiguration task is running.');
    this.running = true;
    const startTime = clock.now();
    this.last = { startTime, endTime: undefined, changes: [] };
    log.log('info', 'datanode', 'Starting reconfiguration task.');
    this.run(reload)
      .catch((error: unknown): readonly ConfigChange[] => {
        log.log('warn', 'datanode', `the configuration was not read again: ${messageOf(error)}`);
        return [];
      })
      .then((changes) => {
        this.running = false;
        this.last = { startTime, endTime: clock.now(), changes };
      });
  }

  private async run(reload: () => Promise<Configuration>): Promise<readonly ConfigChange[]> {
    const { log, keys } = this.options;
    const next = await reload();
    const changes: ConfigChange[] = [];
    for (const [name, key] of Object.entries(keys)) {
      const oldValue = this.configuration.property(name)?.value ?? '';
      const newValue = next.property(name)?.value;
      if (oldValue === (newValue ?? '')) continue;
      log.log('info', 'datanode', `Change property: ${name} from "${oldValue}" to "${newValue ?? '<default>'}".`);
      try {
        const value = await key.change(next);
        this.configuration = this.configuration.with({ [name]: value }, 'reconfiguration');
        changes.push({ name, oldValue, newValue, error: undefined });
      } catch (error) {
        if (key.inForce !== undefined)
          this.configuration = this.configuration.with({ [name]: key.inForce() }, 'reconfiguration');
        changes.push({ name, oldValue, newValue, error: messageOf(error) });
        log.log('warn', 'datanode', `Could not change property ${name}: ${messageOf(error)}`);
      }
    }
    return changes;
  }
}
