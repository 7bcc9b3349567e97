// Our schema of Hadoop's messages beside the descriptors inside Hadoop's own jars. If this fails, some field that we write
// is read as another one by Hadoop, or the other way round.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { beforeAll, expect, test } from 'vitest';
import { describeWithApache, ROOT, run } from './apache.ts';
import { jarDirectory, javaWords } from './support/java.ts';

interface FieldFacts {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly packed: boolean;
  readonly default?: string;
}

interface Facts {
  readonly messages: Readonly<Record<string, Readonly<Record<string, FieldFacts>>>>;
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly services: Readonly<Record<string, Readonly<Record<string, readonly [string, string]>>>>;
}

const SCHEMA = join(ROOT, 'src/wire/schema');
const last = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** `hadoop.hdfs.DatanodeInfoProto.AdminState` as `DatanodeInfoProto.AdminState`: packages begin with a small letter. */
const local = (fullName: string): string =>
  fullName
    .split('.')
    .filter((part) => /^[A-Z]/.test(part))
    .join('.');

interface Ours {
  readonly messages: readonly { readonly name: string; readonly type: protobuf.Type }[];
  readonly enums: readonly { readonly name: string; readonly type: protobuf.Enum }[];
  readonly services: readonly protobuf.Service[];
}

function ours(): Ours {
  const messages: { name: string; type: protobuf.Type }[] = [];
  const enums: { name: string; type: protobuf.Enum }[] = [];
  const services: protobuf.Service[] = [];
  const walk = (nodes: readonly protobuf.ReflectionObject[], prefix: string): void => {
    for (const node of nodes) {
      const name = `${prefix}${node.name}`;
      if (node instanceof protobuf.Service) services.push(node);
      else if (node instanceof protobuf.Enum) enums.push({ name, type: node });
      else if (node instanceof protobuf.Type) {
        messages.push({ name, type: node });
        walk(node.nestedArray, `${name}.`);
      }
    }
  };
  for (const file of readdirSync(SCHEMA).filter((name) => name.endsWith('.proto'))) {
    // Each file with what it imports in a root of its own: some names stand in two of Hadoop's packages.
    const root = new protobuf.Root();
    const parsed = new Set<string>();
    const pending = [file];
    let own: readonly protobuf.ReflectionObject[] = [];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (parsed.has(next)) continue;
      parsed.add(next);
      const { imports } = protobuf.parse(readFileSync(join(SCHEMA, next), 'utf8'), root, { keepCase: true });
      if (next === file) own = [...root.nestedArray];
      pending.push(...(imports ?? []));
    }
    // Labels are known only once everything is resolved.
    root.resolveAll();
    walk(own, '');
  }
  return { messages, enums, services };
}

/** What is different about one of our fields; undefined when nothing is. */
function fieldDifference(field: protobuf.Field, theirs: FieldFacts | undefined): string | undefined {
  if (theirs === undefined) return `field ${field.id} ${field.name}: Hadoop has none of this number`;
  const label = field.required ? 'required' : field.repeated ? 'repeated' : 'optional';
  const wrong: string[] = [];
  if (field.name !== theirs.name) wrong.push(`is named ${theirs.name}`);
  if (label !== theirs.label) wrong.push(`is ${theirs.label}, not ${label}`);
  if (last(field.type) !== last(theirs.type)) wrong.push(`is of type ${theirs.type}, not ${field.type}`);
  if ((field.options?.packed === true) !== theirs.packed) wrong.push(`packed is ${theirs.packed}`);
  const value: unknown = field.options?.default;
  const shown = value === undefined ? undefined : String(value);
  if (shown !== theirs.default && !(theirs.type === 'float' && Number(shown) === Number(theirs.default))) {
    wrong.push(`has default ${theirs.default}, not ${shown}`);
  }
  return wrong.length === 0 ? undefined : `field ${field.id} ${field.name}: ${wrong.join(', ')}`;
}

function differences(type: protobuf.Type, theirs: Readonly<Record<string, FieldFacts>>): readonly string[] {
  const wrong = type.fieldsArray.map((field) => fieldDifference(field, theirs[String(field.id)]));
  const known = new Set(type.fieldsArray.map((field) => String(field.id)));
  // A required field that we leave out makes our bytes unreadable.
  const missing = Object.entries(theirs).filter(([id, { label }]) => label === 'required' && !known.has(id));
  return [
    ...wrong.filter((text) => text !== undefined),
    ...missing.map(([id, { name }]) => `required field ${id} ${name} is missing`),
  ];
}

describeWithApache('the schema beside Hadoop’s descriptors', () => {
  const own = ours();
  let hadoop: Facts;

  beforeAll(async () => {
    const directory = jarDirectory();
    const jars = readdirSync(directory).filter((name) => /^hadoop-(?:common|hdfs|hdfs-client)-[\d.]+\.jar$/.test(name));
    const path = jars.map((name) => join(directory, name)).join(':');
    const { code, stdout, stderr } = await run('java', javaWords('Descriptors.java', { options: [`-Dhadoop.jars=${path}`] }));
    if (code !== 0) throw new Error(stderr);
    hadoop = JSON.parse(stdout) as Facts;
  });

  test('every message and field is Hadoop’s', () => {
    const wrong: string[] = [];
    for (const { name, type } of own.messages) {
      const candidates = Object.keys(hadoop.messages).filter((full) => local(full) === name);
      if (candidates.length === 0) {
        wrong.push(`${name}: Hadoop has no such message`);
        continue;
      }
      // Some names stand in two packages; ours has to be one of them.
      const results = candidates.map((full) => differences(type, hadoop.messages[full] ?? {}));
      if (results.some((result) => result.length === 0)) continue;
      wrong.push(...(results[0] ?? []).map((text) => `${name}: ${text}`));
    }
    expect(wrong).toEqual([]);
    expect(own.messages.length).toBeGreaterThan(400);
  });

  test('every enum value is Hadoop’s', () => {
    const wrong: string[] = [];
    for (const { name, type } of own.enums) {
      const candidates = Object.keys(hadoop.enums).filter((full) => local(full) === name);
      const matches = candidates.some((full) =>
        Object.entries(type.values).every(([value, number]) => hadoop.enums[full]?.[value] === number),
      );
      if (!matches)
        wrong.push(
          `${name}: ${JSON.stringify(type.values)} is not ${candidates.map((full) => JSON.stringify(hadoop.enums[full]))}`,
        );
    }
    expect(wrong).toEqual([]);
  });

  test('every service has Hadoop’s methods, with their messages', () => {
    const wrong: string[] = [];
    for (const service of own.services) {
      const full = Object.keys(hadoop.services).find((name) => last(name) === service.name);
      const theirs = full === undefined ? undefined : hadoop.services[full];
      if (theirs === undefined) {
        wrong.push(`${service.name}: Hadoop has no such service`);
        continue;
      }
      for (const method of service.methodsArray) {
        const [request = '', response = ''] = theirs[method.name] ?? [];
        if (last(request) !== last(method.requestType) || last(response) !== last(method.responseType)) {
          wrong.push(`${service.name}.${method.name}: Hadoop has ${request} and ${response}`);
        }
      }
      for (const name of Object.keys(theirs)) {
        if (!service.methodsArray.some((method) => method.name === name)) wrong.push(`${service.name}.${name} is missing`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
