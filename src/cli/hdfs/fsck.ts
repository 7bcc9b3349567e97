// hdfs fsck: asks the NameNode's web server for a report on the blocks of a tree, prints it as it comes, and takes the exit
// code from its last line. Apache: DFSck.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { callerName } from '../../client/caller.ts';
import type { Hdfs } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { FileSystems } from '../shell/file-systems.ts';
import { HdfsFileSystem } from '../shell/hdfs-file-system.ts';
import { Item } from '../shell/item.ts';
import type { Terminal } from '../terminal.ts';
import { webAddress } from '../web-address.ts';
import { isHelpWord } from './help-word.ts';

const FAILED = 255;

/** Options, and how each travels. */
const FLAGS: Readonly<Record<string, string>> = {
  '-move': 'move',
  '-delete': 'delete',
  '-files': 'files',
  '-openforwrite': 'openforwrite',
  '-blocks': 'blocks',
  '-locations': 'locations',
  '-racks': 'racks',
  '-replicaDetails': 'replicadetails',
  '-upgradedomains': 'upgradedomains',
  '-storagepolicies': 'storagepolicies',
  '-showprogress': 'showprogress',
  '-list-corruptfileblocks': 'listcorruptfileblocks',
  '-includeSnapshots': 'includeSnapshots',
  '-maintenance': 'maintenance',
  '-replicate': 'replicate',
};

const USAGE = [
  'Usage: hdfs fsck <path> [-list-corruptfileblocks | [-move | -delete | -openforwrite] ' +
    '[-files [-blocks [-locations | -racks | -replicaDetails | -upgradedomains]]]] ' +
    '[-includeSnapshots] [-showprogress] [-storagepolicies] [-maintenance] [-blockId <blk_Id>] [-replicate]',
  '\t<path>\twhere the check begins',
  '\t-move\tput what is left of broken files into /lost+found',
  '\t-delete\tremove broken files',
  '\t-files\tname every file that is checked',
  '\t-openforwrite\tcheck files that are being written, too',
  '\t-includeSnapshots\tcheck snapshots, too; there are none',
  '\t-list-corruptfileblocks\tonly list blocks without a good replica, and their files',
  '\t-files -blocks\tshow the blocks of each file',
  '\t-files -blocks -locations\tand where their replicas are',
  '\t-files -blocks -racks\tand on which racks',
  '\t-files -blocks -replicaDetails\tand how each replica stands',
  '\t-files -blocks -upgradedomains\tand in which upgrade domain',
  '\t-storagepolicies\tsum up how blocks lie beside what their storage policies want',
  '\t-maintenance\tshow nodes in maintenance as such',
  '\t-blockId\tshow one block: its file, its replicas, how they stand',
  '\t-replicate\tcopy blocks whose places are not good enough',
  '',
  '',
].join('\n');

interface Asked {
  readonly path: string;
  readonly query: string;
  readonly listOnly: boolean;
}

/** Undefined: the words are wrong, and that was said. */
function parse(terminal: Terminal, args: readonly string[], user: string): Asked | undefined {
  let path: string | undefined;
  let query = `ugi=${encodeURIComponent(user)}`;
  let listOnly = false;
  const wrong = (message: string): undefined => {
    terminal.stderr.write(`fsck: ${message}\n${USAGE}`);
    return undefined;
  };
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    const flag = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
    if (flag !== undefined) {
      query += `&${flag}=1`;
      if (flag === 'listcorruptfileblocks') listOnly = true;
    } else if (word === '-blockId') {
      const ids: string[] = [];
      while (i + 1 < args.length && !(args[i + 1] as string).startsWith('-')) ids.push(args[++i] as string);
      query += `&blockId=${ids.map((id) => `${encodeURIComponent(id)}+`).join('')}`;
    } else if (word.startsWith('-')) return wrong(`Illegal option '${word}'`);
    else if (path !== undefined) return wrong(`can only operate on one path at a time '${word}'`);
    else path = word;
  }
  return { path: path ?? '/', query, listOnly };
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

const EXIT_BY_ENDING: readonly (readonly [ending: string, code: number])[] = [
  ['is HEALTHY', 0],
  ['is CORRUPT', 1],
  ['does not exist', 0],
  ['is EXCESS', 0],
  ['is DECOMMISSIONED', 2],
  ['is DECOMMISSIONING', 3],
  ['is IN MAINTENANCE', 4],
  ['is ENTERING MAINTENANCE', 5],
  ['is STALE', 6],
];

