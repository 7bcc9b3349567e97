// Makes protobuf messages that are nearly right: the schema decides the fields, a table of plausible values fills most of
// them, and now and then a field is missing, doubled, of another wire type, a number of the ends of its range, a string
// that no name should be, or a length that lies.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import type { Chance } from './seeds.ts';

const SCHEMA = join(fileURLToPath(import.meta.url), '../../../../src/wire/schema');

interface SchemaFile {
  readonly imports: readonly string[];
  readonly types: ReadonlyMap<string, protobuf.Type | protobuf.Enum>;
}

const files = new Map<string, SchemaFile>();
for (const name of readdirSync(SCHEMA)) {
  const { root, imports } = protobuf.parse(readFileSync(join(SCHEMA, name), 'utf8'), { keepCase: true });
  const types = new Map<string, protobuf.Type | protobuf.Enum>();
  const walk = (namespace: protobuf.NamespaceBase, prefix: string): void => {
    for (const node of namespace.nestedArray) {
      if (node instanceof protobuf.Type || node instanceof protobuf.Enum) types.set(prefix + node.name, node);
      if (node instanceof protobuf.Type) walk(node, `${prefix}${node.name}_`);
    }
  };
  walk(root, '');
  files.set(basename(name, '.proto'), { imports: (imports ?? []).map((path) => basename(path, '.proto')), types });
}

function lookUp(
  file: string,
  name: string,
  from = '',
): { readonly file: string; readonly node: protobuf.Type | protobuf.Enum } {
  const plain = name.replaceAll('.', '_');
  const here = files.get(file);
  for (const candidate of [`${from}_${plain}`, plain]) {
    const own = here?.types.get(candidate);
    if (own !== undefined) return { file, node: own };
  }
  for (const imported of here?.imports ?? []) {
    const node = files.get(imported)?.types.get(plain);
    if (node !== undefined) return { file: imported, node };
  }
  throw new Error(`${file}.proto knows no ${name}`);
}

export type Value = string | bigint | Uint8Array;
/** Values that make a field work, by its name (and its message's, as `Message.field`). */
export type Plausible = Readonly<Record<string, () => Value>>;

export const HOSTILE_NUMBERS: readonly bigint[] = [
  0n,
  1n,
  2n,
  -1n,
  -2n,
  127n,
  128n,
  32767n,
  32768n,
  65535n,
  65536n,
  65537n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 48n,
  2n ** 53n - 1n,
  2n ** 53n + 1n,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  -(2n ** 63n) + 1n,
];

const long = (text: string, count: number): string => text.repeat(count);

export const HOSTILE_STRINGS: readonly (string | Uint8Array)[] = [
  '',
  '/',
  '.',
  '..',
  'relative/path',
  '/..',
  '/a/../..',
  '/./.',
  '//',
  '/nul\0byte',
  '/.snapshot',
  '/a/.snapshot/s0',
  '/.reserved',
  '/.reserved/.inodes',
  '/.reserved/.inodes/16385',
  '/.reserved/.inodes/16386/..',
  '/.reserved/.inodes/99999999999999999999',
  '/.reserved/.inodes/-1/x',
  '/.reserved/raw',
  '/.reserved/raw/a',
  '/.reserved/raw/.reserved/raw/a',
  '/__proto__',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '/a:b',
  '/ünïcödé/\u{1f418}',
  '/\u202egnp.exe',
  `/${long('a', 255)}`,
  `/${long('a', 256)}`,
  `/${long('\u{1f418}', 64)}`,
  long('/d', 1001),
  long('/x', 4100),
  `/${long('y', 8001)}`,
  long('/', 70_000),
  `${long('/', 70_000)}a`,
  long('z', 70_000),
  long('é', 40_000),
  // Not UTF-8: a lone surrogate, an overlong slash, a cut sequence.
  Buffer.from([0x2f, 0xed, 0xa0, 0x80]),
  Buffer.from([0x2f, 0x61, 0xc0, 0xaf, 0x62]),
  Buffer.from([0x2f, 0xf0, 0x9f]),
  Buffer.from([0xff, 0xfe]),
  'line\nbreak\r\n\u001b[31m',
  '${jndi:ldap://x}',
  '%00%2e%2e%2f',
];

const WIRE: Readonly<Record<string, number>> = {
  fixed32: 5,
  sfixed32: 5,
  float: 5,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
  string: 2,
  bytes: 2,
};

export function varint(value: bigint, padTo = 1): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 0x7fn));
    rest >>= 7n;
  } while (rest > 0n);
  while (bytes.length < padTo) bytes.push(0);
  return Buffer.from(bytes.map((byte, index) => (index < bytes.length - 1 ? byte | 0x80 : byte)));
}

export function delimited(bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt(bytes.length)), bytes]);
}

export interface HostileOptions {
  readonly plausible: Plausible;
  /** How often a field gets a hostile value instead of a plausible one. */
  readonly hostility: number;
}

const MAX_DEPTH = 6;

export class HostileMessages {
  private readonly chance: Chance;
  private readonly options: HostileOptions;

  constructor(chance: Chance, options: HostileOptions) {
    this.chance = chance;
    this.options = options;
  }

