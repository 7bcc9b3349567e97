// Numbers of a large collection in their order, for who wants a page of them: not all are sorted for it.

/** Those above `after`, in ascending order; `ids` is gone through anew whenever so many as are likely wanted were taken. */
export function* ascending<T extends number>(ids: () => Iterable<T>, after: T, likely: number): Generator<T, void> {
  let from = after;
  for (let count = Math.max(1, likely); ; count *= 4) {
    const some = leastAbove(ids(), from, count);
    yield* some;
    const last = some.at(-1);
    if (last === undefined || some.length < count) return;
    from = last;
  }
}

/** The least `count` above `after`, in ascending order. */
function leastAbove<T extends number>(ids: Iterable<T>, after: T, count: number): readonly T[] {
  const least: T[] = [];
  const cut = (): void => {
    least.sort((a, b) => a - b);
    if (least.length > count) least.length = count;
  };
  let end = Number.POSITIVE_INFINITY;
  for (const id of ids) {
    if (id <= after || id >= end) continue;
    least.push(id);
    if (least.length < 2 * count) continue;
    cut();
    end = least[count - 1] as T;
  }
  cut();
  return least;
}
