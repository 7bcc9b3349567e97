// JSON in the layout of Hadoop's servlets (Jackson's default pretty printer): one attribute to a line, arrays on the line
// of their key. Monitoring scripts read /jmx line by line, so the layout is part of the interface.

import { javaDouble } from '../base/java-number.ts';

export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };

/** A number that Java would hold as a float or double, and so prints with a point: 0.0. */
export class JavaDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export type JmxValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | JavaDouble
  | readonly JmxValue[]
  | { readonly [name: string]: JmxValue | undefined };

type Attributes = Readonly<Record<string, JmxValue | undefined>>;

/** All of them in one object, made as a table from the begin: spreading hundreds of names takes twenty times as long. */
export function merged(parts: Iterable<Attributes>): Attributes {
  const all = Object.create(null) as Record<string, JmxValue | undefined>;
  for (const part of parts) for (const name of Object.keys(part)) all[name] = part[name];
  return all;
}

const MAX_DEPTH = 64;

export function formatJson(value: JmxValue | JsonValue, indent = ''): string {
  if (indent.length > 2 * MAX_DEPTH) return '"…"';
  if (value === null) return 'null';
  if (value instanceof JavaDouble) return formatDouble(value.value);
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object': {
      if (Array.isArray(value)) {
        const items = (value as readonly JmxValue[]).map((item) => formatJson(item, indent));
        return items.length === 0 ? '[ ]' : `[ ${items.join(', ')} ]`;
      }
      const inner = `${indent}  `;
      const lines: string[] = [];
      for (const [name, field] of Object.entries(value as Readonly<Record<string, JmxValue | undefined>>)) {
        if (field !== undefined) lines.push(`${inner}${JSON.stringify(name)} : ${formatJson(field, inner)}`);
      }
      return lines.length === 0 ? '{ }' : `{\n${lines.join(',\n')}\n${indent}}`;
    }
  }
}

/** As Java writes it; what is no number in JSON is a text. */
export function formatDouble(value: number): string {
  const text = javaDouble(value);
  return Number.isFinite(value) ? text : JSON.stringify(text);
}
