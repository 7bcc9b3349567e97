// What every verb of `tuskfs` shares: where the configuration comes from, how answers are printed, how several paths are
// worked through when some of them fail.
import { HdfsError } from '../base/errors.ts';
import { HdfsAdmin } from '../client/admin.ts';
import { connect, type Hdfs } from '../client/index.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import type { Host } from '../host/host.ts';
import { EXIT, explain, printError } from './errors.ts';
import { absolutePath } from './paths.ts';
import type { ShellFileSystem } from './shell/file-system.ts';
import { expandGlob } from './shell/glob.ts';
import { HdfsFileSystem } from './shell/hdfs-file-system.ts';
import type { Item } from './shell/item.ts';
import { LocalFileSystem } from './shell/local-file-system.ts';
import { notFound } from './shell/path-errors.ts';
import { nobodyReads, type Terminal } from './terminal.ts';

export interface GlobalOptions {
  readonly config?: string;
  readonly uri?: string;
  readonly user?: string;
  readonly define?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export type HostMaker = (logLevel: 'info' | 'error') => Host;

/** Where `tuskfs dev` writes the configuration of its clients, below its directory. */
const DEV_CONFIGURATION = '.tuskfs/conf';
/** What of `hdfs://HOST:PORT/path` names the cluster. */
const CLUSTER = /^hdfs:\/\/[^/]+/;
/** A person would rather hear at once that nobody listens. */
const QUICK_FAILURE = { 'ipc.client.connect.max.retries': '1' };

export type JsonLine = Readonly<Record<string, unknown>>;

export class VerbContext {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly options: GlobalOptions;
  readonly local: ShellFileSystem;
  /** One JSON document a line rather than text for people. */
  readonly json: boolean;
  exitCode: number = EXIT.ok;
  #configuration: Configuration | undefined;
  #hdfs: Hdfs | undefined;
  #admin: HdfsAdmin | undefined;
  #fs: ShellFileSystem | undefined;
  /** Arguments that say in which cluster they lie. */
  readonly #uris: readonly string[];

  constructor(host: Host, terminal: Terminal, options: GlobalOptions, args: readonly unknown[] = []) {
    this.host = host;
    this.terminal = terminal;
    this.#uris = args.flat().filter((arg) => typeof arg === 'string' && CLUSTER.test(arg)) as string[];
    this.options = { ...options, uri: options.uri ?? this.#uris[0]?.match(CLUSTER)?.[0] };
    this.local = new LocalFileSystem(host, terminal);
    this.json = options.json ?? !terminal.stdout.isTty;
  }

  /** The configuration, whether it names a cluster or not. */
  async files(): Promise<Configuration> {
    if (this.#configuration === undefined) {
      const { host, terminal, options } = this;
      let directory = options.config ?? host.machine.env('HADOOP_CONF_DIR');
      if ((directory === undefined || directory === '') && options.uri === undefined) {
        const dev = `${terminal.cwd}/${DEV_CONFIGURATION}`;
        if (await host.disk.exists(dev)) directory = dev;
      }
      if (directory === '') directory = undefined;
      const overrides: Record<string, string> = { ...QUICK_FAILURE };
      for (const pair of options.define ?? []) {
        const equals = pair.indexOf('=');
        if (equals <= 0) throw new HdfsError('EINVAL', `-D ${pair}: must be KEY=VALUE`);
        overrides[pair.slice(0, equals)] = pair.slice(equals + 1);
      }
      this.#configuration = await loadConfiguration(host, {
        directory: directory === undefined ? undefined : absolutePath(directory, terminal.cwd),
        overrides,
      });
    }
    return this.#configuration;
  }

  async configuration(): Promise<Configuration> {
    const configuration = await this.files();
    if (this.options.uri === undefined && !configuration.isSet('fs.defaultFS')) {
      throw new HdfsError(
        'EINVAL',
        'no cluster is named: write hdfs://HOST:PORT/PATH, give --uri hdfs://HOST:PORT or --config DIR, set HADOOP_CONF_DIR, or start one here with `tuskfs dev`',
      );
    }
    return configuration;
  }

  async hdfs(): Promise<Hdfs> {
    if (this.#hdfs === undefined) {
      const configuration = await this.configuration();
      const { uri, user } = this.options;
      const hdfs = await connect({ uri, user, configuration, host: this.host });
      this.#hdfs = hdfs;
      // A verb works in one cluster: a path of another one must not be looked up here.
      for (const text of this.#uris) hdfs.resolve(text);
    }
    return this.#hdfs;
  }

  /** What administrators ask, of the same cluster and as the same user. */
  async admin(): Promise<HdfsAdmin> {
    if (this.#admin === undefined) {
      const configuration = await this.configuration();
      const { uri, user } = this.options;
      this.#admin = new HdfsAdmin(
        this.host,
        uri === undefined ? configuration : configuration.with({ 'fs.defaultFS': uri }),
        user,
      );
    }
    return this.#admin;
  }

  async fs(): Promise<ShellFileSystem> {
    if (this.#fs === undefined) {
      const hdfs = await this.hdfs();
      const trashIntervalMs = (await this.configuration()).getDuration('fs.trash.interval');
      this.#fs = new HdfsFileSystem(hdfs, trashIntervalMs, this.terminal.interrupted);
    }
    return this.#fs;
  }

  /** What a path or pattern means. Throws when there is nothing. */
  async items(text: string): Promise<readonly Item[]> {
    const items = await expandGlob(await this.fs(), text);
    if (items.length === 0) throw notFound(text);
    return items;
  }

  /** Prints one answer: `line` as JSON, or the text for people. */
  async answer(line: JsonLine, text: () => string): Promise<void> {
    const { stdout } = this.terminal;
    stdout.write(`${this.json ? JSON.stringify(line, jsonValue) : text()}\n`);
    await stdout.ready();
  }

  /**
   * Does something for each path or pattern. A failure is printed and the next path tried; the exit code is then that of
   * the only failure, or `partial` when others went well.
   */
  async each(paths: readonly string[], verb: string, action: (item: Item) => Promise<void>): Promise<void> {
    let done = 0;
    let failures = 0;
    let code: number = EXIT.ok;
    for (const text of paths) {
      try {
        for (const item of await this.items(text)) {
          try {
            await action(item);
            done++;
          } catch (error) {
            this.#rethrowUnlessOfPath(error);
            failures++;
            const printed = printError(this.terminal, `tuskfs ${verb}`, error);
            code ||= printed;
          }
        }
      } catch (error) {
        this.#rethrowUnlessOfPath(error);
        failures++;
        const printed = printError(this.terminal, `tuskfs ${verb}`, error);
        code ||= printed;
      }
    }
    if (failures > 0) this.exitCode = done > 0 ? EXIT.partial : code;
  }

  /** Prints what went wrong with a part of what `verb` does, which goes on with the others. */
  failedInPart(verb: string, error: unknown): void {
    this.#rethrowUnlessOfPath(error);
    printError(this.terminal, `tuskfs ${verb}`, error);
    this.exitCode = EXIT.partial;
  }

  #rethrowUnlessOfPath(error: unknown): void {
    // Without a cluster no other path will do better.
    if (this.terminal.interrupted.aborted || explain(error).exitCode === EXIT.unavailable) throw error;
    if (nobodyReads(error)) throw error;
  }

  async close(): Promise<void> {
    this.#admin?.close();
    await this.#hdfs?.close();
  }
}

function jsonValue(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value;
}
