// `hdfs dfs` and `hadoop fs`: finds the verb, gives it its file systems, prints usage and help. Exit codes are Hadoop's:
// what the verb says, 255 for wrong usage, 130 after an interrupt.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { INTERRUPTED, type Terminal } from '../terminal.ts';
import type { ShellContext } from './command.ts';
import { UsageError } from './command-format.ts';
import { type ShellVerb, VERBS } from './commands/index.ts';
import type { ShellFileSystem } from './file-system.ts';
import { FileSystems } from './file-systems.ts';

const PREFIX = 'Usage: hadoop fs [generic options]';
const FAILED = 255;

export async function runShell(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const [word, ...args] = argv;
  const { stderr, stdout } = terminal;
  if (word === undefined) {
    stderr.write(allUsages(false));
    return FAILED;
  }
  const name = word.replace(/^-/, '');
  const verb = word.startsWith('-') ? verbOf(name) : undefined;
  if (word === '-help' || word === '-usage') return printHelp(terminal, args, word === '-help');
  if (verb === undefined) {
    stderr.write(`${word}: Unknown command\n`);
    if (!word.startsWith('-') && verbOf(word) !== undefined) {
      stderr.write(`Did you mean -${word}?  This command begins with a dash.\n`);
    }
    stderr.write(allUsages(false));
    return FAILED;
  }
  if ('refused' in verb) {
    stderr.write(`${name}: Option '-${name}' ${verb.refused}\n`);
    return 1;
  }
  if (verb.replacement !== undefined) stderr.write(`${name}: DEPRECATED: Please use '${verb.replacement}' instead.\n`);
  const systems = new FileSystems(host, terminal, configuration);
  const context: ShellContext = {
    host,
    terminal,
    configuration,
    fileSystem: (text) => fileSystemOf(systems, text),
    local: systems.local,
  };
  try {
    const code = await new verb.command(name, context).run(args);
    if (code === 0) await stdout.ready();
    return code;
  } catch (error) {
    if (terminal.interrupted.aborted) {
      stderr.write(`${name}: Interrupted\n`);
      return INTERRUPTED;
    }
    if (!(error instanceof UsageError)) throw error;
    for (const line of messageOf(error).split('\n')) stderr.write(`${word}: ${line}\n`);
    stderr.write(`${PREFIX} ${usageOf(name, verb)}\n`);
    return FAILED;
  } finally {
    await systems.close();
  }
}

/** What names no file system is wrong usage. */
async function fileSystemOf(systems: FileSystems, text: string): Promise<ShellFileSystem> {
  try {
    return await systems.of(text);
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EILLEGAL') throw new UsageError(error.message);
    throw error;
  }
}

function verbOf(name: string): ShellVerb | undefined {
  return Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
}

const usageOf = (name: string, verb: ShellVerb): string => (verb.usage === '' ? `-${name}` : `-${name} ${verb.usage}`);

const helpOf = (name: string, verb: ShellVerb): string => `${usageOf(name, verb)} :\n  ${verb.help}\n`;

function allUsages(withHelp: boolean): string {
  const current = Object.entries(VERBS).filter(([, verb]) => verb.replacement === undefined && !('refused' in verb));
  const lines = [
    PREFIX,
    ...current.map(([name, verb]) => `\t[${usageOf(name, verb)}]`),
    '\t[-help [cmd ...]]',
    '\t[-usage [cmd ...]]',
    '',
  ];
  if (withHelp) lines.push(...current.map(([name, verb]) => helpOf(name, verb)));
  lines.push(
    'Generic options:',
    '-conf <configuration file>        read this file too',
    '-D <property=value>               set a configuration key',
    '-fs <hdfs://namenode:port>        file system of paths without a scheme',
    '',
    '',
  );
  return lines.join('\n');
}

function printHelp(terminal: Terminal, names: readonly string[], withHelp: boolean): number {
  if (names.length === 0) terminal.stdout.write(allUsages(withHelp));
  for (const name of names) {
    const verb = verbOf(name);
    if (verb === undefined) {
      terminal.stderr.write(`-${withHelp ? 'help' : 'usage'}: \`${name}': Unknown command\n`);
      terminal.stderr.write(allUsages(false));
      return FAILED;
    }
    terminal.stdout.write(withHelp ? helpOf(name, verb) : `${PREFIX} ${usageOf(name, verb)}\n`);
  }
  return 0;
}
