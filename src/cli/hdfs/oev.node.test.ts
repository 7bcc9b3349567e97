// If these fail, an operator who looks into an edit log with `hdfs oev`, or mends one through its XML, sees other
// operations than are there, or gets another log back.
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { EditOpCode, type EditOpName } from '../../core/edits/ops.ts';
import { EDIT_OP_TABLE, opCodeOf, opName } from '../../format/edit-log/op-table.ts';
import { readEditLogBytes } from '../../format/edit-log/reader.ts';
import { nodeHost } from '../../host/node/index.ts';
import { testTerminal } from '../testing.ts';
import { runOev } from './oev.ts';

const host = nodeHost({ logLevel: 'silent' });
const GOLDEN = join(import.meta.dirname, '../../../test/golden/formats');
/** Written by Hadoop; together they hold every operation that it still writes. */
const LOGS = ['edits-core', 'edits-unbuilt', 'edits-rolling-upgrade', 'edits-tokens', 'edits-by-oev'];
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-oev-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function oev(...words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const terminal = testTerminal(directory);
  const code = await runOev(host, terminal, words);
  return { code, stdout: terminal.stdout.take(), stderr: terminal.stderr.take() };
}

const written = (name: string): Buffer => readFileSync(join(directory, name));

test.each(LOGS)('%s becomes XML and then the same bytes again', async (name) => {
  expect(await oev('-i', join(GOLDEN, name), '-o', `${name}.xml`)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await oev('-p', 'binary', '-i', `${name}.xml`, '-o', name)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(written(name).equals(readFileSync(join(GOLDEN, name)))).toBe(true);
});

test('every operation that Hadoop writes is among them', () => {
  const seen = new Set(
    LOGS.flatMap((name) => readEditLogBytes(readFileSync(join(GOLDEN, name))).records.map(({ op }) => opName(opCodeOf(op)))),
  );
  const unseen = (Object.keys(EditOpCode) as EditOpName[]).filter(
    (name) => EDIT_OP_TABLE[name].handling !== 'obsolete' && !seen.has(name),
  );
  // Read, but not written for many versions.
  expect(unseen).toEqual(['SET_NS_QUOTA', 'CLEAR_NS_QUOTA']);
});

test('what is read is never what is written', async () => {
  writeFileSync(join(directory, 'kept'), readFileSync(join(GOLDEN, 'edits-core')));
  linkSync(join(directory, 'kept'), join(directory, 'kept.too'));
  symlinkSync('kept', join(directory, 'kept.link'));
  for (const output of ['kept', 'kept.too', 'kept.link', `${directory}/../${basename(directory)}/kept`]) {
    expect(await oev('-i', 'kept', '-o', output)).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('is the file that is read'),
    });
  }
  expect(written('kept').equals(readFileSync(join(GOLDEN, 'edits-core')))).toBe(true);
});

test('a file without even a header is told, and is no empty log', async () => {
  for (const bytes of [0, 4, 7]) {
    writeFileSync(join(directory, 'short'), readFileSync(join(GOLDEN, 'edits-core')).subarray(0, bytes));
    expect(await oev('-i', 'short', '-o', 'shown.xml', '-r')).toMatchObject({
      code: 255,
      stderr: expect.stringContaining(`short: only ${bytes} bytes, not even a header`),
    });
  }
  expect((await oev('-H')).code).toBe(0);
});

test('stats counts what is there', async () => {
  await oev('-p', 'stats', '-i', join(GOLDEN, 'edits-tokens'), '-o', 'stats');
  const lines = written('stats').toString().split('\n');
  expect(lines[0]).toBe('    VERSION                             : -67');
  const { records } = readEditLogBytes(readFileSync(join(GOLDEN, 'edits-tokens')));
  const total = lines.slice(1).reduce((sum, line) => sum + Number(line.split(': ')[1] ?? 0), 0);
  expect(total).toBe(records.length);
  expect(lines).toContain(
    `    OP_UPDATE_MASTER_KEY           ( 21): ${records.filter(({ op }) => opCodeOf(op) === 21).length}`,
  );
});

