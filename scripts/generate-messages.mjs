// Turns src/wire/schema/*.proto into src/wire/messages/*.ts: an interface, an encoder and a decoder for every message.
// Run by `npm run generate` (and by `prepare`); its output is not committed. The .proto parser is protobufjs', the
// generated code is ours: fields in number order, no reflection, no eval, every length checked before it is believed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const root = join(fileURLToPath(import.meta.url), '../..');
const schemaDir = join(root, 'src/wire/schema');
const outDir = join(root, 'src/wire/messages');

/** Wire type and reader/writer method of every scalar that the schema uses. */
const SCALARS = {
  uint64: { wire: 0, ts: 'number', method: 'Int64' },
  int64: { wire: 0, ts: 'number', method: 'Int64' },
  sint64: { wire: 0, ts: 'number', method: 'Sint64' },
  uint32: { wire: 0, ts: 'number', method: 'Uint32' },
  int32: { wire: 0, ts: 'number', method: 'Int32' },
  sint32: { wire: 0, ts: 'number', method: 'Sint32' },
  bool: { wire: 0, ts: 'boolean', method: 'Bool' },
  fixed32: { wire: 5, ts: 'number', method: 'Fixed32' },
  sfixed32: { wire: 5, ts: 'number', method: 'Sfixed32' },
  fixed64: { wire: 1, ts: 'number', method: 'Fixed64' },
  sfixed64: { wire: 1, ts: 'number', method: 'Fixed64' },
  double: { wire: 1, ts: 'number', method: 'Double' },
  string: { wire: 2, ts: 'string', method: 'String' },
  bytes: { wire: 2, ts: 'Uint8Array', method: 'Bytes' },
};
const EXACT = { uint64: 'ExactInt64', int64: 'ExactInt64', fixed64: 'ExactFixed64' };

const files = readdirSync(schemaDir)
  .filter((name) => name.endsWith('.proto'))
  .sort();
/** @type {Map<string, {file: string, node: protobuf.ReflectionObject}>} */
const owner = new Map();
const parsed = files.map((name) => {
  const file = basename(name, '.proto');
  const result = protobuf.parse(readFileSync(join(schemaDir, name), 'utf8'), { keepCase: true });
  const types = [];
  const walk = (namespace, prefix) => {
    for (const node of namespace.nestedArray) {
      const tsName = prefix + node.name;
      if (node instanceof protobuf.Type || node instanceof protobuf.Enum) types.push({ node, tsName, file });
      if (node instanceof protobuf.Type) walk(node, `${tsName}_`);
    }
  };
  walk(result.root, '');
  for (const type of types) owner.set(`${file}:${type.tsName}`, type);
  return {
    file,
    imports: (result.imports ?? []).map((path) => basename(path, '.proto')),
    types,
    services: services(result.root),
  };
});

function services(namespace) {
  return namespace.nestedArray.filter((node) => node instanceof protobuf.Service);
}

/** Finds the type a field names: in the same file, else in an imported one. Nested names are written out in full. */
function lookup(file, name) {
  const tsName = name.replaceAll('.', '_');
  for (const candidate of [file.file, ...file.imports]) {
    const found = owner.get(`${candidate}:${tsName}`);
    if (found !== undefined) return found;
  }
  throw new Error(`${file.file}.proto: unknown type ${name}`);
}

function fieldKind(file, field) {
  const scalar = SCALARS[field.type];
  if (scalar !== undefined) {
    const exact = field.options?.['(exact)'] === true;
    if (exact) return { ...scalar, ts: 'bigint', init: 'bigint', method: EXACT[field.type], scalar: true };
    return { ...scalar, init: scalar.ts, scalar: true };
  }
  const found = lookup(file, field.type);
  const isEnum = found.node instanceof protobuf.Enum;
  return {
    wire: isEnum ? 0 : 2,
    ts: found.tsName,
    init: isEnum ? found.tsName : `${found.tsName}Init`,
    method: isEnum ? 'Enum' : 'Message',
    enumNode: isEnum ? found : undefined,
    message: isEnum ? undefined : found,
    from: found,
  };
}

/** The parser's own `required` speaks of resolved schemas; this one is read as written. */
function isRequired(field) {
  return field.rule === 'required';
}

function defaultLiteral(field, kind) {
  const value = field.options?.default;
  if (value === undefined) return undefined;
  if (kind.enumNode !== undefined) {
    const number = kind.enumNode.node.values[value];
    if (number === undefined) throw new Error(`default ${value} of ${field.fullName} is not in its enum`);
    return String(number);
  }
  if (field.type === 'string') return JSON.stringify(value);
  if (kind.ts === 'bigint') return `${value}n`;
  return String(value);
}

