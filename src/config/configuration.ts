// The configuration of a process: declared defaults, under the properties of XML files, under what the command line set.
// It is a value: nothing changes it once it is made; `with` makes another. Where files come from is in load.ts, which
// NameNode of which nameservice is meant in nameservices.ts.
import { assert } from '../base/assert.ts';
import { HdfsError } from '../base/errors.ts';
import { parseMode } from '../base/mode.ts';
import type { DurationUnit } from './key.ts';
import { currentName, declaredKey, KEYS } from './keys/index.ts';
import { parseBoolean, parseDuration, parseFloatText, parseInt32, parseList, parseLong, parseSize } from './values.ts';

/** What `${env.X}`, `${user.name}` and the like mean. */
export interface ConfigurationEnvironment {
  env(name: string): string | undefined;
  /** Java's system properties that configurations use: user.name, user.home, java.io.tmpdir. */
  property(name: string): string | undefined;
}

export interface Property {
  readonly value: string;
  /** Where it was set: a file, `command line`, or `default`. */
  readonly source: string;
  readonly final: boolean;
  /** In a file. */
  readonly line?: number | undefined;
}

const NO_ENVIRONMENT: ConfigurationEnvironment = { env: () => undefined, property: () => undefined };

/** Apache: Configuration.MAX_SUBST. */
const MAX_EXPANSIONS = 20;
/** A value cannot grow beyond this by expansion. */
const MAX_EXPANDED_LENGTH = 1024 * 1024;

/** Innermost `${name}` of a value: Hadoop takes any name without `$`, braces or white space. */
const VARIABLE = /\$\{([^${}\s]+)\}/;

export class Configuration {
  readonly #properties: ReadonlyMap<string, Property>;
  readonly #environment: ConfigurationEnvironment;
  /** What core-site.xml says and the defaults of HDFS stand above; for what is told of it. */
  readonly overshadowed: ReadonlyMap<string, Property>;

  constructor(
    properties: ReadonlyMap<string, Property> = new Map(),
    environment: ConfigurationEnvironment = NO_ENVIRONMENT,
    overshadowed: ReadonlyMap<string, Property> = new Map(),
  ) {
    this.#properties = properties;
    this.#environment = environment;
    this.overshadowed = overshadowed;
  }

  /** A configuration of these values over the defaults; for tests and for programs that have no files. */
  static of(values: Readonly<Record<string, string | number | boolean>>, environment = NO_ENVIRONMENT): Configuration {
    return new Configuration(new Map(), environment).with(values);
  }

