// A path among the arguments of an administrator's tool: in which file system it lies, and where there.
import { callerName } from '../../client/caller.ts';
import type { Configuration } from '../../config/configuration.ts';
import { defaultFileSystem } from '../../config/default-file-system.ts';
import type { Host } from '../../host/host.ts';
import { absolutePath } from '../paths.ts';
import { splitPath } from '../shell/item.ts';
import { WrongWord } from './words.ts';

export interface PathArgument {
  /** That of the file system of the path. */
  readonly configuration: Configuration;
  /** Absolute. */
  readonly path: string;
}

export function pathArgument(host: Host, configuration: Configuration, text: string): PathArgument {
  const { scheme, authority, path } = splitPath(text);
  const user = callerName(host);
  const home = `${configuration.require('dfs.user.home.dir.prefix')}/${user}`;
  return {
    configuration:
      scheme === undefined || (authority === undefined && scheme === 'hdfs')
        ? configuration
        : configuration.with({ 'fs.defaultFS': `${scheme}://${authority ?? '/'}` }),
    path: absolutePath(path, home),
  };
}

/** What Hadoop's tools say of a local file system where they want an HDFS. */
export const localFileSystem = (uri: string): string =>
  `FileSystem ${uri} is not an HDFS file system. The fs class is: org.apache.hadoop.fs.LocalFileSystem`;

/** Throws WrongWord where the configuration's file system is a local one. */
export function requireHdfs(configuration: Configuration): void {
  const uri = defaultFileSystem(configuration);
  if (uri.startsWith('file:')) throw new WrongWord(localFileSystem(uri));
}
