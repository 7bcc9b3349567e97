// hdfs namenode and hdfs datanode: a daemon in the foreground, until it is interrupted or fails.
import { messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host, Timer } from '../../host/host.ts';
import { readLine, type Terminal } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { isHelpWord } from './help-word.ts';

const NAMENODE_USAGE = `Usage: hdfs namenode [-format [-clusterId cid ] [-force] [-nonInteractive] ] | [-upgrade [-clusterId cid] ] | [-upgradeOnly [-clusterId cid] ] | [-rollback] | [-importCheckpoint] | [-recover [ -force] ] | [-metadataVersion] | [-genclusterid] | [-regular]
`;

const DATANODE_USAGE = `Usage: hdfs datanode [-regular | -rollback]
    -regular   start as usual; without an option this is what happens
    -rollback  take the data directories back to what they were before an upgrade, rolling or not, and start
`;

/** Start-up options of Hadoop's NameNode that are refused by name. */
const NAMENODE_NOT_YET: Readonly<Record<string, string>> = {
  '-backup': 'backup nodes are not supported',
  '-checkpoint': 'checkpoint nodes are not supported; hdfs secondarynamenode makes checkpoints',
  '-rollingupgrade': 'rolling upgrades are not built yet',
  '-initializesharededits': 'shared edits are not built yet',
  '-bootstrapstandby': 'standby NameNodes are not built yet',
  '-observer': 'observer NameNodes are not built yet',
};

/** Those that take no words. */
const PLAIN = {
  '-regular': 'regular',
  '-rollback': 'rollback',
  '-importcheckpoint': 'import',
  '-genclusterid': 'new-cluster-id',
  '-metadataversion': 'metadata-version',
} as const satisfies Readonly<Record<string, string>>;

interface NameNodeCommand {
  readonly kind: (typeof PLAIN)[keyof typeof PLAIN] | 'format' | 'recover' | 'upgrade' | 'upgrade-only' | 'usage' | 'refused';
  readonly clusterId?: string | undefined;
  readonly force?: boolean;
  readonly nonInteractive?: boolean;
  readonly reason?: string | undefined;
}

/** Of several options the last one counts, as in Hadoop; some take all words behind them. */
export function parseNameNodeArguments(argv: readonly string[]): NameNodeCommand {
  let command: NameNodeCommand = { kind: 'regular' };
  for (const [at, given] of argv.entries()) {
    const word = given.toLowerCase();
    const rest = argv.slice(at + 1);
    const reason = Object.hasOwn(NAMENODE_NOT_YET, word) ? NAMENODE_NOT_YET[word] : undefined;
    if (reason !== undefined) return { kind: 'refused', reason: `${given}: ${reason}` };
    switch (word) {
      case '-format':
        return parseFormat(rest);
      case '-upgrade':
        return parseUpgrade('upgrade', rest);
      case '-upgradeonly':
        return parseUpgrade('upgrade-only', rest);
      case '-recover':
        if (command.kind === 'regular') return parseRecover(rest);
        return { kind: 'usage', reason: "Can't combine -recover with other startup options." };
    }
    if (!isPlain(word)) return { kind: 'usage' };
    command = { kind: PLAIN[word] };
  }
  return command;
}

const isPlain = (word: string): word is keyof typeof PLAIN => Object.hasOwn(PLAIN, word);

function parseRecover(argv: readonly string[]): NameNodeCommand {
  const wrong = argv.find((word) => word.toLowerCase() !== '-force');
  if (wrong === undefined) return { kind: 'recover', force: argv.length > 0 };
  return { kind: 'usage', reason: `Error parsing recovery options: can't understand option "${wrong}"` };
}

function parseFormat(argv: readonly string[]): NameNodeCommand {
  const words = argv.map((word) => word.toLowerCase());
  const at = words.indexOf('-clusterid');
  const clusterId = at < 0 ? undefined : argv[at + 1];
  if (at >= 0 && (clusterId === undefined || clusterId === '' || /^-(?:force|noninteractive)$/i.test(clusterId))) {
    return { kind: 'usage', reason: 'Must specify a valid cluster ID after the -clusterId flag' };
  }
  return { kind: 'format', clusterId, force: words.includes('-force'), nonInteractive: words.includes('-noninteractive') };
}

function parseUpgrade(kind: 'upgrade' | 'upgrade-only', argv: readonly string[]): NameNodeCommand {
  let clusterId: string | undefined;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]?.toLowerCase() ?? '';
    if (word === '-renamereserved' || word.startsWith('-renamereserved')) {
      return { kind: 'refused', reason: `${argv[at]}: no layout that is read here has files under reserved names` };
    }
    if (word !== '-clusterid') return { kind: 'usage', reason: `Unknown upgrade flag: ${argv[at]}` };
    clusterId = argv[++at];
    if (clusterId === undefined || clusterId.startsWith('-')) {
      return { kind: 'usage', reason: 'Must specify a valid cluster ID after the -clusterId flag' };
    }
  }
  return { kind, clusterId };
}

async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  for (;;) {
    terminal.stderr.write(question);
    const answer = (await readLine(terminal))?.trim().toLowerCase();
    if (answer === 'y' || answer === 'yes') return true;
    if (answer === 'n' || answer === 'no' || answer === undefined) return false;
    terminal.stderr.write(`Invalid input: ${answer}\n`);
  }
}

