// What is watched while a daemon is fed nonsense: errors that nobody caught, the longest turn of the event loop in CPU
// time (which other programs of a busy machine do not stretch), memory and open descriptors.
import { readdirSync } from 'node:fs';

export class Watch {
  readonly trouble: string[] = [];
  /** CPU milliseconds of the longest turn since `begin`. */
  longestTurnMs = 0;
  private rssAtStart = 0;
  private cpu = process.cpuUsage();
  private timer: NodeJS.Timeout | undefined;
  private readonly onRejection = (reason: unknown): void => this.note('unhandled rejection', reason);
  private readonly onException = (error: unknown): void => this.note('uncaught exception', error);

  private note(what: string, error: unknown): void {
    this.trouble.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  begin(): this {
    process.on('unhandledRejection', this.onRejection);
    process.on('uncaughtException', this.onException);
    this.rssAtStart = process.memoryUsage().rss;
    this.turn();
    return this;
  }

  /** Something that must not happen was told by a daemon. */
  readonly fatal = (error: Error): void => this.note('the daemon stops itself', error);

  /** A daemon logs as an error only what is its own fault or an operator's affair: neither is a client's to cause. */
  readonly log = (line: string): void => void this.trouble.push(`logged: ${line}`);

  private turn(): void {
    this.cpu = process.cpuUsage();
    this.timer = setTimeout(() => {
      const { user, system } = process.cpuUsage(this.cpu);
      this.longestTurnMs = Math.max(this.longestTurnMs, (user + system) / 1000);
      this.turn();
    }, 1);
  }

  /** What the turn has taken until now is the test's own. */
  skip(): void {
    this.cpu = process.cpuUsage();
  }

  get grownMiB(): number {
    return (process.memoryUsage().rss - this.rssAtStart) / 1048576;
  }

  get descriptors(): number {
    return readdirSync('/proc/self/fd').length;
  }

  end(): void {
    clearTimeout(this.timer);
    process.off('unhandledRejection', this.onRejection);
    process.off('uncaughtException', this.onException);
  }
}
