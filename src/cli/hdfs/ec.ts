// hdfs ec, with Apache's text: policies, codecs, the policy of a path, whether the cluster can carry a policy, and changes,
// for NameNodes that take them. Apache: ECAdmin.
import { HdfsError } from '../../base/errors.ts';
import type { ErasureCoding, ErasureCodingPolicyInfo } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import type { ShellFileSystem } from '../shell/file-system.ts';
import type { FileSystems } from '../shell/file-systems.ts';
import type { Terminal } from '../terminal.ts';
import {
  type AdminCommand,
  type AdminContext,
  FAILED,
  fileSystemOf,
  hdfsOf,
  misuse,
  placeOf,
  pretty,
  refusing,
  required,
  runAdminTool,
} from './admin-tool.ts';
import { type Words, WrongWord } from './words.ts';

const SET_FAILED = 3;

export const runErasureCoding = (
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> => runAdminTool({ name: 'ec', commands: COMMANDS }, host, terminal, configuration, argv);

/** As Hadoop's ErasureCodingPolicyInfo prints itself. */
function text({ name, codec, dataUnits, parityUnits, options, cellSize, id, state }: ErasureCodingPolicyInfo): string {
  const more = options.map(({ key, value }) => `, ${key}=${value}`).join('');
  const schema = `ECSchema=[Codec=${codec}, numDataUnits=${dataUnits}, numParityUnits=${parityUnits}${more}]`;
  return `ErasureCodingPolicy=[Name=${name}, Schema=[${schema}], CellSize=${cellSize}, Id=${id}], State=${state}`;
}

/** Ends the command where words are left. */
function allTaken({ words, usage }: AdminContext): void {
  if (words.left.length > 0) misuse(`${usage.split(' ', 1)[0]}: Too many arguments`);
}

/** The file system of the configuration. */
const standard = async (systems: FileSystems): Promise<ErasureCoding> => hdfsOf(await fileSystemOf(systems, '/')).erasureCoding;

/** A change of one policy, named by -policy. */
const changing = (
  command: string,
  change: (terminal: Terminal, erasureCoding: ErasureCoding, policy: string) => Promise<void>,
): AdminCommand => ({
  usage: `${command} -policy <policy>`,
  run: async (context) => {
    const policy = required(context, '-policy', 'Please specify the policy name.');
    allTaken(context);
    await change(context.terminal, await standard(context.systems), policy);
    return 0;
  },
});

async function hasEntries(fs: ShellFileSystem, at: string): Promise<boolean> {
  for await (const _entry of fs.list(at)) return true;
  return false;
}

/** The policies behind -policy: at least one, and no more options. */
function policiesIn(words: Words): readonly string[] {
  const option = words.left.find((word) => /^-./.test(word));
  if (option !== undefined) throw new WrongWord(`Illegal option ${option}`, 'UnknownOptionException');
  if (words.left.length === 0) {
    throw new WrongWord('Not enough arguments: expected 1 but got 0', 'NotEnoughArgumentsException');
  }
  return words.left;
}

const COMMANDS: Readonly<Record<string, AdminCommand>> = {
  '-listPolicies': {
    usage: '-listPolicies',
    run: async (context) => {
      allTaken(context);
      const policies = await (await standard(context.systems)).list();
      const lines =
        policies.length === 0 ? ['There is no erasure coding policies in the cluster.'] : ['Erasure Coding Policies:'];
      context.terminal.stdout.write(`${[...lines, ...policies.map(text)].join('\n')}\n`);
      return 0;
    },
  },

  '-addPolicies': {
    usage: '-addPolicies -policyFile <file>',
    run: refusing('erasure coding is not built yet', (context) => {
      required(context, '-policyFile', 'Please specify the path with -policyFile.');
      allTaken(context);
    }),
  },

  '-getPolicy': {
    usage: '-getPolicy -path <path>',
    run: async (context) => {
      const path = required(context, '-path', 'Please specify the path with -path.');
      allTaken(context);
      const { fs, at } = await placeOf(context.systems, path);
      const policy = await hdfsOf(fs).erasureCoding.of(at);
      context.terminal.stdout.write(`${policy ?? `The erasure coding policy of ${path} is unspecified`}\n`);
      return 0;
    },
  },

  '-removePolicy': changing('-removePolicy', async ({ stdout }, erasureCoding, policy) => {
    await erasureCoding.remove(policy);
    // Hadoop forgets the blank, too.
    stdout.write(`Erasure coding policy ${policy}is removed\n`);
  }),

  '-setPolicy': {
    usage: '-setPolicy -path <path> [-policy <policy>] [-replicate]',
    run: async (context) => {
      const { terminal, systems, words } = context;
      const path = required(context, '-path', 'Please specify the path for setting the EC policy.');
      const policy = words.value('-policy');
      const replicate = words.flag('-replicate');
      allTaken(context);
      if (replicate && policy !== undefined) {
        misuse('-setPolicy: -replicate and -policy cannot been used at the same time', FAILED);
      }
      const name = replicate ? 'replication' : policy;
      const { fs, at } = await placeOf(systems, path);
      const { erasureCoding } = hdfsOf(fs);
      try {
        await erasureCoding.set(at, name);
        const shown = name ?? 'default';
        terminal.stdout.write(`Set ${shown} erasure coding policy on ${path}\n`);
        if (await hasEntries(fs, at)) {
          terminal.stdout.write(
            'Warning: setting erasure coding policy on a non-empty directory will not automatically convert existing files to ' +
              `${shown} erasure coding policy\n`,
          );
        }
        return 0;
      } catch (error) {
        if (!(error instanceof HdfsError)) throw error;
        terminal.stderr.write(`${pretty(error)}\n`);
        return SET_FAILED;
      }
    },
  },

  '-unsetPolicy': {
    usage: '-unsetPolicy -path <path>',
    run: async (context) => {
      const { terminal, systems } = context;
      const path = required(context, '-path', 'Please specify a path.');
      allTaken(context);
      const { fs, at } = await placeOf(systems, path);
      await hdfsOf(fs).erasureCoding.unset(at);
      terminal.stdout.write(`Unset erasure coding policy from ${path}\n`);
      if (await hasEntries(fs, at)) {
        terminal.stdout.write(
          'Warning: unsetting erasure coding policy on a non-empty directory will not automatically convert existing files to ' +
            'replicated data.\n',
        );
      }
      return 0;
    },
  },

  '-listCodecs': {
    usage: '-listCodecs',
    run: async (context) => {
      allTaken(context);
      const codecs = await (await standard(context.systems)).codecs();
      const lines =
        codecs.length === 0
          ? ['No erasure coding codecs are supported on the cluster.']
          : ['Erasure Coding Codecs: Codec [Coder List]'];
      for (const { codec, coders } of codecs) lines.push(`\t${codec.toUpperCase()} [${coders.toUpperCase()}]`);
      context.terminal.stdout.write(`${lines.join('\n')}\n`);
      return 0;
    },
  },

  '-enablePolicy': changing('-enablePolicy', async ({ stdout, stderr }, erasureCoding, policy) => {
    await erasureCoding.enable(policy);
    stdout.write(`Erasure coding policy ${policy} is enabled\n`);
    const { isSupported, resultMessage } = await erasureCoding.verify([policy]);
    if (isSupported) return;
    stderr.write(`Warning: The cluster setup does not support EC policy ${policy}. Reason: ${resultMessage}\n`);
  }),

  '-disablePolicy': changing('-disablePolicy', async ({ stdout }, erasureCoding, policy) => {
    await erasureCoding.disable(policy);
    stdout.write(`Erasure coding policy ${policy} is disabled\n`);
  }),

  '-verifyClusterSetup': {
    usage: '-verifyClusterSetup [-policy <policy>...<policy>]',
    run: async (context) => {
      const { terminal, systems, words } = context;
      const named = words.flag('-policy');
      if (!named) allTaken(context);
      const policies = named ? policiesIn(words) : [];
      const { isSupported, resultMessage } = await (await standard(systems)).verify(policies).catch((error: unknown) => {
        if (!(error instanceof HdfsError) || error.code !== 'EINVAL') throw error;
        throw new WrongWord(error.message, 'HadoopIllegalArgumentException');
      });
      terminal.stdout.write(`${resultMessage}\n`);
      return isSupported ? 0 : FAILED;
    },
  },
};
