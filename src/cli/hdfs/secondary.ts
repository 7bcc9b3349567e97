// hdfs secondarynamenode: the daemon that makes checkpoints for a NameNode, or one of its commands. Apache:
// SecondaryNameNode.CommandLineOpts.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { serve } from './roles.ts';

const USAGE = [
  'Usage: hdfs secondarynamenode [-checkpoint [force]] [-format] [-geteditsize]',
  '  -checkpoint [force]  make a checkpoint now, if dfs.namenode.checkpoint.txns are waiting, or by force',
  '  -format              empty the checkpoint directories first',
  '  -geteditsize         print how many transactions of the NameNode are in no image',
  '',
].join('\n');

export type SecondaryCommand =
  | { readonly kind: 'serve'; readonly format: boolean }
  | { readonly kind: 'checkpoint'; readonly force: boolean; readonly format: boolean }
  | { readonly kind: 'edit-size'; readonly format: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly reason: string };

export function parseSecondaryArguments(argv: readonly string[]): SecondaryCommand {
  let format = false;
  let size = false;
  let checkpoint: 'no' | 'if-due' | 'force' = 'no';
  for (let at = 0; at < argv.length; at++) {
    // One dash or two, as the parser of Hadoop's takes them.
    switch (argv[at]?.replace(/^--/, '-')) {
      case '-h':
      case '-help':
        return { kind: 'help' };
      case '-format':
        format = true;
        break;
      case '-geteditsize':
        size = true;
        break;
      case '-checkpoint': {
        checkpoint = 'if-due';
        const value = argv[at + 1];
        if (value === undefined || value.startsWith('-')) break;
        if (value !== 'force') return { kind: 'usage', reason: "-checkpoint may only take 'force' as an argument" };
        checkpoint = 'force';
        at++;
        break;
      }
      default:
        return { kind: 'usage', reason: `Unrecognized option: ${argv[at]}` };
    }
  }
  if (size && checkpoint !== 'no') return { kind: 'usage', reason: 'May not pass both geteditsize and checkpoint' };
  if (size) return { kind: 'edit-size', format };
  return checkpoint === 'no' ? { kind: 'serve', format } : { kind: 'checkpoint', force: checkpoint === 'force', format };
}

export async function runSecondaryNameNode(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const command = parseSecondaryArguments(argv);
  switch (command.kind) {
    case 'help':
      terminal.stdout.write(USAGE);
      return 0;
    case 'usage':
      terminal.stderr.write(`${command.reason}\n${USAGE}`);
      return 1;
    case 'serve':
      return serve(host, terminal, configuration, 'secondarynamenode', async (fail) => {
        host.log.log('info', 'secondarynamenode', `starting tuskfs ${VERSION}`);
        const options = { format: command.format, onFatal: fail };
        const secondary = await terminal.launcher().startSecondaryNameNode(host, configuration, options);
        return () => secondary.stop();
      });
    case 'checkpoint':
    case 'edit-size':
      return once(host, terminal, configuration, command);
  }
}

async function once(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  command: SecondaryCommand & { readonly kind: 'checkpoint' | 'edit-size' },
): Promise<number> {
  try {
    const secondary = await terminal.launcher().openSecondaryNameNode(host, configuration, { format: command.format });
    try {
      const waiting = await secondary.uncheckpointed();
      if (command.kind === 'edit-size') {
        terminal.stdout.write(`NameNode has ${waiting} uncheckpointed transactions\n`);
        return 0;
      }
      const enough = configuration.getLong('dfs.namenode.checkpoint.txns');
      if (!command.force && waiting <= enough) {
        terminal.stderr.write(
          `EditLog size ${waiting} transactions is smaller than configured checkpoint interval ${enough} transactions.\n` +
            'Skipping checkpoint.\n',
        );
        return 0;
      }
      await secondary.checkpoint();
      return 0;
    } finally {
      await secondary.stop();
    }
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    const name = command.kind === 'checkpoint' ? 'checkpoint' : 'geteditsize';
    terminal.stderr.write(`${name}: ${messageOf(error).split('\n', 1)[0]}\n`);
    return 1;
  }
}
