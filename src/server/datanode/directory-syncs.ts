// Syncs of directories, shared: whoever asks while one is under way gets the next one, together with all others who ask
// meanwhile. Blocks that end at the same time so pay for one or two syncs of their directories, not for one each.
import type { VolumeDisk } from './volume-disk.ts';

interface Running {
  readonly now: Promise<void>;
  next: Promise<void> | undefined;
}

export class DirectorySyncs {
  private readonly disk: Pick<VolumeDisk, 'syncDirectory'>;
  private readonly running = new Map<string, Running>();

  constructor(disk: Pick<VolumeDisk, 'syncDirectory'>) {
    this.disk = disk;
  }

  /** Resolves when every change of the directory that was made before the call is durable. */
  sync(path: string): Promise<void> {
    const running = this.running.get(path);
    if (running === undefined) return this.begin(path);
    // The one under way may have begun before the caller's change. If it fails, what it was to make durable is lost for
    // good, and another sync would be told nothing of it: so the next one fails with it.
    running.next ??= running.now.then(() => this.begin(path));
    return running.next;
  }

  private begin(path: string): Promise<void> {
    const now = this.disk.syncDirectory(path).finally(() => {
      if (this.running.get(path)?.now === now) this.running.delete(path);
    });
    this.running.set(path, { now, next: undefined });
    return now;
  }
}
