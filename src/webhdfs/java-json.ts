// JSON as Hadoop's WebHDFS writes it: Jackson's compact form, with the fields of a map in the order in which Java's maps
// give them. A TreeMap sorts its keys; a HashMap goes by their hashes, which clients never rely on and byte comparisons do.
import { inHashOrder } from '../base/java-hash-map.ts';
import { formatDouble, JavaDouble } from '../web/json.ts';

export type Json = string | number | bigint | boolean | null | JavaDouble | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JavaDouble);

/**
 * JSON.stringify writes control characters with small hexadecimal digits, Jackson with capitals. Escapes are gone through one
 * after the other: what looks like one behind an escaped backslash is a part of the text.
 */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/\\(?:u00[0-9a-f]{2}|.)/g, (found) =>
    found.length > 2 ? `\\u${found.slice(2).toUpperCase()}` : found,
  );
}

/** The text of a value; fields in the order they stand, undefined ones left out. */
export function writeJson(value: Json): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default: {
      if (value instanceof JavaDouble) return formatDouble(value.value);
      if (!isObject(value)) return `[${(value as readonly Json[]).map(writeJson).join(',')}]`;
      const fields: string[] = [];
      for (const name of Object.keys(value)) {
        const field = value[name];
        if (field !== undefined) fields.push(`${quoted(name)}:${writeJson(field)}`);
      }
      return `{${fields.join(',')}}`;
    }
  }
}

function reordered(fields: JsonObject, names: readonly string[]): JsonObject {
  // No prototype: a field may have any name.
  const sorted: Record<string, Json | undefined> = Object.create(null) as Record<string, Json | undefined>;
  for (const name of names) sorted[name] = fields[name];
  return sorted;
}

/** Fields as a TreeMap holds them: by UTF-16 units. */
export function treeMap(fields: JsonObject): JsonObject {
  return reordered(fields, Object.keys(fields).sort());
}

/** Fields as a HashMap holds them. */
export function hashMap(fields: JsonObject): JsonObject {
  return reordered(fields, inHashOrder(Object.keys(fields)));
}

/** An object of one field, as most answers are. */
export const wrapped = (name: string, value: Json): string => writeJson({ [name]: value });
