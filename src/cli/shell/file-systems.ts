// The file systems that the arguments of one command name; each is connected to once.
import { HdfsError } from '../../base/errors.ts';
import { connect } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import { defaultFileSystem } from '../../config/default-file-system.ts';
import type { Host } from '../../host/host.ts';
import { requireKnownHost } from '../known-host.ts';
import type { Terminal } from '../terminal.ts';
import type { ShellFileSystem } from './file-system.ts';
import { HdfsFileSystem } from './hdfs-file-system.ts';
import { splitPath } from './item.ts';
import { LocalFileSystem } from './local-file-system.ts';
import { emptyPath } from './path-errors.ts';

export class FileSystems {
  readonly local: ShellFileSystem;
  readonly #host: Host;
  readonly #terminal: Terminal;
  readonly #configuration: Configuration;
  readonly #connected = new Map<string, Promise<HdfsFileSystem>>();

  constructor(host: Host, terminal: Terminal, configuration: Configuration) {
    this.#host = host;
    this.#terminal = terminal;
    this.#configuration = configuration;
    const bytesPerSum = configuration.getInt('file.bytes-per-checksum');
    if (bytesPerSum <= 0) {
      throw new HdfsError('EILLEGAL', `bytes per checksum should be positive but was ${bytesPerSum}`);
    }
    this.local = new LocalFileSystem(host, terminal, bytesPerSum, configuration.getBoolean('fs.file.checksum.verify'));
  }

  /** Rejects with EUNSUPPORTED for another scheme, with EILLEGAL for no text and where the NameNode's name is unknown. */
  async of(text: string): Promise<ShellFileSystem> {
    if (text === '') throw emptyPath();
    const { scheme, authority } = splitPath(text);
    const uri = defaultFileSystem(this.#configuration);
    const standard = splitPath(uri);
    if (scheme === undefined && standard.scheme === undefined && uri !== '') {
      throw new HdfsError('EILLEGAL', `No scheme in default FS: ${uri}`);
    }
    const wanted = scheme ?? standard.scheme ?? 'file';
    if (wanted === 'file') return this.local;
    if (wanted !== 'hdfs') throw unsupportedScheme(wanted);
    const where = authority ?? (standard.scheme === 'hdfs' ? standard.authority : undefined);
    if (where === undefined) throw new HdfsError('EIO', `Incomplete HDFS URI, no host: ${text}`);
    let connection = this.#connected.get(where);
    if (connection === undefined) {
      connection = this.#connect(`hdfs://${where}`);
      this.#connected.set(where, connection);
    }
    return connection;
  }

  async #connect(uri: string): Promise<HdfsFileSystem> {
    await requireKnownHost(this.#host, this.#configuration, uri);
    const hdfs = await connect({ uri, configuration: this.#configuration, host: this.#host });
    return new HdfsFileSystem(hdfs, this.#configuration.getDuration('fs.trash.interval'), this.#terminal.interrupted);
  }

  async close(): Promise<void> {
    for (const connection of this.#connected.values()) {
      // One that could not be made has failed where it was asked for.
      const made = await connection.catch(() => undefined);
      await made?.hdfs.close();
    }
  }
}

export const unsupportedScheme = (scheme: string): HdfsError =>
  new HdfsError('EUNSUPPORTED', `No FileSystem for scheme "${scheme}"`, {
    remoteClass: 'org.apache.hadoop.fs.UnsupportedFileSystemException',
  });