  /** A message of this name in `schema`.proto. */
  message(schema: string, name: string, hostility = this.options.hostility): Buffer {
    const { file, node } = lookUp(schema, name);
    if (!(node instanceof protobuf.Type)) throw new Error(`${name} is no message`);
    return this.write(file, name, node, hostility, 0);
  }

  private write(file: string, name: string, type: protobuf.Type, hostility: number, depth: number): Buffer {
    const { chance } = this;
    const parts: Buffer[] = [];
    for (const field of type.fieldsArray) {
      const count = this.count(field, hostility, depth);
      // Many are all alike: making them would take longer than reading them.
      const many = count > 3 ? this.field(file, name, field, 0, depth) : undefined;
      for (let i = count; i > 0; i--) parts.push(many ?? this.field(file, name, field, hostility, depth));
    }
    if (chance.happens(hostility / 20)) parts.push(varint(BigInt(8 * (1 + chance.below(100)) + chance.below(8))));
    if (chance.happens(hostility / 20)) parts.reverse();
    return Buffer.concat(parts);
  }

  private count(field: protobuf.Field, hostility: number, depth: number): number {
    const { chance } = this;
    if (chance.happens(hostility / 30)) return 0;
    // The parser's own `required` speaks of resolved schemas; this one is read as written.
    const required = (field as { readonly rule?: string }).rule === 'required';
    if (depth > MAX_DEPTH && !required) return 0;
    if (field.repeated) {
      if (depth === 0 && chance.happens(hostility / 20)) return 2000;
      return chance.of([0, 1, 1, 1, 2, 3]);
    }
    if (required) return chance.happens(hostility / 40) ? 2 : 1;
    return chance.happens(0.6) ? 1 : 0;
  }

  private field(file: string, message: string, field: protobuf.Field, hostility: number, depth: number): Buffer {
    const { chance } = this;
    const tag = (wire: number): Buffer => varint(BigInt(field.id * 8 + wire));
    if (chance.happens(hostility / 40)) {
      // Another wire type than the schema's.
      const wire = chance.below(8);
      return Buffer.concat([tag(wire), wire === 2 ? delimited(chance.bytes(chance.below(20))) : chance.bytes(8)]);
    }
    const value = this.value(file, message, field, hostility, depth);
    if (typeof value === 'bigint') {
      const wire = WIRE[field.type] ?? 0;
      if (wire === 5) {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32LE(Number(BigInt.asUintN(32, value)));
        return Buffer.concat([tag(5), bytes]);
      }
      if (wire === 1) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
        return Buffer.concat([tag(1), bytes]);
      }
      const number = varint(value, chance.happens(hostility / 40) ? chance.of([5, 10, 11, 200]) : 1);
      if (field.repeated && chance.happens(0.5)) return Buffer.concat([tag(2), delimited(number)]);
      return Buffer.concat([tag(0), number]);
    }
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    if (chance.happens(hostility / 100)) {
      const lie = chance.of([0n, BigInt(bytes.length) + 1n, 2n ** 20n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 63n]);
      return Buffer.concat([tag(2), varint(lie), bytes]);
    }
    return Buffer.concat([tag(2), delimited(bytes)]);
  }

  private value(file: string, message: string, field: protobuf.Field, hostility: number, depth: number): Value {
    const { chance } = this;
    const { plausible } = this.options;
    const hostile = chance.happens(hostility);
    const known = plausible[`${message}.${field.name}`] ?? plausible[field.name];
    if (!hostile && known !== undefined) return known();
    const scalar = field.type;
    switch (scalar) {
      case 'bool':
        return BigInt(chance.below(2));
      case 'string':
        if (hostile) return chance.of(HOSTILE_STRINGS);
        return chance.of(['a', '/a', 'x1', '']);
      case 'bytes':
        return hostile ? chance.bytes(chance.of([0, 1, 15, 17, 64, 65, 300])) : chance.bytes(chance.of([0, 4, 16]));
      case 'uint64':
      case 'int64':
      case 'sint64':
      case 'uint32':
      case 'int32':
      case 'sint32':
      case 'fixed32':
      case 'sfixed32':
      case 'fixed64':
      case 'sfixed64':
      case 'double':
      case 'float':
        return hostile ? chance.of([...HOSTILE_NUMBERS, chance.long()]) : BigInt(chance.below(1000));
      default: {
        const found = lookUp(file, scalar, message);
        if (found.node instanceof protobuf.Enum) {
          const values = Object.values(found.node.values);
          return hostile ? chance.of(HOSTILE_NUMBERS) : BigInt(chance.of(values));
        }
        if (hostile && chance.happens(0.05)) return nested(field.id, 200);
        if (hostile && chance.happens(0.05)) return chance.bytes(chance.below(40));
        return this.write(found.file, scalar.replaceAll('.', '_'), found.node, hostility, depth + 1);
      }
    }
  }
}

/** A field of messages within messages, `depth` deep. */
function nested(id: number, depth: number): Buffer {
  let bytes: Buffer = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) bytes = Buffer.concat([varint(BigInt(id * 8 + 2)), delimited(bytes)]);
  return bytes;
}
