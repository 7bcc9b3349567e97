// Over a thousand operations of several users against Apache's NameNode and against ours, answer by answer. If this fails,
// a program that relies on what Apache's NameNode answers (a result, an exception, its message) sees something else here.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apacheHdfs, Cluster, describeWithApache, runJava } from './apache.ts';
import { attributeScenario } from './support/attribute-scenario.ts';
import { linesUpTo, missingIn, writeAudit } from './support/audit-lines.ts';
import { addLinks } from './support/image-links.ts';
import { imagePaths } from './support/image-paths.ts';
import { alike } from './support/known-differences.ts';
import { namespaceScenario } from './support/namespace-scenario.ts';
import { LINKS, SPARE_LINKS } from './support/scenario-tables.ts';

/** Operations whose answers differ on purpose, and why. */
const DELIBERATE: Readonly<Record<string, string>> = {
  'alice create /d/ec ec=RS-6-3-1024k': 'erasure coding is not built: no file is made by one of its policies',
  'alice locations /d/three 1 9223372036854775807': 'where offset and length overflow, Apache shows one block, ours the rest',
  'alice locations /d/three 1500 9223372036854775807': 'the same',
  'bob usage /d': 'ours walks in the order of names, so another directory is the first that may not be read',
  'alice delete /d/sticky': 'Apache names the owner of the deleted directory as that of the sticky one below it',
  'alice info /d/timed': 'access times of directories are not kept; Apache forgets them when it restarts',
};

/** Asked for last of all. */
const LAST = '/the-last-line';
/** What two users did at a time, and questions that are answered otherwise (see COMPATIBILITY.md), as renaming the root. */
const UNLIKE = /\/race\b|\tcmd=quotaUsage\t|\tcmd=rename\tsrc=\/\t/;

/** Of the random operations. */
const SEEDS = [1, 2];
const OPERATIONS = 1500;

/** Of those on every method; more of them, and other ones: TUSKFS_STEPS, TUSKFS_SEED. */
const NAMESPACE_SEED = Number(process.env.TUSKFS_SEED ?? 20261129);
const NAMESPACE_STEPS = Number(process.env.TUSKFS_STEPS ?? 800);
/** More of them take longer. */
const LIMIT_MS = 300_000 + NAMESPACE_STEPS * 200;

const KEYS = {
  // A recovery waits for a heartbeat.
  'dfs.heartbeat.interval': '1',
  'dfs.ls.limit': '10',
  'hdfs.audit.logger': 'INFO,console',
  'dfs.namenode.fs-limits.max-directory-items': '60',
  'dfs.namenode.fs-limits.max-blocks-per-file': '4',
  'hadoop.user.group.static.mapping.overrides': 'alice=staff,writers;bob=staff;carol=guests;dave=supergroup;eve=;',
};

