// If this failed, the layers would have grown together: the pure core could reach sockets, or a client the server.
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, sources } from './sources.ts';

/**
 * What each layer of src/ may import besides itself. Longest prefix wins. `config` and `web` may see the interfaces of
 * the host, because a configuration is read from a disk and a page is served over HTTP; `format` knows the wire, because
 * the image is protobuf. `wire/tables` is data about both; servers read from it why a method is refused.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  core: ['base'],
  wire: ['base'],
  'wire/tables': ['base', 'wire'],
  format: ['base', 'core', 'wire'],
  host: ['base'],
  'host/node': ['base', 'host'],
  'host/sim': ['base', 'host'],
  config: ['base', 'host'],
  security: ['base', 'host', 'config'],
  web: ['base', 'host', 'config'],
  rpc: ['base', 'core', 'wire', 'host'],
  transfer: ['base', 'core', 'wire', 'host'],
  client: ['base', 'core', 'wire', 'host', 'rpc', 'transfer', 'config'],
  webhdfs: ['base', 'wire', 'wire/tables', 'host', 'rpc', 'client', 'config', 'web'],
  server: [
    'base',
    'core',
    'wire',
    'wire/tables',
    'host',
    'rpc',
    'transfer',
    'client',
    'config',
    'security',
    'web',
    'webhdfs',
    'format',
  ],
  launch: ['base', 'core', 'wire', 'wire/tables', 'host', 'rpc', 'transfer', 'client', 'config', 'web', 'format', 'server'],
  cli: ['base', 'host', 'config', 'client', 'launch', 'format'],
};

/** Files that stand outside the table, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // The bundles' entry: the one place of the program that picks the real host.
  'src/cli/main.ts': ['host/node'],
  // The library's entry does the same for programs that give no host.
  'src/client/index.ts': ['host/node'],
};

/** Deepest entry of the table that a path of src/ lies in. */
function layerOf(path: string): string | undefined {
  const parts = path.replace(/^src\//, '').split('/');
  for (let length = parts.length - 1; length > 0; length--) {
    const prefix = parts.slice(0, length).join('/');
    if (Object.hasOwn(LAYERS, prefix)) return prefix;
  }
  return undefined;
}

const isTest = (path: string) => /\.test\.ts$|\/testing\/|\.testing\.ts$|test-[^/]*\.ts$/.test(path);

test('imports follow the table of layers', () => {
  const wrong: string[] = [];
  for (const source of sources(['src'])) {
    const layer = layerOf(source.path);
    if (layer === undefined) {
      wrong.push(`${source.path}: lies in no layer`);
      continue;
    }
    if (isTest(source.path)) continue;
    const allowed = new Set([layer, ...(LAYERS[layer] ?? []), ...(EXCEPTIONS[source.path] ?? [])]);
    for (const { specifier, line } of importsOf(source)) {
      if (!specifier.startsWith('.')) continue;
      const target = posix.join(posix.dirname(source.path), specifier);
      const from = layerOf(target);
      if (!target.startsWith('src/') || from === undefined) wrong.push(`${source.path}:${line}: ${specifier} leaves src`);
      else if (!allowed.has(from)) wrong.push(`${source.path}:${line}: ${layer} imports ${from} (${specifier})`);
      else if (layer === 'server' && from === 'server') {
        const [, , mine] = source.path.split('/');
        const [, , theirs] = target.split('/');
        // The secondary NameNode works on a NameNode's files.
        const merges = mine === 'secondary' && theirs === 'namenode';
        if (mine !== theirs && !merges) wrong.push(`${source.path}:${line}: server/${mine} imports server/${theirs}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('relative imports name the file with its ending', () => {
  const wrong: string[] = [];
  for (const source of sources(['src', 'test', 'sim'], /\.ts$/)) {
    for (const { specifier, line } of importsOf(source)) {
      if (specifier.startsWith('.') && !/\.(ts|json)$/.test(specifier)) wrong.push(`${source.path}:${line}: ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('the real host is used in tests only where the file name says so', () => {
  const wrong: string[] = [];
  for (const source of sources(['src', 'sim'], /\.test\.ts$/)) {
    if (source.path.startsWith('src/host/node/') || source.path.endsWith('.node.test.ts')) continue;
    for (const { specifier, line } of importsOf(source)) {
      if (specifier.includes('host/node')) wrong.push(`${source.path}:${line}: ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});
