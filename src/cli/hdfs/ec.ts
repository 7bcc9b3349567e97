// hdfs ec, with Apache's text: policies, codecs, the policy of a path, whether the cluster can carry a policy, and changes,
// for NameNodes that take them. Apache: ECAdmin.
import { HdfsError } from '../../base/errors.ts';
import type { ErasureCodingPolicyInfo } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import type { FileSystems } from '../shell/file-systems.ts';
import type { Terminal } from '../terminal.ts';
import { FAILED, hdfsOf, missing, placeOf, pretty, type Runner, runAdminTool, USAGE_FAILED } from './admin-tool.ts';

const SET_FAILED = 3;

const COMMANDS = [
  '[-listPolicies]',
  '[-getPolicy -path <path>]',
  '[-removePolicy -policy <policy>]',
  '[-setPolicy -path <path> [-policy <policy>] [-replicate]]',
  '[-unsetPolicy -path <path>]',
  '[-listCodecs]',
  '[-enablePolicy -policy <policy>]',
  '[-disablePolicy -policy <policy>]',
  '[-verifyClusterSetup [-policy <policy>...<policy>]]',
  '[-help <command-name>]',
];

export const runErasureCoding = (
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> => runAdminTool({ name: 'ec', usages: COMMANDS, runners: RUNNERS }, host, terminal, configuration, argv);

/** As Hadoop's ErasureCodingPolicyInfo prints itself. */
function text({ name, codec, dataUnits, parityUnits, options, cellSize, id, state }: ErasureCodingPolicyInfo): string {
  const more = options.map(({ key, value }) => `, ${key}=${value}`).join('');
  const schema = `ECSchema=[Codec=${codec}, numDataUnits=${dataUnits}, numParityUnits=${parityUnits}${more}]`;
  return `ErasureCodingPolicy=[Name=${name}, Schema=[${schema}], CellSize=${cellSize}, Id=${id}], State=${state}`;
}

/** The words of a command, option by option; what is left is too many. */
class Words {
  readonly #rest: string[];

  constructor(args: readonly string[]) {
    this.#rest = [...args];
  }

  value(option: string): string | undefined {
    const at = this.#rest.indexOf(option);
    return at < 0 ? undefined : this.#rest.splice(at, 2)[1];
  }

  flag(option: string): boolean {
    const at = this.#rest.indexOf(option);
    if (at >= 0) this.#rest.splice(at, 1);
    return at >= 0;
  }

  get rest(): readonly string[] {
    return this.#rest;
  }
}

function tooMany({ stderr }: Terminal, command: string): number {
  stderr.write(`${command}: Too many arguments\n`);
  return USAGE_FAILED;
}

/** The file system of the configuration. */
const standard = async (systems: FileSystems) => hdfsOf(await systems.of('/'), 'erasure coding');

/** A change of one policy, named by -policy. */
function changing(
  command: string,
  change: (terminal: Terminal, systems: FileSystems, policy: string) => Promise<void>,
): Runner {
  return async (terminal, systems, args) => {
    const words = new Words(args);
    const policy = words.value('-policy');
    if (policy === undefined) return missing(terminal, 'Please specify the policy name.', `${command} -policy <policy>`);
    if (words.rest.length > 0) return tooMany(terminal, command);
    await change(terminal, systems, policy);
    return 0;
  };
}

const RUNNERS: Readonly<Record<string, Runner>> = {
  '-listPolicies': async (terminal, systems, args) => {
    if (args.length > 0) return tooMany(terminal, '-listPolicies');
    const policies = await (await standard(systems)).erasureCoding.list();
    const lines =
      policies.length === 0 ? ['There is no erasure coding policies in the cluster.'] : ['Erasure Coding Policies:'];
    terminal.stdout.write(`${[...lines, ...policies.map(text)].join('\n')}\n`);
    return 0;
  },

  '-listCodecs': async (terminal, systems, args) => {
    if (args.length > 0) return tooMany(terminal, '-listCodecs');
    const codecs = await (await standard(systems)).erasureCoding.codecs();
    const lines =
      codecs.length === 0
        ? ['No erasure coding codecs are supported on the cluster.']
        : ['Erasure Coding Codecs: Codec [Coder List]'];
    for (const { codec, coders } of codecs) lines.push(`\t${codec.toUpperCase()} [${coders.toUpperCase()}]`);
    terminal.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },

  '-getPolicy': async (terminal, systems, args) => {
    const words = new Words(args);
    const path = words.value('-path');
    if (path === undefined) return missing(terminal, 'Please specify the path with -path.', '-getPolicy -path <path>');
    if (words.rest.length > 0) return tooMany(terminal, '-getPolicy');
    const { fs, at } = await placeOf(systems, path);
    const policy = await hdfsOf(fs, 'erasure coding').erasureCoding.of(at);
    terminal.stdout.write(`${policy ?? `The erasure coding policy of ${path} is unspecified`}\n`);
    return 0;
  },

  '-setPolicy': async (terminal, systems, args) => {
    const words = new Words(args);
    const path = words.value('-path');
    const usage = '-setPolicy -path <path> [-policy <policy>] [-replicate]';
    if (path === undefined) return missing(terminal, 'Please specify the path for setting the EC policy.', usage);
    const policy = words.value('-policy');
    const replicate = words.flag('-replicate');
    if (words.rest.length > 0) return tooMany(terminal, '-setPolicy');
    if (replicate && policy !== undefined) {
      terminal.stderr.write('-setPolicy: -replicate and -policy cannot been used at the same time\n');
      return FAILED;
    }
    const name = replicate ? 'replication' : policy;
    const { fs, at } = await placeOf(systems, path);
    try {
      await hdfsOf(fs, 'erasure coding').erasureCoding.set(at, name);
      const shown = name ?? 'default';
      terminal.stdout.write(`Set ${shown} erasure coding policy on ${path}\n`);
      for await (const _entry of fs.list(at)) {
        terminal.stdout.write(
          'Warning: setting erasure coding policy on a non-empty directory will not automatically convert existing files to ' +
            `${shown} erasure coding policy\n`,
        );
        break;
      }
      return 0;
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      terminal.stderr.write(`${pretty(error)}\n`);
      return SET_FAILED;
    }
  },

  '-unsetPolicy': async (terminal, systems, args) => {
    const words = new Words(args);
    const path = words.value('-path');
    if (path === undefined) return missing(terminal, 'Please specify a path.', '-unsetPolicy -path <path>');
    if (words.rest.length > 0) return tooMany(terminal, '-unsetPolicy');
    const { fs, at } = await placeOf(systems, path);
    await hdfsOf(fs, 'erasure coding').erasureCoding.unset(at);
    terminal.stdout.write(`Unset erasure coding policy from ${path}\n`);
    for await (const _entry of fs.list(at)) {
      terminal.stdout.write(
        'Warning: unsetting erasure coding policy on a non-empty directory will not automatically convert existing files to ' +
          'replicated data.\n',
      );
      break;
    }
    return 0;
  },

  '-removePolicy': changing('-removePolicy', async ({ stdout }, systems, policy) => {
    await (await standard(systems)).erasureCoding.remove(policy);
    // Hadoop forgets the blank, too.
    stdout.write(`Erasure coding policy ${policy}is removed\n`);
  }),

  '-enablePolicy': changing('-enablePolicy', async ({ stdout, stderr }, systems, policy) => {
    const { erasureCoding } = await standard(systems);
    await erasureCoding.enable(policy);
    stdout.write(`Erasure coding policy ${policy} is enabled\n`);
    const { isSupported, resultMessage } = await erasureCoding.verify([policy]);
    if (isSupported) return;
    stderr.write(`Warning: The cluster setup does not support EC policy ${policy}. Reason: ${resultMessage}\n`);
  }),

  '-disablePolicy': changing('-disablePolicy', async ({ stdout }, systems, policy) => {
    await (await standard(systems)).erasureCoding.disable(policy);
    stdout.write(`Erasure coding policy ${policy} is disabled\n`);
  }),

  '-verifyClusterSetup': async (terminal, systems, args) => {
    const words = new Words(args);
    const named = words.flag('-policy');
    if (!named && words.rest.length > 0) return tooMany(terminal, '-verifyClusterSetup');
    const { erasureCoding } = await standard(systems);
    const { isSupported, resultMessage } = await erasureCoding.verify(named ? words.rest : []);
    terminal.stdout.write(`${resultMessage}\n`);
    return isSupported ? 0 : FAILED;
  },
};
