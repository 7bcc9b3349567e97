// Who looks on at what the NameNode is asked: the audit log, and the counting of the users that it is busiest for.
import type { Configuration } from '../../../config/configuration.ts';
import type { NameSystem } from '../namesystem.ts';
import { type TopUsers, topUsers } from '../top-users.ts';
import { type AuditedCommand, type AuditSink, auditLines, auditOptions, auditSink, commandAudit } from './audit-log.ts';
import { type Audited, auditedBy, type CallObserver } from './observed-calls.ts';

export class Onlookers {
  /** Undefined: no place is named for the log. */
  readonly sink: AuditSink | undefined;
  readonly top: TopUsers | undefined;
  /** Told of each call of ClientProtocol. */
  readonly observers: readonly CallObserver[];
  /** Wraps handlers of the other protocols. */
  readonly audited: Audited;
  /** Told of commands that are no call. */
  readonly command: (command: AuditedCommand) => void;
  readonly #options: ReturnType<typeof auditOptions>;

  constructor(system: NameSystem, configuration: Configuration) {
    const { host, namespace } = system;
    const sink = auditSink(host, configuration);
    const top = topUsers(host, configuration);
    const options = auditOptions(configuration);
    const observers: CallObserver[] = [];
    if (sink !== undefined) observers.push(auditLines(system, sink, options));
    if (top !== undefined) observers.push((_allowed, { cmd }, { user }) => top.record(cmd, user, namespace.monotonicMs));
    const write = sink === undefined ? undefined : commandAudit(sink, options);
    this.sink = sink;
    this.top = top;
    this.observers = observers;
    this.audited = auditedBy(observers);
    this.command = (command) => {
      write?.(command);
      top?.record(command.cmd, command.user);
    };
    this.#options = options;
  }

  /** Whether lines of the log show the contexts of callers. */
  showCallerContexts(shown: boolean): void {
    this.#options.line.contexts = shown;
  }
}
