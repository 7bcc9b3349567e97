// Our own bugs stop the process: a broken invariant in a file system must not be carried on from. Expected failures are
// HdfsError (errors.ts), a peer's faults are ProtocolError.

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws AssertionError when `condition` does not hold. The message says what was expected, not what to do. */
export function assert(condition: unknown, message = 'invariant broken'): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never, message = 'unreachable'): never {
  throw new AssertionError(`${message}: ${String(value)}`);
}
