// If this fails, writing behind does nothing where the system could, or changes what is written.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kernelLibrary } from './kernel-library.ts';
import { beginWriteback } from './write-behind.ts';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tuskfs-behind-'));
});

afterAll(() => rmSync(root, { recursive: true }));

test.skipIf(kernelLibrary() === false)('the kernel begins to write, and a bad descriptor is told apart', async () => {
  const path = join(root, 'file');
  const content = Buffer.alloc(3 * 1024 * 1024, 'behind');
  const file = openSync(path, 'w');
  writeSync(file, content);
  expect(await beginWriteback(file, 0, content.length)).toBe(true);
  expect(await beginWriteback(file, 2 ** 40, 4096)).toBe(true);
  closeSync(file);
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(await beginWriteback(-1, 0, 4096)).toBe(false);
});
