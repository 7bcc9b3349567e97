// If these fail, an operator who looks into an image of the namespace sees something else than stands in it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeHost } from '../../host/node/index.ts';
import { testTerminal } from '../testing.ts';
import { runOiv } from './oiv.ts';

const host = nodeHost({ logLevel: 'silent' });
const GOLDEN = join(import.meta.dirname, '../../../test/golden/formats');
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-oiv-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function oiv(words: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const terminal = testTerminal(directory);
  const utc = {
    ...terminal,
    localTime: (ms: number) => {
      const at = new Date(ms);
      const date = { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate(), weekday: at.getUTCDay() };
      return { ...date, hour: at.getUTCHours(), minute: at.getUTCMinutes(), second: at.getUTCSeconds(), zone: 'UTC' };
    },
  };
  const code = await runOiv(host, utc, words.split(' '));
  return { code, stdout: terminal.stdout.take(), stderr: terminal.stderr.take() };
}

const golden = (name: string): string => readFileSync(join(GOLDEN, 'oiv', name), 'utf8');
/** Without the name of the program that made it. */
const anyProgram = (xml: string): string => xml.replace(/<oivRevision>[^<]*/, '<oivRevision>');

test.each([
  ['XML', 'fsimage-core', 'fsimage-core.xml'],
  ['XML', 'fsimage-unbuilt', 'fsimage-unbuilt.xml'],
  ['XML', 'fsimage-tokens-compressed', 'fsimage-tokens-compressed.xml'],
  ['Delimited', 'fsimage-core', 'fsimage-core.tsv'],
  ['Delimited', 'fsimage-unbuilt', 'fsimage-unbuilt.tsv'],
  ['Delimited -sp -ec -delimiter ,', 'fsimage-unbuilt', 'fsimage-unbuilt.csv'],
  ['FileDistribution', 'fsimage-core', 'fsimage-core.sizes'],
  ['FileDistribution', 'fsimage-unbuilt', 'fsimage-unbuilt.sizes'],
  ['FileDistribution -format -maxSize 3000000 -step 1000', 'fsimage-core', 'fsimage-core.ranges'],
])('-p %s of %s is what Hadoop shows', async (processor, image, expected) => {
  const shown = await oiv(`-p ${processor} -i ${join(GOLDEN, image)}`);
  expect([shown.code, shown.stderr]).toEqual([0, '']);
  expect(anyProgram(shown.stdout)).toBe(anyProgram(golden(expected)));
  // A file gets what the screen would.
  await oiv(`-p ${processor} -i ${join(GOLDEN, image)} -o out`);
  expect(readFileSync(join(directory, 'out'), 'utf8')).toBe(shown.stdout);
});

test('a damaged image is told with the place of the damage', async () => {
  const bytes = readFileSync(join(GOLDEN, 'fsimage-core'));
  writeFileSync(join(directory, 'short'), bytes.subarray(0, bytes.length - 10));
  writeFileSync(join(directory, 'other'), 'not an image at all');
  const inodes = Buffer.from(bytes);
  inodes.fill(0xff, 400, 440);
  writeFileSync(join(directory, 'inodes'), inodes);
  for (const [name, reason] of [
    ['short', /Exiting: .*summary/],
    ['other', /Exiting: not an image: it does not begin with HDFSIMG1/],
    ['inodes', /Exiting: section INODE, offset \d+: /],
    ['none', /Exiting: .*no such file/],
  ] as const) {
    for (const processor of ['XML', 'Delimited', 'FileDistribution']) {
      const { code, stderr } = await oiv(`-p ${processor} -i ${name} -o out`);
      expect([code, stderr], `${name} ${processor}`).toEqual([255, expect.stringMatching(reason)]);
    }
  }
});

test('what cannot be done is refused by name', async () => {
  const image = join(GOLDEN, 'fsimage-core');
  for (const processor of ['Web', 'ReverseXML', 'DetectCorruption']) {
    expect(await oiv(`-p ${processor} -i ${image}`)).toMatchObject({
      code: 255,
      stderr: `The processor ${processor} is not built yet\n`,
    });
  }
  expect((await oiv(`-p Nonsense -i ${image}`)).stderr).toBe('Invalid processor specified : Nonsense\n');
  expect(await oiv('-p XML')).toMatchObject({ code: 255, stdout: expect.stringContaining('Missing required option: i') });
  expect(await oiv(`-p FileDistribution -step x -i ${image}`)).toMatchObject({
    code: 255,
    stderr: expect.stringContaining('-step x'),
  });
  expect(await oiv(`-p FileDistribution -step 1 -i ${image}`)).toMatchObject({
    code: 255,
    stderr: expect.stringContaining('Too many distribution intervals'),
  });
  expect((await oiv('-h')).code).toBe(0);
});
