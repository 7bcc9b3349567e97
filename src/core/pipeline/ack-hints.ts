// What DataNodes hint at in acknowledgements beside success: that they are congested (the writer then pauses) and that they
// are slow (told often enough in a row, a slow node counts as a bad one). Pure; pausing and dropping is the shell's.
// Apache: DataStreamer.backOffIfNecessary and ResponseProcessor.markSlowNode.

// Bits of an acknowledgement's flag word. Apache: PipelineAck.StatusFormat.
const ECN_SHIFT = 5;
const SLOW_SHIFT = 7;
const TWO_BITS = 3;
const ECN_CONGESTED = 3;
const SLOW = 2;

export interface HintSettings {
  /** dfs.client.congestion.backoff.mean.time. */
  readonly backoffMeanMs: number;
  /** dfs.client.congestion.backoff.max.time. */
  readonly backoffMaxMs: number;
  /** dfs.client.mark.slownode.as.badnode.threshold: acknowledgements in a row. */
  readonly slowThreshold: number;
}

export const isCongested = (flag: number): boolean => ((flag >>> ECN_SHIFT) & TWO_BITS) === ECN_CONGESTED;
export const isSlow = (flag: number): boolean => ((flag >>> SLOW_SHIFT) & TWO_BITS) === SLOW;

export class AckHints {
  readonly #settings: HintSettings;
  #congested = false;
  #lastBackoffMs = 0;
  /** Slow acknowledgements in a row, by node. */
  readonly #slow = new Map<string, number>();

  constructor(settings: HintSettings) {
    this.#settings = settings;
  }

  /** Looks at the flags of `nodes`; answers the position of one that was slow too often. */
  take(flags: readonly number[], nodes: readonly string[]): number | undefined {
    this.#congested = flags.some(isCongested);
    if (!this.#congested) this.#lastBackoffMs = 0;
    let bad: number | undefined;
    for (const node of this.#slow.keys()) if (!nodes.includes(node)) this.#slow.delete(node);
    for (const [index, node] of nodes.entries()) {
      const flag = flags[index];
      if (flag === undefined || !isSlow(flag)) {
        this.#slow.delete(node);
        continue;
      }
      const count = (this.#slow.get(node) ?? 0) + 1;
      this.#slow.set(node, count);
      if (count >= this.#settings.slowThreshold) bad ??= index;
    }
    return bad;
  }

  /** How long to pause before the next packet, once for each acknowledgement that asked for it. `chance` is in [0, 1). */
  backOff(chance: () => number): number {
    if (!this.#congested) return 0;
    this.#congested = false;
    const { backoffMeanMs, backoffMaxMs } = this.#settings;
    const last = this.#lastBackoffMs * 3;
    const base = Math.min(last, backoffMeanMs);
    this.#lastBackoffMs = Math.min(backoffMaxMs, Math.floor(base + chance() * Math.abs(last - backoffMeanMs)));
    return this.#lastBackoffMs;
  }
}
