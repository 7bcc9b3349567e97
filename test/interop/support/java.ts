// Java for the interop tests: Hadoop's jars (fetched once by Maven into the user's cache), our own programs of java/ (compiled
// once), an archive of Hadoop's classes, from which a JVM starts for half of the time, and the words of a command line.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';

export const HADOOP_VERSION = '3.5.0';
const INTEROP = resolve(import.meta.dirname, '..');
const SOURCES = join(INTEROP, 'java');
const CACHE = join(homedir(), '.cache/tuskfs/apache');
const MAVEN_LIMIT_MS = 900_000;

const CLASSES: Readonly<Record<string, string>> = {
  namenode: 'org.apache.hadoop.hdfs.server.namenode.NameNode',
  datanode: 'org.apache.hadoop.hdfs.server.datanode.DataNode',
  dfs: 'org.apache.hadoop.fs.FsShell',
  dfsadmin: 'org.apache.hadoop.hdfs.tools.DFSAdmin',
  getconf: 'org.apache.hadoop.hdfs.tools.GetConf',
  fsck: 'org.apache.hadoop.hdfs.tools.DFSck',
  debug: 'org.apache.hadoop.hdfs.tools.DebugAdmin',
  oiv: 'org.apache.hadoop.hdfs.tools.offlineImageViewer.OfflineImageViewerPB',
  oev: 'org.apache.hadoop.hdfs.tools.offlineEditsViewer.OfflineEditsViewer',
};

/** Each set by its file of Maven's: what HDFS needs; that with Hadoop's own tests, distcp and what distcp runs in; HttpFS; and HBase. */
const JAR_SETS = { hdfs: 'pom.xml', tools: 'pom-tools.xml', httpfs: 'pom-httpfs.xml', hbase: 'pom-hbase.xml' } as const;
export type JarSet = keyof typeof JAR_SETS;

export type Found = { readonly directory: string } | { readonly missing: string };

const digestOf = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 8);
};

