// How a failure is told to a person: what failed, why, and what can be done. The exit code is that of the error's kind.
import { ERROR_KINDS, type ErrorCode, HdfsError, messageOf } from '../base/errors.ts';
import { PathError, PathNotFound } from './shell/path-errors.ts';
import type { Terminal } from './terminal.ts';

export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, denied: 4, unavailable: 5, partial: 6 } as const;

/** What usually helps, by code. */
const REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  ECONN: 'check that the cluster runs (`tuskfs dev` starts one) and that --uri or fs.defaultFS names its NameNode',
  ETIMEDOUT: 'check that the address can be reached from here; a firewall that drops packets looks like this',
  EACCES: 'ask the owner, or act as another user with HADOOP_USER_NAME',
  EINVALIDPATH: 'a name in HDFS holds no colon and is not . or ..; rename the file',
  ESAFEMODE: 'wait until enough blocks are reported, or end it with `tuskfs safemode leave`',
  ENOTREPLICATED: 'check that DataNodes are live and have room: `tuskfs nodes`',
  ENOSPC: 'free space, or add a DataNode',
  EDQUOT_NS: 'remove files, or ask for a larger quota',
  EDQUOT_DS: 'remove files, or ask for a larger quota',
  ECHECKSUM:
    'the bytes are damaged wherever they could be read: `hdfs fsck PATH -files -blocks -locations` shows where; bring the file back from a copy',
  EBLOCKMISSING: 'check that the DataNodes with its blocks are live: `tuskfs nodes`',
};

export interface Explained {
  readonly summary: string;
  readonly cause: string | undefined;
  readonly fix: string | undefined;
  readonly code: string;
  readonly exitCode: number;
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

export function explain(error: unknown): Explained {
  const cause = error instanceof Error && error.cause !== undefined ? firstLine(messageOf(error.cause)) : undefined;
  const summary = firstLine(messageOf(error));
  if (error instanceof HdfsError) {
    return {
      summary,
      cause: cause === summary ? undefined : cause,
      fix: REMEDIES[error.code],
      code: error.code,
      exitCode: ERROR_KINDS[error.code].exitCode,
    };
  }
  if (error instanceof PathNotFound) return { summary, cause, fix: undefined, code: 'ENOENT', exitCode: EXIT.notFound };
  if (error instanceof PathError) return { summary, cause, fix: undefined, code: 'EPATH', exitCode: EXIT.failed };
  const code = String((error as { readonly code?: unknown } | undefined)?.code ?? 'EFAILED');
  const known: Readonly<Record<string, number>> = { ENOENT: EXIT.notFound, EACCES: EXIT.denied, EPERM: EXIT.denied };
  return { summary, cause, fix: undefined, code, exitCode: known[code] ?? EXIT.failed };
}

/** Prints the error form on standard error; answers the exit code. */
export function printError(terminal: Terminal, command: string, error: unknown): number {
  const { summary, cause, fix, code, exitCode } = explain(error);
  const lines = [`${command}: ${summary} (${code})`];
  if (cause !== undefined) lines.push(`  cause  ${cause}`);
  if (fix !== undefined) lines.push(`  fix    ${fix}`);
  // An error without a code is ours: where it came from helps whoever mends it.
  if (code === 'EFAILED' && error instanceof Error && error.stack !== undefined) lines.push(error.stack);
  terminal.stderr.write(`${lines.join('\n')}\n`);
  return exitCode;
}
