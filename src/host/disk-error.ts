// The error of every failed disk call, real or simulated, with the code that callers decide by.
import type { DiskError, DiskErrorCode } from './host.ts';

const KNOWN: ReadonlySet<string> = new Set<DiskErrorCode>([
  'ENOENT',
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'ENOTEMPTY',
  'EACCES',
  'ENOSPC',
  'EIO',
  'EMFILE',
  'EROFS',
]);

/** Codes of the kernel that mean the same to us as a known one. */
const SAME_AS: Readonly<Record<string, DiskErrorCode>> = { EPERM: 'EACCES', ENFILE: 'EMFILE', EDQUOT: 'ENOSPC' };

export class DiskFailure extends Error implements DiskError {
  override readonly name = 'DiskError';
  readonly code: DiskErrorCode;

  constructor(code: DiskErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /** What a failed system call means. */
  static from(error: unknown): DiskFailure {
    if (error instanceof DiskFailure) return error;
    const raw = error instanceof Error && 'code' in error ? String(error.code) : '';
    const code = KNOWN.has(raw) ? (raw as DiskErrorCode) : (SAME_AS[raw] ?? 'EOTHER');
    const text = error instanceof Error ? error.message : String(error);
    const hint = code === 'EMFILE' ? ' (raise the limit of open files, ulimit -n)' : '';
    return new DiskFailure(code, text + hint, error);
  }
}

/** The code of a failed disk call; EOTHER for anything else. */
export function diskErrorCode(error: unknown): DiskErrorCode {
  return error instanceof DiskFailure ? error.code : 'EOTHER';
}
