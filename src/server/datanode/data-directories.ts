// dfs.datanode.data.dir: a comma-separated list of directories, each a path or a file: URI, maybe with its storage type in
// brackets before it. Apache: StorageLocation.
import { HdfsError } from '../../base/errors.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';

export interface DataDirectory {
  readonly path: string;
  readonly storageType: StorageTypeProto;
}

const PREFIX = /^\[(\w*)\](.*)$/s;

/** The directories of a configured value. Throws HdfsError EILLEGAL for an unknown storage type or a URI of another scheme. */
export function parseDataDirectories(values: readonly string[]): readonly DataDirectory[] {
  const directories: DataDirectory[] = [];
  for (const value of values) {
    const location = value.trim();
    if (location === '') continue;
    const match = PREFIX.exec(location);
    const typeName = (match?.[1] ?? '').toUpperCase();
    const storageType = typeName === '' ? StorageTypeProto.DISK : StorageTypeProto[typeName as keyof typeof StorageTypeProto];
    if (storageType === undefined)
      throw new HdfsError('EILLEGAL', `No enum constant org.apache.hadoop.fs.StorageType.${typeName}`);
    const path = localPath(match?.[2] ?? location);
    if (directories.some((other) => other.path === path)) continue;
    directories.push({ path, storageType });
  }
  return directories;
}

function localPath(location: string): string {
  if (location.startsWith('file:')) {
    const path = decodeURIComponent(location.slice('file:'.length).replace(/^\/\/(?=\/)/, ''));
    return stripSlash(path);
  }
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(location)) {
    throw new HdfsError('EILLEGAL', `The data directory ${location} is not a local path`);
  }
  return stripSlash(location);
}

const stripSlash = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);

/** As Apache's StorageLocation prints a directory: `[DISK]file:/data1`. */
export const describeDirectory = ({ path, storageType }: { readonly path: string; readonly storageType: number }): string =>
  `[${storageTypeName(storageType)}]file:${path}`;

export const storageTypeName = (storageType: number): string => STORAGE_TYPE_NAMES[storageType] ?? 'DISK';

const STORAGE_TYPE_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(StorageTypeProto).map(([name, number]) => [number, name]),
);
