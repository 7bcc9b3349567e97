// Paths in requests to HttpFS: made plain as Hadoop's Path does it, and refused where its client of the file system refuses
// them.
import { HdfsError } from '../../base/errors.ts';
import { isValidName } from '../../core/namespace/paths.ts';
import { plainPath } from '../../webhdfs/parameters.ts';

/** Throws HdfsError EILLEGAL. `fileSystem` is the URI that all paths are of. */
export function hdfsPath(given: string, fileSystem: string): string {
  // A Path takes what stands behind two slashes for a host.
  if (/^\/\/[^/]/.test(given)) throw new HdfsError('EILLEGAL', `Wrong FS: hdfs:${given}, expected: ${fileSystem}`);
  const path = plainPath(given);
  if (isValidName(path)) return path;
  throw new HdfsError('EILLEGAL', `Pathname ${path} from ${path} is not a valid DFS filename.`);
}

/** One that may be relative to the user's home. */
export const destinationPath = (given: string, home: string, fileSystem: string): string =>
  hdfsPath(given.startsWith('/') ? given : `${home}/${given}`, fileSystem);
