// Removing by moving to the trash, as Hadoop's clients do it: under the user's home directory, in Current, at the path
// that it had. The server empties the trash later. Apache: TrashPolicyDefault.moveToTrash.
import { HdfsError, messageOf } from '../base/errors.ts';
import type { ClientContext } from './context.ts';
import { isWithin, nameOf, parentOf } from './paths.ts';

const DIRECTORY_MODE = 0o700;
/** A file where the trash needs a directory is stepped around, at most this often. */
const MAX_CLASHES = 16;
/** The emptier may take Current away between making the directory and moving into it. */
const TRIES = 2;

export function trashRoot(home: string): string {
  return `${home}/.Trash`;
}

/** The file is where it was. */
export class TrashFailure extends HdfsError {
  /** Where it would be. */
  readonly target: string;
  /** One line. */
  readonly reason: string;

  constructor(path: string, target: string, cause: unknown) {
    const [reason = ''] = messageOf(cause).split('\n', 1);
    super(cause instanceof HdfsError ? cause.code : 'EIO', `Failed to move ${path} to trash ${target}: ${reason}`, {
      path,
      cause,
    });
    this.target = target;
    this.reason = reason;
  }
}

/**
 * Moves `path`, which exists, to the trash; answers where it is now. Undefined: it lies in the trash already, so that it
 * has to be deleted for good. Throws when it holds the trash.
 */
export async function moveToTrash(
  context: ClientContext,
  path: string,
  home: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const root = trashRoot(home);
  if (isWithin(path, root)) return undefined;
  if (isWithin(parentOf(root), path)) {
    throw new HdfsError('EIO', `Cannot move "${path}" to the trash, as it contains the trash`, { path });
  }
  const { namenode, host, settings } = context;
  const exists = async (at: string): Promise<boolean> =>
    (await namenode.call('getFileInfo', { src: at }, signal)).fs !== undefined;
  let directory = `${root}/Current${parentOf(path) === '/' ? '' : parentOf(path)}`;
  let failure: unknown;
  for (let attempt = 0, clashes = 0; attempt < TRIES; attempt++) {
    try {
      await namenode.call(
        'mkdirs',
        {
          src: directory,
          masked: { perm: DIRECTORY_MODE & ~settings.umask },
          unmasked: { perm: DIRECTORY_MODE },
          createParent: true,
        },
        signal,
      );
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      if ((error.code !== 'EEXIST' && error.code !== 'ENOTDIR') || clashes++ >= MAX_CLASHES)
        throw new TrashFailure(path, `${directory}/${nameOf(path)}`, error);
      let file = directory;
      while (!(await exists(file))) file = parentOf(file);
      directory = `${file}${host.clock.now()}${directory.slice(file.length)}`;
      attempt--;
      continue;
    }
    let target = `${directory}/${nameOf(path)}`;
    const wanted = target;
    for (let i = 0; i < MAX_CLASHES && (await exists(target)); i++) target = `${wanted}${host.clock.now() + i}`;
    try {
      await namenode.call('rename2', { src: path, dst: target, overwriteDest: false, moveToTrash: true }, signal);
      return target;
    } catch (error) {
      signal?.throwIfAborted();
      failure = error;
    }
  }
  throw new TrashFailure(path, `${directory}/${nameOf(path)}`, failure);
}