  /** The same with some values set, whatever files said of them. Undefined removes one, back to its default. */
  with(values: Readonly<Record<string, string | number | boolean | undefined>>, source = 'command line'): Configuration {
    const properties = new Map(this.#properties);
    for (const [name, value] of Object.entries(values)) {
      const current = currentName(name);
      if (value === undefined) properties.delete(current);
      else properties.set(current, { value: String(value), source, final: false });
    }
    return new Configuration(properties, this.#environment, this.overshadowed);
  }

  /** The property itself, unexpanded. */
  property(name: string): Property | undefined {
    const current = currentName(name);
    const set = this.#properties.get(current);
    if (set !== undefined) return set;
    const value = declaredKey(current)?.default;
    return value === undefined ? undefined : { value, source: 'default', final: false };
  }

  /** Whether a file or the command line gives the key. */
  isSet(name: string): boolean {
    return this.#properties.has(currentName(name));
  }

  /** Every key that has a value, sorted: those set and those with a default. */
  names(): readonly string[] {
    const names = new Set(this.#properties.keys());
    for (const [name, key] of Object.entries(KEYS)) if (key.default !== undefined) names.add(name);
    return [...names].sort();
  }

  /** The value with its variables expanded and without white space around it; undefined when there is none. */
  get(name: string): string | undefined {
    return this.untrimmed(name)?.trim();
  }

  /** As get, with its white space: users and groups are told apart by a blank, which may come first. */
  untrimmed(name: string): string | undefined {
    const property = this.property(name);
    return property === undefined ? undefined : this.#expand(name, property);
  }

  /** As get, for a key that must have a value: HdfsError EINVAL when it has none. */
  require(name: string): string {
    const value = this.get(name);
    if (value === undefined || value === '') throw new HdfsError('EINVAL', `${name} is not set`);
    return value;
  }

  getInt(name: string, fallback?: number): number {
    return this.#typed(name, fallback, 'a whole number of 32 bits', parseInt32);
  }

  /** A whole number; k, m, g, t, p, e multiply by powers of 1024. */
  getLong(name: string, fallback?: number): number {
    return this.#typed(name, fallback, 'a whole number, maybe with k, m, g, t', parseLong);
  }

  /** Bytes. */
  getSize(name: string, fallback?: number): number {
    return this.#typed(name, fallback, 'a number of bytes, maybe with k, m, g, t', parseSize);
  }

  getFloat(name: string, fallback?: number): number {
    return this.#typed(name, fallback, 'a number', parseFloatText);
  }

  getBoolean(name: string, fallback?: boolean): boolean {
    return this.#typed(name, fallback, 'true or false', parseBoolean);
  }

  /** Permission bits, in octal. */
  getMode(name: string): number {
    return this.#typed(name, undefined, 'three octal digits such as 700', parseMode);
  }

  /** Milliseconds. A bare number counts the unit that the key is declared with. */
  getDuration(name: string, fallback?: number): number {
    const unit: DurationUnit = declaredKey(currentName(name))?.unit ?? 'ms';
    return this.#typed(name, fallback, `a length of time such as 30s (ns us ms s m h d; without a unit ${unit})`, (text) =>
      parseDuration(text, unit),
    );
  }

  /** Values parted by commas; none when the key has no value. */
  getStrings(name: string): readonly string[] {
    return parseList(this.get(name) ?? '');
  }

  /** One of the values that the key is declared with, as it is declared. */
  getChoice(name: string): string {
    const choices = declaredKey(currentName(name))?.choices ?? [];
    return this.#typed(name, undefined, choices.join(', '), (text) =>
      choices.find((choice) => choice.toLowerCase() === text.toLowerCase()),
    );
  }

  #typed<T>(name: string, fallback: T | undefined, expected: string, parse: (text: string) => T | undefined): T {
    const property = this.property(name);
    const text = property === undefined ? '' : this.#expand(name, property).trim();
    if (property === undefined || text === '') {
      // An empty value counts as none, as in Hadoop.
      if (fallback !== undefined) return fallback;
      const standard = declaredKey(currentName(name))?.default;
      if (standard === undefined && declaredKey(currentName(name)) !== undefined) {
        throw new HdfsError('EINVAL', `${name} is not set; it must be ${expected}`);
      }
      assert(standard !== undefined, `${name} is not declared in config/keys and was read without a fallback`);
      const value = parse(standard);
      assert(value !== undefined, `the default of ${name} is not ${expected}`);
      return value;
    }
    const value = parse(text);
    if (value === undefined) {
      throw new HdfsError('EINVAL', `${name} is "${text}" (${property.source}), but must be ${expected}`);
    }
    return value;
  }

  #expand(name: string, property: Property): string {
    const original = property.value;
    let text = original;
    for (let round = 0; round < MAX_EXPANSIONS; round++) {
      const match = VARIABLE.exec(text);
      if (match === null) return text;
      const value = this.#variable(match[1] ?? '');
      // A variable nobody knows stays as it stands, and so does a value that needs itself, as in Hadoop.
      if (value === undefined) return text;
      if (value.includes(match[0])) return original;
      text = text.slice(0, match.index) + value + text.slice(match.index + match[0].length);
      if (text.length > MAX_EXPANDED_LENGTH) break;
    }
    if (VARIABLE.exec(text) === null && text.length <= MAX_EXPANDED_LENGTH) return text;
    throw new HdfsError(
      'EINVAL',
      `${name} is "${original}" (${property.source}): more than ${MAX_EXPANSIONS} variables to expand`,
    );
  }

  #variable(variable: string): string | undefined {
    if (variable.startsWith('env.') && variable.length > 4) {
      // ${env.X}, ${env.X-if unset}, ${env.X:-if unset or empty}.
      const match = /^([^:-]+)(:-|-)?(.*)$/s.exec(variable.slice(4));
      if (match === null) return undefined;
      const value = this.#environment.env(match[1] ?? '');
      if (match[2] === ':-') return value === undefined || value === '' ? match[3] : value;
      return match[2] === '-' ? (value ?? match[3]) : value;
    }
    return this.#environment.property(variable) ?? this.property(variable)?.value;
  }
}
