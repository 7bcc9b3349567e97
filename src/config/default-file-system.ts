// The file system of paths without a scheme, as fs.defaultFS or --fs names it.
import type { Configuration } from './configuration.ts';

/** Old names as Hadoop still takes them: `local`, and HOST:PORT alone. Apache: FileSystem.fixName. */
export function fileSystemUri(name: string): string {
  if (name === 'local') return 'file:///';
  return name === '' || name.includes('/') ? name : `hdfs://${name}`;
}

/** Its URI; '' when none is named. Apache: FileSystem.getDefaultUri. */
export const defaultFileSystem = (configuration: Configuration): string =>
  fileSystemUri(configuration.get('fs.defaultFS') ?? '');