function emitEnum({ node, tsName }) {
  const entries = Object.entries(node.values).map(([name, value]) => `  ${name}: ${value},`);
  return [
    `export const ${tsName} = {`,
    ...entries,
    `} as const;`,
    `export type ${tsName} = (typeof ${tsName})[keyof typeof ${tsName}];`,
    `/** Names of ${tsName} by number. */`,
    `export const ${tsName}Names: Readonly<Record<number, string>> = {`,
    ...Object.entries(node.values).map(([name, value]) => `  ${value}: ${JSON.stringify(name)},`),
    `};`,
    `function is${tsName}(value: number): value is ${tsName} {`,
    `  return ${[...new Set(Object.values(node.values))].map((value) => `value === ${value}`).join(' || ') || 'false'};`,
    `}`,
  ];
}

function emitMessage(file, { node, tsName }) {
  const fields = [...node.fieldsArray]
    .sort((a, b) => a.id - b.id)
    .map((field) => {
      const kind = fieldKind(file, field);
      const fallback = defaultLiteral(field, kind);
      return { field, kind, fallback, name: field.name, packed: field.options?.packed === true };
    });
  const lines = [];
  lines.push(`export interface ${tsName} {`);
  for (const { field, kind, fallback, name } of fields) {
    const type = field.repeated
      ? `readonly ${kind.ts}[]`
      : isRequired(field) || fallback !== undefined
        ? kind.ts
        : `${kind.ts} | undefined`;
    lines.push(`  readonly ${name}: ${type};`);
  }
  lines.push(
    `}`,
    `/** What the encoder of ${tsName} takes: everything that is not required may be left out. */`,
    `export interface ${tsName}Init {`,
  );
  for (const { field, kind, name } of fields) {
    const type = field.repeated ? `readonly ${kind.init}[]` : kind.init;
    lines.push(`  readonly ${name}${isRequired(field) ? '' : '?'}: ${type}${isRequired(field) ? '' : ' | undefined'};`);
  }
  lines.push(`}`);
  // Encoder.
  lines.push(
    `function write${tsName}(${fields.length === 0 ? '_m' : 'm'}: ${tsName}Init, ${fields.length === 0 ? '_w' : 'w'}: ProtoWriter): void {`,
  );
  for (const { field, kind, name, packed } of fields) {
    const tag = ((field.id << 3) | (packed ? 2 : kind.wire)) >>> 0;
    const put = (value, indent) =>
      kind.message !== undefined
        ? [`${indent}const at = w.begin(${tag});`, `${indent}write${kind.ts}(${value}, w);`, `${indent}w.finish(at);`]
        : [`${indent}w.tag(${tag}).put${kind.method === 'Enum' ? 'Int32' : kind.method}(${value});`];
    const raw = (value) => `w.put${kind.method === 'Enum' ? 'Int32' : kind.method}(${value});`;
    if (field.repeated && packed) {
      lines.push(
        `  if (m.${name} !== undefined && m.${name}.length > 0) {`,
        `    const at = w.begin(${tag});`,
        `    for (const value of m.${name}) ${raw('value')}`,
        `    w.finish(at);`,
        `  }`,
      );
    } else if (field.repeated) {
      lines.push(
        `  if (m.${name} !== undefined) {`,
        `    for (const value of m.${name}) {`,
        ...put('value', '      '),
        `    }`,
        `  }`,
      );
    } else if (isRequired(field)) {
      lines.push(`  {`, ...put(`m.${name}`, '    '), `  }`);
    } else {
      lines.push(`  if (m.${name} !== undefined) {`, ...put(`m.${name}`, '    '), `  }`);
    }
  }
  lines.push(`}`);
  // Decoder.
  lines.push(`function read${tsName}(r: ProtoReader, end: number): ${tsName} {`);
  const required = fields.filter(({ field }) => isRequired(field));
  for (const { field, kind, fallback, name } of fields) {
    if (field.repeated) lines.push(`  const v_${name}: ${kind.ts}[] = [];`);
    else lines.push(`  let v_${name}: ${kind.ts} | undefined${fallback === undefined ? '' : ` = ${fallback}`};`);
  }
  lines.push(`  while (r.position < end) {`, `    const tag = r.tag();`, `    switch (tag) {`);
  for (const { field, kind, name } of fields) {
    const tag = ((field.id << 3) | kind.wire) >>> 0;
    const get =
      kind.message !== undefined
        ? `r.message(read${kind.ts}, end)`
        : kind.wire === 2
          ? `r.get${kind.method}(end)`
          : kind.enumNode !== undefined
            ? `r.getInt32()`
            : `r.get${kind.method}()`;
    lines.push(`      case ${tag}:${kind.enumNode !== undefined ? ' {' : ''}`);
    if (kind.enumNode !== undefined) {
      // proto2: a value the schema does not know counts as an unknown field.
      lines.push(
        ...(field.repeated ? [`        r.countRepeated();`] : []),
        `        const value = ${get};`,
        `        if (is${kind.ts}(value)) ${field.repeated ? `v_${name}.push(value)` : `v_${name} = value`};`,
        `        break;`,
        `      }`,
      );
    } else if (field.repeated) lines.push(`        r.countRepeated();`, `        v_${name}.push(${get});`, `        break;`);
    else lines.push(`        v_${name} = ${get};`, `        break;`);
    if (field.repeated && kind.wire !== 2) {
      // A repeated number may come packed or one by one, whatever the schema says.
      const packedTag = ((field.id << 3) | 2) >>> 0;
      lines.push(
        `      case ${packedTag}: {`,
        `        const stop = r.lengthEnd(end);`,
        `        while (r.position < stop) {`,
        `          r.countRepeated();`,
      );
      if (kind.enumNode !== undefined)
        lines.push(`          const value = r.getInt32();`, `          if (is${kind.ts}(value)) v_${name}.push(value);`);
      else lines.push(`          v_${name}.push(r.get${kind.method}());`);
      lines.push(`        }`, `        r.expectPosition(stop);`, `        break;`, `      }`);
    }
  }
  lines.push(`      default:`, `        r.skip(tag, end);`, `    }`, `  }`, `  r.expectPosition(end);`);
  for (const { name } of required) lines.push(`  if (v_${name} === undefined) r.missing('${tsName}', '${name}');`);
  lines.push(`  return { ${fields.map(({ name }) => `${name}: v_${name}`).join(', ')} };`, `}`);
  lines.push(
    `export const ${tsName}: MessageType<${tsName}, ${tsName}Init> = /* @__PURE__ */ messageType('${tsName}', write${tsName}, read${tsName});`,
  );
  return lines;
}

