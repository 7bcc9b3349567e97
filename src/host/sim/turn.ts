// The one real thing in a simulation: a turn of the event loop, which lets everything that the last event set going
// (promises, queued microtasks) come to rest before the next event runs. No time is read and none is waited for. Between
// two immediates of one round of the loop all microtasks run, so many of them are queued at a time: a round of its own for
// each event costs several times what most events do.

export const afterMicrotasks: (fn: () => void) => void = setImmediate;

const FIRST_BATCH = 4;
const MOST_AT_ONCE = 128;

/** Calls `step` once a turn until it answers false. */
export function everyTurn(step: () => boolean): void {
  let going = true;
  let batch = FIRST_BATCH;
  const turn = (): void => {
    if (going) going = step();
  };
  const round = (): void => {
    if (!going) return;
    for (let i = 1; i < batch; i++) afterMicrotasks(turn);
    afterMicrotasks(round);
    batch = Math.min(MOST_AT_ONCE, batch * 2);
  };
  afterMicrotasks(round);
}
