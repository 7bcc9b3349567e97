// How a configuration key is declared: its Hadoop name, type, unit, default and one line of documentation. The tables in
// keys/ are made of these; values are read through configuration.ts. A default stands here as the text an XML file
// would hold, so that it goes through the same parser as everything an operator writes.

export type KeyType = 'string' | 'int' | 'long' | 'size' | 'float' | 'boolean' | 'duration' | 'list' | 'choice';

/** What a bare number of a duration counts. */
export type DurationUnit = 'ms' | 's' | 'm' | 'h';

export interface Key {
  readonly type: KeyType;
  /** Undefined: the key has no value unless somebody gives one. */
  readonly default: string | undefined;
  readonly doc: string;
  readonly unit?: DurationUnit | undefined;
  /** Values that a `choice` may take; compared without regard to case. */
  readonly choices?: readonly string[] | undefined;
  /** Why the default is not Hadoop's, or that Hadoop does not know the key. */
  readonly differs?: string | undefined;
  /** Names that Hadoop still takes for this key. */
  readonly deprecated?: readonly string[] | undefined;
}

export type KeyTable = Readonly<Record<string, Key>>;

interface More {
  readonly differs?: string;
  readonly deprecated?: readonly string[];
}

type Maker = (value: string | undefined, doc: string, more?: More) => Key;

const maker =
  (type: KeyType): Maker =>
  (value, doc, more = {}) => ({ type, default: value, doc, ...more });

export const text = maker('string');
export const int = maker('int');
/** A whole number of 64 bits; k, m, g, t, p, e multiply by powers of 1024. */
export const long = maker('long');
/** Bytes, never negative. */
export const size = maker('size');
export const float = maker('float');
export const bool = maker('boolean');
/** Values parted by commas. */
export const list = maker('list');

/** A length of time; without a suffix it counts `unit`. */
export function duration(unit: DurationUnit, value: string | undefined, doc: string, more: More = {}): Key {
  return { type: 'duration', unit, default: value, doc, ...more };
}

export function choice(choices: readonly string[], value: string, doc: string, more: More = {}): Key {
  return { type: 'choice', choices, default: value, doc, ...more };
}