describeWithApache('our NameNode beside Apache’s', () => {
  const scenario = join(import.meta.dirname, 'java/difference.txt');
  let clusters: readonly Cluster[] = [];

  beforeAll(async () => {
    const formatted = (directory: string) => addLinks(directory, LINKS, SPARE_LINKS);
    const started = await Promise.allSettled([
      Cluster.start({ datanodes: 2, keys: KEYS, formatted }),
      Cluster.start({ datanodes: 2, keys: KEYS, formatted, ours: ['nn', 'dn'] }),
    ]);
    clusters = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    for (const each of started) if (each.status === 'rejected') throw each.reason;
    const [apache] = clusters;
    if (apache !== undefined) await writeAudit(apache.httpPort);
  });
  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  });

  /** The operations of a scenario, and what each NameNode answered to them. */
  async function play(input: string) {
    const [apache = [], ours = []] = await Promise.all(
      clusters.map(async ({ clientConf }) => {
        const { code, stdout, stderr } = await runJava('Difference.java', clientConf, [], { input, timeoutMs: LIMIT_MS });
        expect(code, stderr).toBe(0);
        return stdout.trimEnd().split('\n');
      }),
    );
    const operations = input.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
    expect([apache.length, ours.length]).toEqual([operations.length, operations.length]);
    return { operations, apache, ours };
  }

  /** What the newest image holds, as Apache's viewer shows it. */
  async function imageOf({ directory }: Cluster): Promise<readonly string[]> {
    const current = join(directory, 'data/nn/current');
    const images = readdirSync(current).filter((name) => /^fsimage_\d+$/.test(name));
    const xml = join(directory, 'image.xml');
    const args = ['-p', 'XML', '-i', join(current, images.sort().at(-1) ?? ''), '-o', xml];
    const { code, stderr } = await apacheHdfs(undefined, 'oiv', args);
    expect(code, stderr).toBe(0);
    return imagePaths(readFileSync(xml, 'utf8'));
  }

  const same = (apache: string, ours: string): boolean => apache === ours;
  /** Answers that differ. */
  const differing = (apache: readonly string[], ours: readonly string[], alike = same) =>
    apache.flatMap((answer, index) => {
      const own = ours[index] ?? '';
      return alike(answer, own) ? [] : [{ apache: answer, ours: own }];
    });

  test('answers every operation alike', async () => {
    const input = readFileSync(scenario, 'utf8');
    const { operations, apache, ours } = await play(input);
    const found = operations.flatMap((operation, index) => (apache[index] === ours[index] ? [] : [{ operation, index }]));
    const surprising = found.filter(({ operation }) => DELIBERATE[operation] === undefined);
    expect(surprising.map(({ index }) => ({ apache: apache[index], ours: ours[index] }))).toEqual([]);
    const differ = new Set(found.map(({ operation }) => operation));
    expect(Object.keys(DELIBERATE).filter((operation) => !differ.has(operation))).toEqual([]);
  });

  test('answers random operations on lists and attributes alike, and keeps the same image', async () => {
    for (const seed of SEEDS) {
      const { apache, ours } = await play(attributeScenario(seed, OPERATIONS));
      expect(differing(apache, ours), `seed ${seed}`).toEqual([]);
      const [theirImage = [], ourImage = []] = await Promise.all(clusters.map(imageOf));
      expect(theirImage.filter((inode) => inode.includes('<xattr'))).not.toEqual([]);
      expect(ourImage, `seed ${seed}`).toEqual(theirImage);
    }
  });

  test('answers random operations of every method, and of two users at a time, alike, and keeps the same image', async () => {
    const { apache, ours } = await play(namespaceScenario(NAMESPACE_SEED, NAMESPACE_STEPS));
    expect(differing(apache, ours, alike), `TUSKFS_SEED=${NAMESPACE_SEED}`).toEqual([]);
    const [theirImage = [], ourImage = []] = await Promise.all(clusters.map(imageOf));
    expect(theirImage.length).toBeGreaterThan(3);
    expect(ourImage, `TUSKFS_SEED=${NAMESPACE_SEED}`).toEqual(theirImage);
  });

  test('writes the same lines of all that into its audit log', async () => {
    await play(`root info ${LAST}`);
    const written = async (cluster: Cluster): Promise<readonly string[]> =>
      (await linesUpTo(`src=${LAST}`, () => cluster.log('nn')))
        .filter((line) => !UNLIKE.test(line))
        // Who awaits replicas asks until they are there, on one of them once more than on the other.
        .filter((line, index, lines) => line !== lines[index - 1] || !line.includes('cmd=open\t'));
    const [theirs = [], own = []] = await Promise.all(clusters.map(written));
    expect(theirs.length).toBeGreaterThan(2000);
    // A line that one of them lacks shows as itself, not as all that come after it.
    expect(missingIn(own, theirs)).toEqual([]);
    expect(missingIn(theirs, own)).toEqual([]);
    expect(own).toEqual(theirs);
  });
});
