// hdfs lsSnapshottableDir, lsSnapshot, snapshotDiff. Apache: LsSnapshottableDir, LsSnapshot, SnapshotDiff, and the print methods
// of SnapshottableDirectoryStatus and SnapshotStatus.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { formatPermission } from '../../base/mode.ts';
import { type SnapshotDirectory, Snapshots } from '../../client/snapshots.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { emptyPath } from '../shell/path-errors.ts';
import { formatMinute, type Terminal } from '../terminal.ts';
import { pathArgument } from './path-argument.ts';

const LS_DIRECTORIES_USAGE =
  'Usage: \nhdfs lsSnapshottableDir: \n\tDirectories that may have snapshots: one’s own, or all for a super user.\n\n';
const LS_USAGE = 'Invalid no of arguments\nUsage: \nhdfs lsSnapshot <snapshotDir>: \n\tSnapshots of a directory.\n\n';
const DIFF_USAGE =
  'Usage: \nhdfs snapshotDiff <snapshotDir> <from> <to>:\n' +
  '\tWhat differs from one snapshot of a directory to another, or to its tree as it is (".").\n' +
  '\tSnapshots are given by their names, ".snapshot/" before them or not.\n\n';

/** Nobody catches Hadoop's exception of it. */
const NO_PATH = `java.lang.IllegalArgumentException: ${emptyPath().message}\n`;

export async function runLsSnapshottableDir(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  args: readonly string[],
): Promise<number> {
  if (args.length > 0) {
    terminal.stderr.write(LS_DIRECTORIES_USAGE);
    return 1;
  }
  return await asking(terminal, 'lsSnapshottableDir', { host, configuration }, async (snapshots) =>
    listing(terminal, await snapshots.snapshottableDirectories(), [
      { text: (each) => String(each.snapshots), fill: 'start' },
      { text: (each) => String(each.snapshotQuota), fill: 'start' },
    ]),
  );
}

export async function runLsSnapshot(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  args: readonly string[],
): Promise<number> {
  const [directory] = args;
  if (directory === undefined || args.length !== 1) {
    terminal.stderr.write(LS_USAGE);
    return 1;
  }
  if (directory === '') {
    terminal.stderr.write(NO_PATH);
    return 1;
  }
  const at = pathArgument(host, configuration, directory);
  return await asking(terminal, 'lsSnapshot', { host, configuration: at.configuration }, async (snapshots) =>
    listing(terminal, await snapshots.of(at.path), [
      { text: (each) => String(each.id), fill: 'start' },
      { text: (each) => (each.isDeleted ? 'DELETED' : 'ACTIVE') },
    ]),
  );
}

export async function runSnapshotDiff(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  args: readonly string[],
): Promise<number> {
  const [directory, first, second] = args;
  if (directory === undefined || first === undefined || second === undefined || args.length !== 3) {
    terminal.stderr.write(DIFF_USAGE);
    return 1;
  }
  if (directory === '') {
    terminal.stderr.write(NO_PATH);
    return 1;
  }
  const at = pathArgument(host, configuration, directory);
  const [from, to] = [snapshotName(first), snapshotName(second)];
  return await asking(terminal, 'snapshotDiff', { host, configuration: at.configuration }, async (snapshots) => {
    const found = await snapshots.differences(at.path, from, to);
    const lines = found.map(
      ({ label, path, target }) => `${label}\t${relative(path)}${label === 'R' ? ` -> ${relative(target ?? '')}` : ''}\n`,
    );
    const head = `Difference between ${stateName(from)} and ${stateName(to)} under directory ${at.path}:\n`;
    return `${head}${lines.join('')}\n`;
  });
}

/** A snapshot's name without what may stand before it; empty: the tree as it is. */
const snapshotName = (word: string): string => (word === '.' ? '' : word.replace(/^\/?\.snapshot\//, ''));
const stateName = (name: string): string => (name === '' ? 'current directory' : `snapshot ${name}`);
const relative = (path: string): string => (path === '' ? '.' : `./${path}`);

/** Prints what `ask` makes of the answers, or why there are none. */
async function asking(
  terminal: Terminal,
  command: string,
  { host, configuration }: { readonly host: Host; readonly configuration: Configuration },
  ask: (snapshots: Snapshots) => Promise<string>,
): Promise<number> {
  try {
    using snapshots = new Snapshots(host, configuration);
    terminal.stdout.write(await ask(snapshots));
    return 0;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    terminal.stderr.write(`${command}: ${messageOf(error).split('\n', 1)[0]}\n`);
    return 1;
  }
}

interface Column<D> {
  readonly text: (each: D) => string;
  /** On which side it is filled up to the widest. */
  readonly fill?: 'start' | 'end';
}

/** A line for each directory; `more` are the columns before its path. */
function listing<D extends SnapshotDirectory>(
  terminal: Terminal,
  directories: readonly D[],
  more: readonly Column<D>[],
): string {
  if (directories.length === 0) return '\n';
  const columns: readonly Column<D>[] = [
    { text: ({ mode }) => `d${formatPermission(mode)}` },
    { text: ({ replication }) => String(replication), fill: 'start' },
    { text: ({ owner }) => owner, fill: 'end' },
    { text: ({ group }) => group, fill: 'end' },
    { text: ({ length }) => String(length), fill: 'start' },
    { text: ({ mtime }) => formatMinute(terminal.localTime(mtime)) },
    ...more,
    { text: ({ path }) => path },
  ];
  const cells = columns.map(({ text, fill }) => {
    const width = Math.max(...directories.map((each) => text(each).length));
    return (each: D): string => {
      if (fill === undefined) return text(each);
      return fill === 'start' ? text(each).padStart(width) : text(each).padEnd(width);
    };
  });
  return directories.map((each) => `${cells.map((cell) => cell(each)).join(' ')}\n`).join('');
}
