// The one real thing in a simulation: a turn of the event loop, which lets everything that the last event set going
// (promises, queued microtasks) come to rest before the next event runs. No time is read and none is waited for.

export const afterMicrotasks: (fn: () => void) => void = setImmediate;
