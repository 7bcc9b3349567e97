// Work for the end of what runs now, before anything else happens.

const SETTLED = Promise.resolve();

/** As `queueMicrotask`, for which Node makes an async resource and a scope each time. What `fn` throws nobody handles. */
export function soon(fn: () => void): void {
  void SETTLED.then(fn);
}