function exitCodeOf(lastLine: string): number {
  if (lastLine.includes('Incorrect blockId format:')) return 0;
  return EXIT_BY_ENDING.find(([ending]) => lastLine.endsWith(ending))?.[1] ?? FAILED;
}

async function listCorrupt(host: Host, terminal: Terminal, url: string, path: string): Promise<number> {
  let shown = 0;
  for (let cookie = '', done = false; !done; ) {
    const next = cookie === '' ? url : `${url}&startblockafter=${cookie}`;
    const { body } = await host.http.request(next);
    for await (const line of linesOf(body)) {
      if (line.startsWith('Cookie:')) cookie = line.split('\t')[1] ?? '';
      else if (/(has no CORRUPT files|has no more CORRUPT files|does not exist)$/.test(line)) done = true;
      else if (line.startsWith('Access denied for user')) {
        terminal.stdout.write(`Failed to open path '${path}': Permission denied\n`);
        return FAILED;
      } else if (line.endsWith('FAILED')) {
        terminal.stdout.write(`${line}\n`);
        return FAILED;
      } else if (line !== '' && !/^(FSCK (started|ended)|The filesystem under path)/.test(line)) {
        if (shown++ === 0) terminal.stdout.write(`The list of corrupt blocks under path '${path}' are:\n`);
        terminal.stdout.write(`${line}\n`);
      }
    }
  }
  terminal.stdout.write(`The filesystem under path '${path}' has ${shown} CORRUPT blocks\n`);
  return shown === 0 ? 0 : FAILED;
}

/** Throws, naming a path as Hadoop's client does: in full, unless it was given from the root. */
async function requireAny(client: Hdfs, text: string, path: string): Promise<void> {
  try {
    await client.stat(path);
  } catch (error) {
    if (!(error instanceof HdfsError) || error.code !== 'ENOENT' || text.startsWith('/')) throw error;
    throw new HdfsError('ENOENT', `File does not exist: ${client.uri}${path}`, { path });
  }
}

/** What is answered without a look at the configuration; undefined: more has to be done. */
export function fsckHelp(terminal: Terminal, args: readonly string[]): number | undefined {
  // Behind the command itself, -files is the generic option of that name.
  if (args.length === 0 || args[0] === '-files') {
    terminal.stderr.write(USAGE);
    return FAILED;
  }
  if (!isHelpWord(args)) return undefined;
  terminal.stdout.write(USAGE);
  return 0;
}

interface Place {
  /** Without scheme and authority. */
  readonly path: string;
  /** Of the web server. */
  readonly address: string;
}

/** Undefined: it is no HDFS, and that was said. */
async function placeOf(host: Host, terminal: Terminal, configuration: Configuration, text: string): Promise<Place | undefined> {
  const systems = new FileSystems(host, terminal, configuration);
  try {
    const fs = await systems.of(text);
    const { path } = new Item(fs, text, undefined);
    if (fs instanceof HdfsFileSystem) {
      await requireAny(fs.hdfs, text, path);
      return { path, address: webAddress(configuration.with({ 'fs.defaultFS': fs.uri })) };
    }
    if ((await fs.stat(path)) === undefined) throw new HdfsError('ENOENT', `File file:${path} does not exist`);
    terminal.stderr.write(`FileSystem is ${fs.uri}/\n`);
    return undefined;
  } finally {
    await systems.close();
  }
}

export async function runFsck(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  args: readonly string[],
): Promise<number> {
  if (args.length === 0) {
    terminal.stderr.write(USAGE);
    return FAILED;
  }
  const user = callerName(host);
  const asked = parse(terminal, args, user);
  if (asked === undefined) return FAILED;
  let place: Place | undefined;
  try {
    place = await placeOf(host, terminal, configuration, asked.path);
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EILLEGAL') {
      terminal.stderr.write(`${error.javaClass}: ${error.message}\n`);
      return 1;
    }
    const name = error instanceof HdfsError ? `${error.javaClass}: ` : '';
    terminal.stderr.write(`FileSystem is inaccessible due to:\n${name}${messageOf(error)}\n`);
  }
  if (place === undefined) {
    terminal.stderr.write('DFSck exiting.\n');
    return 0;
  }
  const { address, path } = place;
  const url = `http://${address}/fsck?${asked.query}&path=${encodeURIComponent(path)}`;
  terminal.stderr.write(`Connecting to namenode via ${url}\n`);
  if (asked.listOnly) return listCorrupt(host, terminal, url, asked.path);
  let last = '';
  const { body } = await host.http.request(url);
  for await (const line of linesOf(body)) {
    terminal.stdout.write(`${line}\n`);
    last = line;
  }
  return exitCodeOf(last);
}
