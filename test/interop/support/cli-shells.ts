// Shells in the hands of Hadoop's own texts: our commands within this process, and Apache's in the resident JVM; and the
// run of a file of texts by one of them.
import { userInfo } from 'node:os';
import { runHdfs } from '../../../src/cli/hdfs/hdfs.ts';
import { fromLocalTime, localFiles, localTime } from '../../../src/cli/main.ts';
import { testTerminal } from '../../../src/cli/testing.ts';
import { nodeHost } from '../../../src/host/node/index.ts';
import { type CliCase, type CliCommand, type CliResult, cliWords, unmet } from './cli-texts.ts';
import type { Answer, Resident } from './resident.ts';

/** Runs one command: the name of an `hdfs` subcommand, and its words. */
export type CliShell = (command: string, words: readonly string[]) => Promise<CliResult>;

/** By the name that Hadoop's texts have for a kind of command. */
const COMMANDS: Readonly<Record<string, string>> = { command: 'dfs', 'dfs-admin-command': 'dfsadmin' };

export interface OurRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const host = nodeHost({ logLevel: 'error' });

/** Our `hdfs` within this process; relative local paths begin in `cwd`. */
export async function runOurs(
  conf: string,
  cwd: string,
  command: string,
  words: readonly string[],
  options: { readonly input?: string; readonly together?: boolean } = {},
): Promise<OurRun> {
  const terminal = { ...testTerminal(cwd, options.input), files: localFiles, localTime, fromLocalTime };
  const shown = options.together === true ? { ...terminal, stderr: terminal.stdout } : terminal;
  const code = await runHdfs('hdfs', () => host, shown, ['--config', conf, command, ...words]);
  return { code, stdout: terminal.stdout.take(), stderr: terminal.stderr.take() };
}

/** Hadoop's tests have its log go elsewhere. */
const withoutLog = (text: string): string => text.replaceAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ .*\n/gm, '');

export function ourShell(conf: string, cwd: string): CliShell {
  return async (command, words) => {
    const { code, stdout } = await runOurs(conf, cwd, command, words, { together: true });
    return { output: withoutLog(stdout), code };
  };
}

export function apacheShell(conf: string, apache: Resident): CliShell {
  return async (command, words) => {
    const { code, stdout, stderr }: Answer = await apache.run(conf, command, words);
    return { output: withoutLog(stdout + stderr), code };
  };
}

export interface CliPlace {
  /** URI of the NameNode. */
  readonly uri: string;
  /** Directory of the local files that the texts name. */
  readonly data: string;
}

/** Cases whose text does not hold, with what was printed. */
export async function differing(cases: readonly CliCase[], shell: CliShell, place: CliPlace): Promise<string[]> {
  const user = userInfo().username;
  const expand = (text: string): string =>
    text
      .replaceAll('NAMENODE', place.uri)
      .replaceAll('CLITEST_DATA', `file:${place.data}`)
      .replaceAll('USERNAME', user)
      .replaceAll('#LF#', '\n');
  const run = ({ kind, text }: CliCommand): Promise<CliResult> => {
    const command = COMMANDS[kind];
    if (command === undefined) throw new Error(`no command of the kind ${kind}`);
    return shell(command, cliWords(text).map(expand));
  };
  const wrong: string[] = [];
  for (const { description, commands, cleanup, comparators } of cases) {
    let last: CliResult = { output: '', code: 0 };
    for (const command of commands) last = await run(command);
    const missing = unmet(comparators, last, expand);
    if (missing.length > 0) wrong.push(`${description}\n  ${missing.join('\n  ')}\n--- printed:\n${last.output}`);
    for (const command of cleanup) await run(command);
  }
  return wrong;
}