export async function runNameNode(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
  reload: () => Promise<Configuration>,
): Promise<number> {
  if (isHelpWord(argv)) {
    terminal.stdout.write(NAMENODE_USAGE);
    return 0;
  }
  const command = parseNameNodeArguments(argv);
  switch (command.kind) {
    case 'usage':
      if (command.reason !== undefined) terminal.stderr.write(`${command.reason}\n`);
      terminal.stderr.write(NAMENODE_USAGE);
      return 1;
    case 'refused':
      terminal.stderr.write(`namenode ${command.reason}\n`);
      return 1;
    case 'new-cluster-id':
      terminal.stdout.write(`Generated new cluster id: ${terminal.launcher().newClusterId(host)}\n`);
      return 0;
    case 'metadata-version': {
      const { stored, written } = await terminal.launcher().layoutVersions(host, configuration);
      terminal.stdout.write(`HDFS Image Version: ${stored}\nSoftware format version: ${written}\n`);
      return 0;
    }
    case 'format': {
      const { clusterId, force = false, nonInteractive = false } = command;
      const ask = (question: string): Promise<boolean> => confirm(terminal, question);
      const formatted = await terminal
        .launcher()
        .format(host, configuration, { clusterId, force, nonInteractive, confirm: ask });
      return formatted ? 0 : 1;
    }
    case 'recover': {
      const question =
        'Recovery cuts damaged edit logs at the damage; what was logged behind it is lost.\n' +
        'Save copies of the edits and image directories first.\n\nGo on? (Y/N) ';
      if (command.force !== true && !(await confirm(terminal, question))) {
        terminal.stderr.write('Recovery aborted at user request.\n\n');
        return 0;
      }
      const nameNode = await terminal.launcher().startNameNode(host, configuration, { recover: true });
      await nameNode.checkpointer.save();
      await nameNode.stop();
      host.log.log('info', 'namenode', 'recovery is complete');
      return 0;
    }
    case 'rollback': {
      terminal.stderr.write(
        'A rollback removes the present state of the file system and brings back that of before the last upgrade.\n' +
          'It cannot be undone. No NameNode of this cluster may be running.\n',
      );
      if (!(await confirm(terminal, 'Roll back file system state? (Y or N) '))) {
        terminal.stderr.write('Rollback aborted.\n');
        return 1;
      }
      await terminal.launcher().rollBack(host, configuration);
      return 0;
    }
    case 'upgrade-only': {
      const nameNode = await terminal
        .launcher()
        .startNameNode(host, configuration, { startup: 'upgrade', clusterId: command.clusterId });
      await nameNode.stop();
      return 0;
    }
    case 'regular':
    case 'upgrade':
    case 'import': {
      const { kind: startup, clusterId } = command;
      return serve(host, terminal, configuration, 'namenode', async (fail) => {
        host.log.log('info', 'namenode', `starting tuskfs ${VERSION}`);
        const options = { onFatal: fail, startup, clusterId, reload };
        const nameNode = await terminal.launcher().startNameNode(host, configuration, options);
        return () => nameNode.stop();
      });
    }
  }
}

export function runDataNode(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
  reload: () => Promise<Configuration>,
): Promise<number> {
  if (isHelpWord(argv)) {
    terminal.stdout.write(DATANODE_USAGE);
    return Promise.resolve(0);
  }
  const option = argv[0]?.toLowerCase();
  if (option === '-r' || option === '--rack') {
    terminal.stderr.write('-r, --rack arguments are not supported anymore. RackID resolution is handled by the NameNode.\n');
  }
  if (argv.length > 1 || (option !== undefined && option !== '-regular' && option !== '-rollback')) {
    terminal.stderr.write(DATANODE_USAGE);
    return Promise.resolve(1);
  }
  const startOption = option === '-rollback' ? 'rollback' : 'regular';
  return serve(host, terminal, configuration, 'datanode', async (_fail, end) => {
    host.log.log('info', 'datanode', `starting tuskfs ${VERSION}`);
    const dataNode = await terminal
      .launcher()
      .startDataNode(host, configuration, { version: VERSION, startOption, reload, onShutdown: end, isAlone: true });
    return () => dataNode.stop();
  });
}

/** Apache: ShutdownHookManager.getShutdownTimeout. */
const shutdownTimeoutMs = (configuration: Configuration): number =>
  Math.max(1000, configuration.getDuration('hadoop.service.shutdown.timeout'));

async function endsWithin(host: Host, timeoutMs: number, work: Promise<void>): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<false>((resolve) => {
    timer = host.clock.setTimer(timeoutMs, () => resolve(false));
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    timer?.cancel();
  }
}

/** Starts, waits for the end, stops. Exit code 0 after an orderly end, 1 after a failure. */
export async function serve(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  role: string,
  start: (fail: (error: Error) => void, end: () => void) => Promise<() => Promise<void>>,
): Promise<number> {
  let end: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const over = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  // It may fail before anybody waits for it.
  over.catch(() => undefined);
  const { interrupted } = terminal;
  interrupted.addEventListener('abort', () => end(), { once: true });
  if (interrupted.aborted) end();
  let stop: (() => Promise<void>) | undefined;
  try {
    const started = start(
      (error) => fail(error),
      () => end(),
    );
    // Loading a large namespace takes minutes. Nothing is promised until then, and what a start does to directories survives
    // that it is cut off anywhere.
    stop = await Promise.race([started, over.then(() => undefined)]);
  } catch (error) {
    host.log.log('error', role, `cannot start: ${messageOf(error)}`);
    terminal.stderr.write(`${role}: ${messageOf(error)}\n`);
    return 1;
  }
  if (stop === undefined) {
    host.log.log('info', role, 'ends before it has started');
    return 0;
  }
  try {
    await over;
    host.log.log('info', role, 'stopping');
    if (await endsWithin(host, shutdownTimeoutMs(configuration), stop())) return 0;
    host.log.log('error', role, 'has not stopped within hadoop.service.shutdown.timeout; ends at once');
    return 1;
  } catch (error) {
    host.log.log('error', role, `ends because of: ${messageOf(error)}`);
    return 1;
  }
}
