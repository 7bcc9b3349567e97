// Replicas being written, or left by a writer, that went out of service with their volume. Readers ask how long such a block is,
// and take "no such replica" from all its DataNodes for a block that was not begun: what was shown to them before would vanish
// without a word. A recovery would give it up for good. For as long as this process lives it says that it had the replica; what
// was on a volume that was not there when it started it cannot know (Dataset.checkReach).
import type { GenStamp } from '../../base/ids.ts';
import type { BlockName } from './replica.ts';

/** Of more than these the oldest are forgotten. */
const MOST_KNOWN = 10_000;

export class OutOfReach {
  private readonly known = new Map<string, GenStamp>();

  add({ pool, id, genStamp }: BlockName): void {
    const key = `${pool}/${id}`;
    this.known.delete(key);
    this.known.set(key, genStamp);
    const [oldest] = this.known.keys();
    if (this.known.size > MOST_KNOWN && oldest !== undefined) this.known.delete(oldest);
  }

  /** Whether a replica of the block, of this generation or a later one, is on a volume that is out of service. */
  has({ pool, id, genStamp }: BlockName): boolean {
    const known = this.known.get(`${pool}/${id}`);
    return known !== undefined && known >= genStamp;
  }
}
