// The failures that Hadoop's shell makes itself, with its texts: `path': reason.
import { HdfsError } from '../../base/errors.ts';

export class PathError extends Error {
  override readonly name: string = 'PathError';
}

interface PathErrorParts {
  readonly operation?: string;
  readonly target?: string;
  readonly qualified?: string;
}

const quote = (path: string): string => `\`${path}'`;

/** It would mean the working directory, which nobody has named: a variable of a script is not set. */
export const emptyPath = (): HdfsError => new HdfsError('EILLEGAL', 'Can not create a Path from an empty string');

export function pathError(path: string, reason = 'Input/output error', parts: PathErrorParts = {}): PathError {
  const { operation, target, qualified } = parts;
  return new PathError(
    `${operation === undefined ? '' : `${operation} `}${quote(path)}${target === undefined ? '' : ` to ${quote(target)}`}: ` +
      `${reason}${qualified === undefined || qualified === path ? '' : `: ${quote(qualified)}`}`,
  );
}

/** Apart from the others, because `rm -f` forgives it. */
export class PathNotFound extends PathError {
  override readonly name = 'PathNotFound';
}

export function notFound(path: string, qualified?: string): PathNotFound {
  return new PathNotFound(pathError(path, 'No such file or directory', qualified === undefined ? {} : { qualified }).message);
}

export const exists = (path: string): PathError => pathError(path, 'File exists');
export const isDirectory = (path: string): PathError => pathError(path, 'Is a directory');
export const isNotDirectory = (path: string): PathError => pathError(path, 'Is not a directory');
export const isNotEmpty = (path: string): PathError => pathError(path, 'Directory is not empty');
