// How many replicas the blocks of whole groups want, kept for one turn, in which nobody changes a file. Where full reports that are
// worked in beside each other name most blocks of a group, files are asked for in the order in which they lie in memory, which
// a processor foresees, and each once, not in the order of each storage.
import type { BlockGroup } from './block-map.ts';
import type { ReplicaBatch } from './replica-batch.ts';
import type { BlockOwner } from './state.ts';
import { GROUP_SIZE, lowestPlace } from './table/layout.ts';

/** A turn's reports come by fewer groups where so many of their blocks are named. */
const SLOTS = 256;
/** Half of the blocks of a group must be named, or asking for all takes longer than it gains. */
const MANY = GROUP_SIZE / 2;

export class GroupReplication {
  /** The group of each slot, 0: none. */
  readonly #groups = new Uint32Array(SLOTS);
  readonly #wanted = new Uint16Array(SLOTS * GROUP_SIZE);
  readonly #blocks = new Uint32Array(16 * GROUP_SIZE);
  readonly #answers = new Uint16Array(16 * GROUP_SIZE);
  #reports = 0;

  /** A turn begins, in which that many reports of a node are worked in. */
  begin(reports: number): void {
    this.#reports = reports;
    this.#groups.fill(0);
  }

  /** Whether the reports name so many blocks of each group that it pays to ask for all. */
  pays(batch: ReplicaBatch): boolean {
    return batch.count * this.#reports >= MANY * batch.runs;
  }

  /** Puts down what the right replicas of the batch that are not known want, in their order. */
  put(owner: BlockOwner, batch: ReplicaBatch, into: Uint16Array): void {
    this.#ask(owner, batch);
    let count = 0;
    for (let run = 0; run < batch.runs; run++) {
      const group = batch.groups[run] as BlockGroup;
      const slot = group % SLOTS;
      const isKnown = this.#groups[slot] === group;
      for (let rest = batch.fresh(run); rest !== 0; rest &= rest - 1) {
        const place = lowestPlace(rest);
        into[count++] = isKnown
          ? (this.#wanted[slot * GROUP_SIZE + place] as number)
          : owner.replication(group * GROUP_SIZE + place);
      }
    }
  }

  #ask(owner: BlockOwner, batch: ReplicaBatch): void {
    const blocks = this.#blocks;
    let count = 0;
    for (let run = 0; run < batch.runs; run++) {
      const group = batch.groups[run] as BlockGroup;
      if (batch.fresh(run) === 0 || this.#groups[group % SLOTS] === group) continue;
      this.#groups[group % SLOTS] = group;
      for (let place = 0; place < GROUP_SIZE; place++) blocks[count++] = group * GROUP_SIZE + place;
      if (count === blocks.length) {
        this.#answer(owner, count);
        count = 0;
      }
    }
    this.#answer(owner, count);
  }

  #answer(owner: BlockOwner, count: number): void {
    owner.replications(this.#blocks, count, this.#answers);
    for (let i = 0; i < count; i++) {
      this.#wanted[(this.#blocks[i] as number) % (SLOTS * GROUP_SIZE)] = this.#answers[i] as number;
    }
  }
}
