// Work that goes on when one of those who wait for it gives up.

/** Settles as `work` does, or rejects with the signal's reason as soon as that is aborted. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** What `source` gives, until the signal is aborted: then it throws the signal's reason, whatever the source waits for. */
export async function* untilAborted<T>(
  source: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  if (signal === undefined) {
    yield* source;
    return;
  }
  const items = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await unlessAborted(Promise.resolve(items.next()), signal).catch((error: unknown) => {
        isOver = !signal.aborted;
        throw error;
      });
      isOver = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (!isOver) {
      const ended = Promise.resolve(items.return?.());
      // A source that waits for something ends behind that.
      if (signal.aborted) ended.catch(() => undefined);
      else await ended;
    }
  }
}
