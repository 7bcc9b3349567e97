// hdfs dfsadmin -setQuota, -clrQuota, -setSpaceQuota, -clrSpaceQuota. Apache: DFSAdmin's quota commands.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { LIMITED_STORAGE_TYPES, type LimitedStorageType, type Quotas } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import { parseLong } from '../../config/values.ts';
import type { Host } from '../../host/host.ts';
import { FileSystems } from '../shell/file-systems.ts';
import { expandGlob } from '../shell/glob.ts';
import { HdfsFileSystem } from '../shell/hdfs-file-system.ts';
import type { Terminal } from '../terminal.ts';
import { FAILED } from './dfsadmin-usage.ts';
import { localFileSystem } from './path-argument.ts';

interface Wanted {
  readonly paths: readonly string[];
  apply(quotas: Quotas, path: string): Promise<void>;
}

interface QuotaCommand {
  readonly usage: string;
  /** Throws what is wrong with the words. */
  parse(args: readonly string[]): Wanted;
}

export const QUOTA_COMMANDS: Readonly<Record<string, QuotaCommand>> = {
  '-setQuota': {
    usage: '-setQuota <quota> <dirname>...<dirname>',
    parse: (args) => {
      const [text = '', ...paths] = plain(args, 2);
      const names = wholeNumber(text, `For input string: "${text}"`);
      return { paths, apply: (quotas, path) => quotas.setNames(path, names) };
    },
  },
  '-clrQuota': {
    usage: '-clrQuota <dirname>...<dirname>',
    parse: (args) => ({ paths: plain(args, 1), apply: (quotas, path) => quotas.setNames(path, undefined) }),
  },
  '-setSpaceQuota': {
    usage: '-setSpaceQuota <quota> [-storageType <storagetype>] <dirname>...<dirname>',
    parse: (args) => {
      const [first = '', ...rest] = plain(args, 2);
      const text = first.trim();
      const bytes = wholeNumber(text, `"${text}" is not a valid value for a quota.`);
      const { name, left } = storageTypeOption(rest);
      const type = name === undefined ? undefined : typeNamed(name, unavailable(name));
      return { paths: left, apply: (quotas, path) => quotas.setSpace(path, bytes, { type }) };
    },
  },
  '-clrSpaceQuota': {
    usage: '-clrSpaceQuota [-storageType <storagetype>] <dirname>...<dirname>',
    parse: (args) => {
      // Behind a path it would be a path, too.
      const { name, left } = args[0] === STORAGE_TYPE ? storageTypeOption(args) : { name: undefined, left: args };
      const paths = plain(left, 1);
      const type =
        name === undefined
          ? undefined
          : typeNamed(name, `No enum constant org.apache.hadoop.fs.StorageType.${name.toUpperCase()}`);
      return { paths, apply: (quotas, path) => quotas.setSpace(path, undefined, { type }) };
    },
  },
};

const STORAGE_TYPE = '-storageType';

/** Apache: CommandFormat without options. */
function plain(args: readonly string[], least: number): readonly string[] {
  const option = args[0];
  if (option?.startsWith('-') === true && option.length > 1) throw illegal(`Illegal option ${option}`);
  if (args.length < least) throw illegal(`Not enough arguments: expected ${least} but got ${args.length}`);
  return args;
}

function storageTypeOption(args: readonly string[]): { readonly name: string | undefined; readonly left: readonly string[] } {
  const at = args.indexOf(STORAGE_TYPE);
  if (at < 0) return { name: undefined, left: args };
  const name = args[at + 1];
  if (name === undefined) throw illegal('option -storageType requires 1 argument.');
  return { name, left: [...args.slice(0, at), ...args.slice(at + 2)] };
}

const unavailable = (name: string): string =>
  `Storage type ${name} is not available. Available storage types are [${LIMITED_STORAGE_TYPES.join(', ')}]`;

function typeNamed(name: string, message: string): LimitedStorageType {
  const upper = name.toUpperCase();
  if (upper === 'RAM_DISK') throw illegal("Don't support Quota for storage type : RAM_DISK");
  const type = LIMITED_STORAGE_TYPES.find((each) => each === upper);
  if (type === undefined) throw illegal(message);
  return type;
}

/** With a binary prefix at the end. Apache: StringUtils.TraditionalBinaryPrefix.string2long. */
function wholeNumber(text: string, otherwise: string): number {
  const prefix = text.at(-1) ?? '';
  if (/\D/.test(prefix) && !/[kmgtpe]/i.test(prefix)) {
    throw illegal(`Invalid size prefix '${prefix}' in '${text}'. Allowed prefixes are k, m, g, t, p, e(case insensitive)`);
  }
  const value = parseLong(text);
  if (value !== undefined) return value;
  throw illegal(/^[+-]?\d+[kmgtpe]$/i.test(text) ? `${text} does not fit in a Long` : otherwise);
}

const illegal = (message: string): HdfsError => new HdfsError('EILLEGAL', message);

/** One path after the other; what fails with one is printed, and the others are still done. */
export async function runQuotaCommand(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  command: string,
  args: readonly string[],
): Promise<number> {
  const { usage, parse } = QUOTA_COMMANDS[command] as QuotaCommand;
  const name = command.slice(1);
  const systems = new FileSystems(host, terminal, configuration);
  let code = 0;
  try {
    const { paths, apply } = parse(args);
    for (const path of paths) {
      try {
        await forEach(systems, path, apply);
      } catch (error) {
        if (!(error instanceof HdfsError) || error.code === 'EILLEGAL') throw error;
        terminal.stderr.write(`${name}: ${messageOf(error).split('\n', 1)[0]}\n`);
        code = FAILED;
      }
    }
    return code;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    terminal.stderr.write(`${name}: ${messageOf(error).split('\n', 1)[0]}\nUsage: hdfs dfsadmin [${usage}]\n`);
    return FAILED;
  } finally {
    await systems.close();
  }
}

async function forEach(systems: FileSystems, text: string, apply: Wanted['apply']): Promise<void> {
  const fs = await systems.of(text);
  for (const item of await expandGlob(fs, text)) {
    if (!(fs instanceof HdfsFileSystem)) {
      throw illegal(localFileSystem(`${fs.uri}/`));
    }
    await apply(fs.hdfs.quotas, item.path);
  }
}
