// The command `tuskfs`: one subcommand for each verb, with options that all of them share.
import { Command, CommanderError } from 'commander';
import { type GlobalOptions, type HostMaker, VerbContext } from './context.ts';
import { EXIT, printError } from './errors.ts';
import { INTERRUPTED, nobodyReads, type Terminal } from './terminal.ts';
import { acl } from './verbs/acl.ts';
import { append } from './verbs/append.ts';
import { cat } from './verbs/cat.ts';
import { checksum } from './verbs/checksum.ts';
import { chmod } from './verbs/chmod.ts';
import { chown } from './verbs/chown.ts';
import { config } from './verbs/config.ts';
import { count } from './verbs/count.ts';
import { cp } from './verbs/cp.ts';
import { dev } from './verbs/dev.ts';
import { df } from './verbs/df.ts';
import { doctor } from './verbs/doctor.ts';
import { du } from './verbs/du.ts';
import { find } from './verbs/find.ts';
import { get } from './verbs/get.ts';
import { head } from './verbs/head.ts';
import { ls } from './verbs/ls.ts';
import { mkdir } from './verbs/mkdir.ts';
import { mv } from './verbs/mv.ts';
import { nodes } from './verbs/nodes.ts';
import { policy } from './verbs/policy.ts';
import { put } from './verbs/put.ts';
import { quota } from './verbs/quota.ts';
import { rm } from './verbs/rm.ts';
import { rmdir } from './verbs/rmdir.ts';
import { safemode } from './verbs/safemode.ts';
import { stat } from './verbs/stat.ts';
import { status } from './verbs/status.ts';
import { sync } from './verbs/sync.ts';
import { tail } from './verbs/tail.ts';
import { touch } from './verbs/touch.ts';
import { trash } from './verbs/trash.ts';
import { tree } from './verbs/tree.ts';
import { truncate } from './verbs/truncate.ts';
import type { Verb } from './verbs/verb.ts';
import { watch } from './verbs/watch.ts';
import { xattr } from './verbs/xattr.ts';
import { HADOOP_VERSION, VERSION } from './version.ts';

const VERBS: readonly Verb[] = [
  ls,
  put,
  append,
  get,
  cat,
  head,
  tail,
  mkdir,
  rmdir,
  touch,
  rm,
  trash,
  mv,
  cp,
  sync,
  truncate,
  du,
  df,
  stat,
  find,
  tree,
  chmod,
  chown,
  acl,
  xattr,
  checksum,
  count,
  watch,
  quota,
  policy,
  status,
  nodes,
  safemode,
  config,
  doctor,
  dev,
];

/** Runs one command line; answers its exit code. */
export async function runTuskfs(host: HostMaker, terminal: Terminal, argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = new Command('tuskfs');
  const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [...(previous ?? []), value];
  program
    .description('HDFS without the JVM: files, and a cluster to try them on')
    .option('--config <dir>', 'directory with core-site.xml and hdfs-site.xml; else HADOOP_CONF_DIR, else ./.tuskfs/conf')
    .option('--uri <uri>', 'file system: hdfs://HOST:PORT or hdfs://NAMESERVICE')
    .option('--user <name>', 'act as this user; else HADOOP_USER_NAME')
    .option('-D, --define <key=value>', 'set a configuration key', collect)
    .option('--json', 'one JSON document a line, even on a terminal')
    .option('--no-json', 'text for people, even elsewhere')
    .option('-q, --quiet', 'no progress bars')
    .showHelpAfterError('(what a command takes: tuskfs COMMAND --help)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    });
  // `--no-json` alone would make JSON the default: neither given means that the terminal decides.
  program.setOptionValueWithSource('json', undefined, 'default');
  const run = (verb: Verb) =>
    async function action(this: Command, ...all: unknown[]): Promise<void> {
      const options = this.optsWithGlobals() as GlobalOptions & Readonly<Record<string, unknown>>;
      const args = all.slice(0, -2);
      const verbose = verb === dev && options.verbose === true;
      const context = new VerbContext(host(verbose ? 'info' : 'error'), terminal, options, args);
      try {
        await verb.run(context, args, options);
        code = context.exitCode;
      } catch (error) {
        if (nobodyReads(error)) return;
        if (terminal.interrupted.aborted) code = INTERRUPTED;
        else code = printError(terminal, `tuskfs ${verb.name}`, error);
      } finally {
        await context.close();
      }
    };
  for (const verb of VERBS) {
    const command = program.command(verb.name).description(verb.summary);
    verb.declare(command);
    command.action(run(verb));
  }
  program
    .command('version')
    .description('version of this program, and the Hadoop it speaks with')
    .action(() => terminal.stdout.write(`tuskfs ${VERSION} (Hadoop ${HADOOP_VERSION})\n`));
  if (argv.length === 0) {
    program.outputHelp();
    return EXIT.usage;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) return printError(terminal, 'tuskfs', error);
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}
