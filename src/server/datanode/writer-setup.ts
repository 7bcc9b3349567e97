// While the files of a replica are opened for a writer, and the next node is connected to, there is no receiver yet that could
// be ended. Whoever takes the replica over meanwhile, to delete it, to recover it or for another writer, waits until the files
// are closed again: they would else be made behind its back, and stay. Apache's replica has its writer from the first moment.
import { HdfsError } from '../../base/errors.ts';
import { describeBlock, type InFlightReplica } from './replica.ts';
import type { ReplicaFiles } from './replica-files.ts';

export class WriterSetup {
  private replica: InFlightReplica | undefined;
  private files: ReplicaFiles | undefined;
  private isOvertaken = false;
  private ending: Promise<void> | undefined;
  private over: () => void = () => undefined;
  private readonly over$ = new Promise<void>((resolve) => {
    this.over = resolve;
  });

  /** The replica is there, and its lock is held. */
  begin(replica: InFlightReplica): void {
    this.replica = replica;
    replica.stopWriter = this.stop;
  }

  private readonly stop = (): Promise<void> => {
    this.isOvertaken = true;
    // Files that are not open yet are closed as soon as they are.
    return this.files === undefined ? this.over$ : this.end();
  };

  /** The files are open. Throws when somebody waits for them to be closed again. */
  opened(files: ReplicaFiles): void {
    this.files = files;
    this.check();
  }

  /** Throws when the replica is somebody else's by now. */
  check(): void {
    if (this.replica === undefined || !this.isOvertaken) return;
    throw new HdfsError('EIO', `${describeBlock(this.replica)} is taken over by another writer`);
  }

  /** There will be no receiver: closes the files. Never rejects. */
  end(): Promise<void> {
    this.ending ??= this.close();
    return this.ending;
  }

  private async close(): Promise<void> {
    const { replica, files } = this;
    await files?.close(false).catch(() => undefined);
    if (replica !== undefined) {
      replica.settleRest();
      if (replica.stopWriter === this.stop) replica.stopWriter = undefined;
      replica.grown();
    }
    this.over();
  }
}
