// Hadoop's own texts of what its shell says (testHDFSConf.xml and the like), read from the jar that Maven fetches: commands,
// and comparators for the output of the last one. What the comparators mean is CLITestHelper's.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import { HADOOP_VERSION } from './java.ts';
import { readZipEntry } from './zip.ts';

export interface CliComparator {
  readonly type: string;
  readonly expected: string;
  /** Undefined: any. */
  readonly exitCode: number | undefined;
}

export interface CliCase {
  readonly description: string;
  readonly commands: readonly CliCommand[];
  readonly cleanup: readonly CliCommand[];
  readonly comparators: readonly CliComparator[];
}

export interface CliCommand {
  /** `command` for the file shell, `dfs-admin-command` and the like for others. */
  readonly kind: string;
  readonly text: string;
}

/** What a command printed on both outputs, and its exit code. */
export interface CliResult {
  readonly output: string;
  readonly code: number;
}

const FETCH_LIMIT_MS = 300_000;

/** A jar of Hadoop's tests, as their source has them; fetched once. */
function testSources(module: string): string {
  const directory = join(homedir(), '.cache/tuskfs/apache', `${HADOOP_VERSION}-test-sources`);
  const file = join(directory, `${module}-${HADOOP_VERSION}-test-sources.jar`);
  if (existsSync(file)) return file;
  const artifact = `org.apache.hadoop:${module}:${HADOOP_VERSION}:jar:test-sources`;
  const words = ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${directory}`];
  const { status, stdout } = spawnSync('mvn', words, { timeout: FETCH_LIMIT_MS, encoding: 'utf8' });
  if (status !== 0 || !existsSync(file)) throw new Error(`Maven could not fetch ${artifact}: ${stdout}`);
  return file;
}

/** A file out of that jar. */
export const readTestSource = (module: string, name: string): Buffer => readZipEntry(testSources(module), name);

/** The cases of one of Hadoop's files. */
export function readCliTexts(module: string, name: string): CliCase[] {
  return parseCliTexts(readTestSource(module, name).toString('utf8'));
}

export function parseCliTexts(xml: string): CliCase[] {
  const cases: CliCase[] = [];
  const parser = new SaxesParser();
  let text = '';
  let description = '';
  let lists: { commands: CliCommand[]; cleanup: CliCommand[]; comparators: CliComparator[] } = fresh();
  let into: CliCommand[] | undefined;
  let comparator = { type: '', expected: '', exitCode: undefined as number | undefined };
  function fresh() {
    return { commands: [], cleanup: [], comparators: [] };
  }
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name }) => {
    text = '';
    if (name === 'test') lists = fresh();
    else if (name === 'test-commands') into = lists.commands;
    else if (name === 'cleanup-commands') into = lists.cleanup;
    else if (name === 'comparator') comparator = { type: '', expected: '', exitCode: undefined };
  });
  parser.on('text', (part) => {
    text += part;
  });
  parser.on('cdata', (part) => {
    text += part;
  });
  parser.on('closetag', ({ name }) => {
    if (name === 'description') description = text;
    else if (name === 'type') comparator.type = text;
    else if (name === 'expected-output') comparator.expected = text;
    else if (name === 'expected-exit-code') comparator.exitCode = Number(text);
    else if (name === 'comparator') lists.comparators.push(comparator);
    else if (name === 'test-commands' || name === 'cleanup-commands') into = undefined;
    else if (name.endsWith('command')) into?.push({ kind: name, text });
    else if (name === 'test') cases.push({ description: description.trim(), ...lists });
  });
  parser.write(xml).close();
  return cases;
}

/** Words of a command: single and double quotes hold blanks together. */
export const cliWords = (text: string): string[] =>
  [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

const lines = (text: string): string[] => text.split(/[\r\n]+/).filter((line) => line !== '');

/** By the name of Hadoop's class. */
const COMPARATORS: Readonly<Record<string, (actual: string, expected: string) => boolean>> = {
  ExactComparator: (actual, expected) => actual === expected,
  ExactLineComparator: (actual, expected) => lines(actual).includes(expected),
  SubstringComparator: (actual, expected) => actual.includes(expected),
  RegexpComparator: (actual, expected) => {
    const pattern = new RegExp(`^(?:${expected})$`);
    return lines(actual).some((line) => pattern.test(line));
  },
  RegexpAcrossOutputComparator: (actual, expected) => new RegExp(expected).test(actual),
  TokenComparator: (actual, expected) =>
    expected
      .split(/[,\r\n]+/)
      .filter((token) => token !== '')
      .every((token) => actual.includes(token)),
};

/** Whether the result of a case's last command is what Hadoop's text says; else what is missing. */
export function unmet(comparators: readonly CliComparator[], result: CliResult, expand: (text: string) => string): string[] {
  return comparators.flatMap(({ type, expected, exitCode }) => {
    const compare = COMPARATORS[type];
    if (compare === undefined) throw new Error(`no comparator ${type}`);
    const wanted = expand(expected);
    const wrong: string[] = [];
    if (!compare(result.output, wanted)) wrong.push(`${type}: ${wanted}`);
    if (exitCode !== undefined && exitCode !== result.code) wrong.push(`exit code ${exitCode}, not ${result.code}`);
    return wrong;
  });
}