function emitService(file, service) {
  const lines = [
    `/** Methods of ${service.name}, with the types of their requests and answers. */`,
    `export const ${service.name} = {`,
  ];
  for (const method of service.methodsArray) {
    lines.push(
      `  ${method.name}: { request: ${lookup(file, method.requestType).tsName}, response: ${lookup(file, method.responseType).tsName} },`,
    );
  }
  lines.push(`} as const;`);
  return lines;
}

mkdirSync(outDir, { recursive: true });
for (const name of readdirSync(outDir)) {
  if (!parsed.some(({ file }) => name === `${file}.ts`)) rmSync(join(outDir, name), { recursive: true });
}
for (const file of parsed) {
  /** @type {Map<string, Set<string>>} */
  const imports = new Map();
  const need = (found, names) => {
    if (found.file === file.file) return;
    const set = imports.get(found.file) ?? new Set();
    for (const name of names) set.add(name);
    imports.set(found.file, set);
  };
  const body = [];
  for (const type of file.types) {
    body.push('', ...(type.node instanceof protobuf.Enum ? emitEnum(type) : emitMessage(file, type)));
    if (!(type.node instanceof protobuf.Type)) continue;
    for (const field of type.node.fieldsArray) {
      const kind = fieldKind(file, field);
      if (kind.from === undefined) continue;
      if (kind.message !== undefined)
        need(kind.from, [`type ${kind.ts}`, `type ${kind.ts}Init`, `read${kind.ts}`, `write${kind.ts}`]);
      else need(kind.from, [`type ${kind.ts}`, `is${kind.ts}`]);
    }
  }
  for (const service of file.services) {
    body.push('', ...emitService(file, service));
    for (const method of service.methodsArray) {
      for (const name of [method.requestType, method.responseType]) {
        const found = lookup(file, name);
        need(found, [found.tsName]);
        imports.get(found.file)?.delete(`type ${found.tsName}`);
      }
    }
  }
  const text = [
    `// Generated by scripts/generate-messages.mjs from src/wire/schema/${file.file}.proto. Do not edit.`,
    `import { type MessageType, messageType } from '../protobuf/message.ts';`,
    `import type { ProtoReader } from '../protobuf/reader.ts';`,
    `import type { ProtoWriter } from '../protobuf/writer.ts';`,
    ...[...imports].sort().map(([from, names]) => `import { ${[...names].sort().join(', ')} } from './${from}.ts';`),
    // Other generated files call these directly, which keeps nested decoding free of indirection.
    ...body.map((line) => line.replace(/^function /, 'export function ')),
    '',
  ].join('\n');
  // Left alone where it is the same, so that whoever reads it meanwhile finds it, and whoever watches sees no change.
  const target = join(outDir, `${file.file}.ts`);
  if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
}