test('damage is told with its place, and stepped over only when that is asked for', async () => {
  const bytes = readFileSync(join(GOLDEN, 'edits-core'));
  const { records } = readEditLogBytes(bytes);
  const victim = records[20];
  if (victim === undefined) throw new Error('the log is shorter than it was');
  bytes[victim.offset + 20] = (bytes[victim.offset + 20] ?? 0) ^ 0xff;
  writeFileSync(join(directory, 'damaged'), bytes);
  const refused = await oev('-p', 'stats', '-i', 'damaged', '-o', 'out');
  expect(refused.code).toBe(255);
  expect(refused.stderr).toContain(`at position ${victim.offset}`);
  expect(written('out').toString()).toContain('EXITING ON ERROR');
  const recovered = await oev('-r', '-i', 'damaged', '-o', 'rest.xml');
  expect(recovered.code).toBe(0);
  expect(recovered.stderr).toContain(`going on at ${victim.offset + victim.length}`);
  const found = [
    ...written('rest.xml')
      .toString()
      .matchAll(/<TXID>(\d+)/g),
  ].map(([, txid]) => Number(txid));
  expect(found).toEqual(records.filter((record) => record !== victim).map(({ txid }) => txid));
  // Without the gap that the damage left.
  await oev('-r', '-f', '-i', 'damaged', '-o', 'renumbered.xml');
  const renumbered = [
    ...written('renumbered.xml')
      .toString()
      .matchAll(/<TXID>(\d+)/g),
  ].map(([, txid]) => Number(txid));
  expect(renumbered).toEqual(found.map((_, index) => (found[0] ?? 0) + index));
});

test('characters that XML cannot hold come back', async () => {
  const xml = (path: string): string =>
    `<EDITS><EDITS_VERSION>-67</EDITS_VERSION><RECORD><OPCODE>OP_CLEAR_NS_QUOTA</OPCODE><DATA><TXID>7</TXID><SRC>${path}</SRC></DATA></RECORD></EDITS>`;
  for (const [path, escaped] of [
    ['/a\u0001b\\c', '/a\\0001;b\\005c;c'],
    ['/<&>"\'', '/&lt;&amp;&gt;"\''],
    ['/😀é', '/&#128512;é'],
  ] as const) {
    writeFileSync(join(directory, 'in.xml'), xml(escaped));
    expect((await oev('-p', 'binary', '-i', 'in.xml', '-o', 'log')).stderr).toBe('');
    expect(readEditLogBytes(written('log')).records[0]?.op).toEqual({ kind: 'CLEAR_NS_QUOTA', path });
    await oev('-i', 'log', '-o', 'out.xml');
    expect(written('out.xml').toString()).toContain(`<SRC>${escaped}</SRC>`);
  }
});

test.each([
  ['<EDITS><EDITS_VERSION>-67</EDITS_VERSION><RECORD>', /unclosed tag|ends before/],
  ['<IMAGE/>', /line 1: expected <EDITS>/],
  ['<EDITS><RECORD/></EDITS>', /expected <EDITS_VERSION>/],
  ['<!DOCTYPE x [<!ENTITY e "x">]><EDITS/>', /document type/],
  [record('<OPCODE>OP_NONSENSE</OPCODE><DATA><TXID>3</TXID></DATA>'), /transaction 3, OP_NONSENSE: no such operation/],
  [record('<OPCODE>OP_DELETE</OPCODE><DATA><TXID>3</TXID></DATA>'), /transaction 3, OP_DELETE: no entry found for PATH/],
  [record('<OPCODE>OP_TIMES</OPCODE><DATA><TXID>x</TXID></DATA>'), /TXID: x is no long/],
  [record('<DATA/>'), /expected <OPCODE>, not <DATA>/],
  [
    record('<OPCODE>OP_SET_REPLICATION</OPCODE><DATA><TXID>3</TXID><PATH>/</PATH><REPLICATION>70000</REPLICATION></DATA>'),
    /REPLICATION: 70000 does not fit 16 bits/,
  ],
])('%s is refused with the reason', async (text, reason) => {
  writeFileSync(join(directory, 'bad.xml'), text);
  const { code, stderr } = await oev('-p', 'binary', '-i', 'bad.xml', '-o', 'out');
  expect(code).toBe(255);
  expect(stderr).toMatch(/^Encountered exception\. Exiting: /);
  expect(stderr).toMatch(reason);
});

test('what is asked for wrongly leaves no file behind', async () => {
  const before = readdirSync(directory).sort();
  for (const words of [
    ['-i', 'x.xml', '-o', 'never'],
    ['-p', 'binary', '-i', 'x', '-o', 'never'],
    ['-i', 'none', '-o', 'never'],
  ]) {
    expect((await oev(...words)).code).toBe(255);
  }
  expect((await oev('-i', 'x')).stdout).toContain('Missing required option: o');
  expect(readdirSync(directory).sort()).toEqual(before);
});

function record(content: string): string {
  return `<EDITS><EDITS_VERSION>-67</EDITS_VERSION><RECORD>${content}</RECORD></EDITS>`;
}
