// If this failed, a script that fetches tokens everywhere would stop on a cluster that needs none, or a token that another
// cluster gave could not be looked at.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeHost } from '../../host/node/index.ts';
import { testTerminal } from '../testing.ts';
import { runHdfs } from './hdfs.ts';

const host = nodeHost({ logLevel: 'silent' });
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-fetchdt-'));
writeFileSync(join(directory, 'core-site.xml'), '<configuration/>');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function fetchdt(...words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const terminal = testTerminal(directory);
  const code = await runHdfs('hdfs', () => host, terminal, ['--config', directory, 'fetchdt', ...words]);
  return { code, stdout: terminal.stdout.take(), stderr: terminal.stderr.take() };
}

/** What Hadoop's HttpFS gave ann for the renewer bob. */
const TOKEN = 'GgADYW5uA2JvYgCKAaIkuy0cigGiSMexHAYCFIysf2PzrI_TjW97SScvScl2CDcdEldFQkhERlMgZGVsZWdhdGlvbgA';

test('the tokens of a file are shown, and are not renewed', async () => {
  const parts = [Buffer.from('HDTS\0\x01\x05nn:80', 'latin1'), Buffer.from(TOKEN, 'base64url'), Buffer.of(0)];
  writeFileSync(join(directory, 'token'), Buffer.concat(parts));
  expect(await fetchdt('--print', 'token')).toEqual({
    code: 0,
    stdout: 'Token (WEBHDFS delegation token 6 for ann with renewer bob) for \n',
    stderr: '',
  });
  expect((await fetchdt('--print', '--verbose', 'token')).stdout).toContain('(token for ann: WEBHDFS delegation owner=ann, ');
  expect(await fetchdt('--renew', 'token')).toMatchObject({ code: 1, stderr: expect.stringContaining('not built yet') });
});

test('mistakes are told', async () => {
  expect(await fetchdt()).toMatchObject({ code: 1, stderr: expect.stringContaining('exactly one token file') });
  expect(await fetchdt('--print', '--renew', 'x')).toMatchObject({ code: 1, stderr: expect.stringContaining('Only specify') });
  expect(await fetchdt('--print', 'none')).toMatchObject({ code: 1, stderr: expect.stringContaining('no such file') });
  writeFileSync(join(directory, 'other'), 'no tokens');
  expect(await fetchdt('--print', 'other')).toMatchObject({ code: 1, stderr: expect.stringContaining('Bad header found') });
});
