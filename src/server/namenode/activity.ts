// What the NameNode has been asked to do since it started, counted as Hadoop's NameNodeMetrics counts it: reads when they are
// asked, changes when they are done.
import { Rate } from '../../base/timing.ts';
import type { RpcCall } from '../../rpc/service.ts';

/** Calls by method, done and failed. */
export class Activity {
  readonly #done = new Map<string, number>();
  readonly #failed = new Map<string, number>();
  /** In milliseconds: files that checkpointers fetched and brought, looks at the disks, reports of storages. */
  readonly getImage = new Rate();
  readonly getEdit = new Rate();
  readonly putImage = new Rate();
  readonly resourceChecks = new Rate();
  readonly storageReports = new Rate();
  /** Entries that listings showed. */
  filesListed = 0;

  called({ method }: Pick<RpcCall, 'method'>, error: unknown): void {
    const counts = error === undefined ? this.#done : this.#failed;
    counts.set(method, (counts.get(method) ?? 0) + 1);
  }

  /** Calls that did what they were asked. */
  done(...methods: readonly string[]): number {
    return methods.reduce((sum, method) => sum + (this.#done.get(method) ?? 0), 0);
  }

  /** Calls, whatever came of them. */
  asked(...methods: readonly string[]): number {
    return this.done(...methods) + methods.reduce((sum, method) => sum + (this.#failed.get(method) ?? 0), 0);
  }
}
