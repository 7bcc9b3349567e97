// If these fail, an operator who looks into an image of the namespace sees something else than stands in it.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
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

const IMAGES = ['fsimage-core', 'fsimage-unbuilt', 'fsimage-tokens-compressed'];

test.each(IMAGES)('-p ReverseXML makes an image of the XML of %s that shows the same', async (name) => {
  writeFileSync(join(directory, 'again.xml'), golden(`${name}.xml`));
  expect(await oiv('-p ReverseXML -i again.xml -o again')).toEqual({ code: 0, stdout: '', stderr: '' });
  const shown = await oiv('-p XML -i again');
  expect(shown.code).toBe(0);
  expect(anyProgram(shown.stdout)).toBe(anyProgram(golden(`${name}.xml`)));
  const digest = createHash('md5')
    .update(readFileSync(join(directory, 'again')))
    .digest('hex');
  expect(readFileSync(join(directory, 'again.md5'), 'utf8')).toBe(`${digest} *again\n`);
});

test('XML that makes no sound image is refused with the reason and the line', async () => {
  const sound = golden('fsimage-core.xml');
  for (const [from, to, reason] of [
    ['</fsimage>', '', /line \d+: the file ends before <\/fsimage>|unclosed tag/],
    ['<layoutVersion>-67', '<layoutVersion>-66', /Layout version mismatch.*-66/],
    [/<version>.*<\/version>/, '', /No <version> section found/],
    [/<INodeReferenceSection>.*<\/INodeReferenceSection>/, '', /without including section\(s\) INodeReferenceSection/],
    ['<txid>', '<made>up</made><txid>', /Found unknown XML keys in NameSection: made/],
    ['<txid>', '<txid>x', /<txid>: x\d+ is no number/],
    [/<inode><id>16386.*<\/inode>/, '', /1 <inode> are missing of those announced/],
    ['<type>DIRECTORY', '<type>DOOR', /unknown <type> tag DOOR \(section INodeSection, up to line \d+\)/],
    ['root:supergroup:0755', 'root:0755', /Unable to parse permission string root:0755/],
    ['</NameSection>', '</NameSection><NameSection></NameSection>', /Unknown or duplicate section found for NameSection/],
  ] as const) {
    const xml = sound.replace(from, to);
    expect(xml, String(from)).not.toBe(sound);
    writeFileSync(join(directory, 'wrong.xml'), xml);
    const { code, stderr } = await oiv('-p ReverseXML -i wrong.xml -o wrong');
    expect([code, stderr]).toEqual([1, expect.stringMatching(reason)]);
  }
});

/** The image of `fsimage-core` without some of its inodes. */
async function without(ids: readonly number[], output: string): Promise<void> {
  const xml = golden('fsimage-core.xml')
    .replace(new RegExp(`<inode><id>(?:${ids.join('|')})</id><type>[\\s\\S]*?</inode>`, 'g'), '')
    .replace(/<numInodes>(\d+)/, (_, count) => `<numInodes>${Number(count) - ids.length}`);
  writeFileSync(join(directory, `${output}.xml`), xml);
  expect((await oiv(`-p ReverseXML -i ${output}.xml -o ${output}`)).stderr).toBe('');
}

const CORRUPTION = 'CorruptionType\tId\tIsSnapshot\tParentPath\tParentId\tName\tNodeType\tCorruptChildren\n';

const BROKEN = [
  'MissingChild\t16386\tfalse\t/\t16385\ta\tNode\t2\n',
  'CorruptNode\t16387\ttrue\t\t16386\t\tUnknown\t0\n',
  'CorruptNode\t16393\ttrue\t\t16386\t\tUnknown\t0\n',
].join('');

test('-p DetectCorruption names what is missing, and who misses it', async () => {
  expect((await oiv(`-p DetectCorruption -i ${join(GOLDEN, 'fsimage-core')}`)).stdout).toBe(CORRUPTION);
  await without([16_387, 16_393], 'broken');
  const { code, stdout } = await oiv('-p DetectCorruption -i broken');
  expect([code, stdout]).toEqual([0, CORRUPTION + BROKEN]);
  expect((await oiv('-p DetectCorruption -i broken -delimiter ,')).stdout).toBe((CORRUPTION + BROKEN).replaceAll('\t', ','));
});

test('-t shows the same, and leaves nothing behind', async () => {
  await without([16_387, 16_393], 'broken');
  for (const words of ['-p Delimited -sp -ec -i broken', '-p DetectCorruption -i broken']) {
    const { stdout } = await oiv(words);
    expect(stdout.split('\n').length).toBeGreaterThan(3);
    expect(await oiv(`${words} -t tree`)).toEqual({ code: 0, stdout, stderr: '' });
    expect(existsSync(join(directory, 'tree'))).toBe(false);
  }
  mkdirSync(join(directory, 'there'));
  expect(await oiv('-p Delimited -i broken -t there')).toMatchObject({
    code: 255,
    stderr: expect.stringContaining('there already exists! Delete manually or provide another (not existing) directory!'),
  });
});

test('what cannot be done is refused by name', async () => {
  const image = join(GOLDEN, 'fsimage-core');
  expect(await oiv(`-p ReverseXML -i ${image}`)).toMatchObject({
    code: 255,
    stderr: 'Encountered exception.  Exiting: ReverseXML needs a file to write: -o FILE\n',
  });
  expect((await oiv(`-addr nowhere -i ${image}`)).stderr).toContain('Does not contain a valid host:port authority: nowhere');
  expect((await oiv(`-p Nonsense -i ${image}`)).stderr).toBe('Invalid processor specified : Nonsense\n');
  expect(await oiv('-p XML')).toMatchObject({ code: 255, stdout: expect.stringContaining('Missing required option: i') });
  expect(await oiv(`-p FileDistribution -step x -i ${image}`)).toMatchObject({
    code: 1,
    stderr: 'java.lang.NumberFormatException: For input string: "x"\n',
  });
  expect(await oiv(`-p FileDistribution -step 1 -i ${image}`)).toMatchObject({
    code: 1,
    stderr:
      'java.lang.IllegalStateException: Too many distribution intervals (maxSize/step): 137438953472, should be less than 134217729.\n',
  });
  expect((await oiv(`-addr localhost:99999 -i ${image}`)).stderr).toBe(
    'java.lang.IllegalArgumentException: port out of range:99999\n',
  );
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  expect(await oiv(`-addr 127.0.0.1:${port} -i ${image}`)).toMatchObject({
    code: 255,
    stderr: expect.stringMatching(/^Encountered exception\. {2}Exiting: .*in use/),
  });
  taken.close();
  expect((await oiv('-H')).code).toBe(0);
  copyFileSync(image, join(directory, 'kept'));
  for (const processor of ['XML', 'ReverseXML', 'Delimited']) {
    const { stderr } = await oiv(`-p ${processor} -i kept -o kept`);
    expect([processor, stderr]).toEqual([
      processor,
      expect.stringContaining('kept is the file that is read; name another one'),
    ]);
  }
  expect(readFileSync(join(directory, 'kept')).equals(readFileSync(image))).toBe(true);
  expect((await oiv('-h')).code).toBe(0);
});
