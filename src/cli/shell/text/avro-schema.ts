// An Avro schema, as the file carries it in JSON: its names resolved, and no more of it than what a value's JSON needs.
import { broken } from '../../../format/codec/byte-source.ts';

export type AvroType =
  | { readonly kind: Primitive }
  | { readonly kind: 'record'; readonly name: string; readonly fields: readonly AvroField[] }
  | { readonly kind: 'enum'; readonly name: string; readonly symbols: readonly string[] }
  | { readonly kind: 'fixed'; readonly name: string; readonly size: number }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType; readonly javaKeys: boolean }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] };

export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
}

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
type Primitive = (typeof PRIMITIVES)[number];

type Json = Readonly<Record<string, unknown>>;

export function parseAvroSchema(text: string): AvroType {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw broken(`The schema is no JSON: ${String(error)}`);
  }
  return typeOf(json, '', new Map());
}

/** How a union names a branch. */
export const branchName = (type: AvroType): string => ('name' in type ? type.name : type.kind);

function typeOf(json: unknown, namespace: string, named: Map<string, AvroType>): AvroType {
  if (typeof json === 'string') return typeOfName(json, namespace, named);
  if (Array.isArray(json)) return { kind: 'union', branches: json.map((branch) => typeOf(branch, namespace, named)) };
  if (typeof json !== 'object' || json === null) throw broken(`No type: ${JSON.stringify(json)}`);
  const schema = json as Json;
  const { type } = schema;
  switch (type) {
    case 'record':
    case 'error': {
      const name = fullName(schema, namespace);
      const fields: AvroField[] = [];
      const record: AvroType = { kind: 'record', name, fields };
      // Known before its fields are: they may name it.
      named.set(name, record);
      const within = name.slice(0, Math.max(0, name.lastIndexOf('.')));
      for (const field of list(schema.fields) as Json[]) {
        fields.push({ name: String(field.name), type: typeOf(field.type, within, named) });
      }
      return record;
    }
    case 'enum': {
      const name = fullName(schema, namespace);
      return remember(named, name, { kind: 'enum', name, symbols: list(schema.symbols).map(String) });
    }
    case 'fixed': {
      const name = fullName(schema, namespace);
      return remember(named, name, { kind: 'fixed', name, size: Number(schema.size) });
    }
    case 'array':
      return { kind: 'array', items: typeOf(schema.items, namespace, named) };
    case 'map':
      return {
        kind: 'map',
        values: typeOf(schema.values, namespace, named),
        javaKeys: schema['avro.java.string'] === 'String',
      };
    default:
      return typeOf(type, namespace, named);
  }
}

function typeOfName(name: string, namespace: string, named: ReadonlyMap<string, AvroType>): AvroType {
  const primitive = PRIMITIVES.find((each) => each === name);
  if (primitive !== undefined) return { kind: primitive };
  const found = named.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`) ?? named.get(name);
  if (found === undefined) throw broken(`"${name}" is not a defined name`);
  return found;
}

function remember(named: Map<string, AvroType>, name: string, type: AvroType): AvroType {
  named.set(name, type);
  return type;
}

function fullName(schema: Json, enclosing: string): string {
  const name = String(schema.name);
  if (name.includes('.')) return name;
  const namespace = typeof schema.namespace === 'string' ? schema.namespace : enclosing;
  return namespace === '' ? name : `${namespace}.${name}`;
}

const list = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw broken('A list is missing in the schema');
  return value;
};