/** Makes a file or a directory of the cache. Renamed when it is whole: what was interrupted, or runs beside us, is never taken for it. */
function cached(path: string, make: (fresh: string) => void): string {
  if (existsSync(path)) return path;
  const fresh = `${path}.${process.pid}`;
  mkdirSync(CACHE, { recursive: true });
  rmSync(fresh, { recursive: true, force: true });
  make(fresh);
  try {
    renameSync(fresh, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
    rmSync(fresh, { recursive: true });
  }
  return path;
}

/** What Java says of itself, and undefined where there is none. */
function findJava(): string | undefined {
  const { status, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return status === 0 ? stderr : undefined;
}

let java: { readonly version: string | undefined } | undefined;

function javaVersion(): string | undefined {
  java ??= { version: findJava() };
  return java.version;
}

/** Directory of the jars, or why there are none. Fetches them the first time. */
function findJars(set: JarSet): Found {
  if (javaVersion() === undefined) return { missing: 'Java is not installed' };
  const given = process.env.HADOOP_LIB;
  if (given !== undefined && set === 'hdfs')
    return existsSync(given) ? { directory: given } : { missing: `HADOOP_LIB is not there: ${given}` };
  const pom = join(INTEROP, JAR_SETS[set]);
  const directory = join(CACHE, `${HADOOP_VERSION}-${digestOf(readFileSync(pom))}`);
  if (existsSync(directory)) return { directory };
  if (spawnSync('mvn', ['-version'], { stdio: 'ignore' }).status !== 0) return { missing: 'Maven is not installed' };
  try {
    cached(directory, (fresh) => {
      mkdirSync(fresh);
      const output = ['dependency:copy-dependencies', `-DoutputDirectory=${fresh}`];
      const words = ['-q', '-B', '-f', pom, `-Dhadoop.version=${HADOOP_VERSION}`, ...output];
      const { status } = spawnSync('mvn', words, { stdio: ['ignore', 'inherit', 'inherit'], timeout: MAVEN_LIMIT_MS });
      if (status !== 0) throw new Error(`Maven ended with ${status}`);
    });
  } catch (error) {
    return { missing: `Maven could not fetch Hadoop ${HADOOP_VERSION}: ${String(error)}` };
  }
  return { directory };
}

const jars = new Map<JarSet, Found>();

export function jarsOrReason(set: JarSet): Found {
  const found = jars.get(set) ?? findJars(set);
  jars.set(set, found);
  return found;
}

/** Directory of Hadoop's jars. Throws where there are none. */
export function jarDirectory(set: JarSet = 'hdfs'): string {
  const found = jarsOrReason(set);
  if ('missing' in found) throw new Error(found.missing);
  return found.directory;
}

/** The jars in an order of their own: an archive holds for class paths that begin with those that it was made from. */
function jarPaths(set: JarSet): readonly string[] {
  const list = (directory: string): string[] =>
    readdirSync(directory)
      .filter((name) => name.endsWith('.jar'))
      .sort()
      .map((name) => join(directory, name));
  if (set !== 'tools') return list(jarDirectory(set));
  const first = list(jarDirectory());
  const names = new Set(first.map((path) => basename(path)));
  return [...first, ...list(jarDirectory('tools')).filter((path) => !names.has(basename(path)))];
}

/** Where the archive of Hadoop's classes is, or is to be made. */
export function archivePath(): string {
  return join(CACHE, `${HADOOP_VERSION}-${digestOf(jarPaths('hdfs').join('\n'), javaVersion() ?? '')}.jsa`);
}

/** Directory of the classes of one of our programs. */
function compiled(source: string, set: JarSet): string {
  const path = join(SOURCES, source);
  const directory = join(CACHE, `${basename(source, '.java')}-${digestOf(readFileSync(path), javaVersion() ?? '')}`);
  return cached(directory, (fresh) => {
    const { status, stderr } = spawnSync('javac', ['-cp', jarPaths(set).join(':'), '-d', fresh, path], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${source}: ${stderr}`);
  });
}

const COLLECTOR = /^-XX:\+Use\w+GC$/;

export interface JavaOptions {
  /** Directory with the configuration of Hadoop. */
  readonly conf?: string | undefined;
  readonly options?: readonly string[];
  readonly jars?: JarSet;
  /** Makes the archive of classes at its end, instead of starting from it. */
  readonly archiveTo?: string;
}

/** Words of a command line that runs one of Hadoop's classes, by its name or by that of an `hdfs` subcommand, or one of java/*.java. */
export function javaWords(
  command: string,
  { conf, options = [], jars = 'hdfs', archiveTo }: JavaOptions = {},
): readonly string[] {
  const isSource = command.endsWith('.java');
  // An archive is made with nothing but jars in the path: the program is then compiled as it starts.
  const isCompiled = isSource && archiveTo === undefined;
  const directories = [...(isCompiled ? [compiled(command, jars)] : []), SOURCES, ...(conf === undefined ? [] : [conf])];
  const paths = [...jarPaths(jars), ...(archiveTo === undefined ? directories : [])];
  const program = isSource ? join(SOURCES, command) : (CLASSES[command] ?? command);
  const archive = archivePath();
  const archiving =
    archiveTo === undefined
      ? (jars === 'hdfs' || jars === 'tools') && existsSync(archive)
        ? [`-XX:SharedArchiveFile=${archive}`]
        : []
      : [`-XX:ArchiveClassesAtExit=${archiveTo}`];
  return [
    // None of them lives for long, and there is no room for threads of many compilers and collectors.
    '-XX:TieredStopAtLevel=1',
    ...(options.some((option) => COLLECTOR.test(option)) ? [] : ['-XX:+UseSerialGC']),
    ...archiving,
    '-Xlog:disable',
    ...options,
    `-Dlog4j.configuration=file:${join(SOURCES, 'log4j.properties')}`,
    '-Dhadoop.log.dir=.',
    '--add-opens=java.base/java.lang=ALL-UNNAMED',
    '--add-opens=java.base/java.nio=ALL-UNNAMED',
    '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
    '-cp',
    paths.join(':'),
    isCompiled ? basename(command, '.java') : program,
  ];
}
