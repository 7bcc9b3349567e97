// If this failed, some code could read the clock, chance, network or disk past the Host, and a simulated run would no
// longer be a matter of its seed alone.
import { expect, test } from 'vitest';
import { codeOnly, importsOf, lineOf, sources } from './sources.ts';

/** The only code of src/ that may meet the machine itself, and a text that runs in browsers. */
function mayMeetTheMachine(path: string): boolean {
  if (path === 'src/server/namenode/explorer-script.ts') return true;
  return path.startsWith('src/host/node/') || path === 'src/cli/main.ts' || path.endsWith('.node.test.ts');
}

const FORBIDDEN_GLOBALS: readonly RegExp[] = [
  /(?<![\w.$])Date\b(?!\s*[:?=])/g,
  /(?<![\w.$])performance\b(?=\s*\.)/g,
  /(?<![\w.$])(?:setTimeout|setInterval|setImmediate)\b\s*\(/g,
  /\bMath\.random\b/g,
  /(?<![\w.$#])fetch\s*\(/g,
  /\bAbortSignal\.timeout\b/g,
  /(?<![\w.$])process\s*\./g,
  /(?<![\w.$])crypto\.(?:getRandomValues|randomUUID|subtle)\b/g,
];

const FORBIDDEN_MODULES = new Set([
  'fs',
  'fs/promises',
  'net',
  'tls',
  'http',
  'https',
  'http2',
  'dns',
  'dns/promises',
  'dgram',
  'os',
  'child_process',
  'worker_threads',
  'cluster',
  'timers',
  'timers/promises',
  'perf_hooks',
  'process',
  'readline',
  'readline/promises',
]);

/** Modules of which only named, synchronous parts may be used. */
const ASYNC_PARTS: Readonly<Record<string, RegExp>> = {
  crypto: /\b(?:randomBytes|randomInt|randomUUID|randomFill|webcrypto|subtle|pbkdf2|scrypt|generateKeyPair)\b/,
  zlib: /\b(?:deflate|inflate|gzip|gunzip|deflateRaw|inflateRaw|brotliCompress|brotliDecompress|unzip)\b(?!Sync)/,
};

/** Tests may read files of the repository, such as golden ones. */
const TEST_MODULES = new Set(['fs', 'fs/promises', 'os', 'child_process']);

test('clock, chance, network and process are reached through the Host only', () => {
  const wrong: string[] = [];
  for (const source of sources(['src', 'sim'])) {
    if (mayMeetTheMachine(source.path)) continue;
    const isTest = source.path.endsWith('.test.ts');
    const code = codeOnly(source.text);
    for (const pattern of FORBIDDEN_GLOBALS) {
      for (const match of code.matchAll(pattern)) {
        if (isTest && match[0].startsWith('process')) continue;
        wrong.push(`${source.path}:${lineOf(code, match.index ?? 0)}: ${match[0].trim()}`);
      }
    }
    for (const { specifier, line, typeOnly } of importsOf(source)) {
      const module = specifier.replace(/^node:/, '');
      if (typeOnly) continue;
      if (FORBIDDEN_MODULES.has(module) && !(isTest && TEST_MODULES.has(module)))
        wrong.push(`${source.path}:${line}: ${specifier}`);
      const parts = ASYNC_PARTS[module];
      if (parts === undefined) continue;
      const statement = source.text.split('\n')[line - 1] ?? '';
      if (parts.test(statement)) wrong.push(`${source.path}:${line}: asynchronous or random part of ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('the core is synchronous', () => {
  const wrong: string[] = [];
  for (const source of sources(['src/core'])) {
    if (source.path.endsWith('.test.ts')) continue;
    const code = codeOnly(source.text);
    for (const match of code.matchAll(/(?<![\w.$])(?:async|await|Promise)\b(?!\s*[:?])/g)) {
      wrong.push(`${source.path}:${lineOf(code, match.index ?? 0)}: ${match[0]}`);
    }
  }
  expect(wrong).toEqual([]);
});
