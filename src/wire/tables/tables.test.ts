// If this failed, something that Hadoop has would be neither built nor refused with a reason: a client would meet silence.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { EDIT_OPS } from './edits.ts';
import type { EntryTable } from './entry.ts';
import { refusedMethods, SERVICES, type ServiceEntry } from './services.ts';
import { TRANSFER_OPS } from './transfer.ts';
import { WEBHDFS_OPS_BY_METHOD } from './webhdfs.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const hadoop = JSON.parse(readFileSync(`${root}/test/golden/hadoop-3.5.0-services.json`, 'utf8')) as {
  readonly services: Readonly<Record<string, readonly string[]>>;
  readonly dataTransferOps: Readonly<Record<string, number>>;
  readonly editLogOpCodes: Readonly<Record<string, number>>;
  readonly webhdfs: Readonly<Record<string, readonly string[]>>;
};

test('every method of every service stands in the table, and no other', () => {
  const ours = Object.entries<ServiceEntry>(SERVICES).map(([name, { methods }]) => [name, Object.keys(methods).sort()]);
  const theirs = Object.entries(hadoop.services).map(([name, methods]) => [name, [...methods].sort()]);
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs));
});

test('every edit operation, transfer operation and WebHDFS operation stands in its table', () => {
  expect(Object.keys(EDIT_OPS).sort()).toEqual(Object.keys(hadoop.editLogOpCodes).sort());
  expect(Object.keys(TRANSFER_OPS).sort()).toEqual(Object.keys(hadoop.dataTransferOps).sort());
  for (const [method, ops] of Object.entries(WEBHDFS_OPS_BY_METHOD)) {
    expect([...ops].sort(), method).toEqual([...(hadoop.webhdfs[method] ?? [])].sort());
  }
});

test('every refusal gives a reason that reads as one', () => {
  const tables: readonly EntryTable[] = [
    ...Object.values<ServiceEntry>(SERVICES).map(({ methods }) => methods),
    EDIT_OPS,
    TRANSFER_OPS,
  ];
  for (const table of tables) {
    for (const [name, entry] of Object.entries(table)) if (entry !== true) expect(entry.refused, name).toMatch(/^\w.{8,}[^.]$/);
  }
  expect(refusedMethods('ClientNamenodeProtocol')).toHaveProperty('createSnapshot');
  expect(refusedMethods('ClientNamenodeProtocol')).not.toHaveProperty('create');
});

test('COMPATIBILITY.md and CONFIGURATION.md are what the tables say', () => {
  // Throws when a page is out of date; `npm run compatibility` renews both.
  execFileSync(process.execPath, ['scripts/compatibility.mjs', '--check'], { cwd: root, stdio: 'pipe' });
});
