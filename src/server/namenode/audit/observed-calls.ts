// Calls of ClientProtocol as the audit log and the counting of the busiest users see them: once each has done what it should, or
// was not allowed to. Without anybody who looks on, handlers are served as they are.
import { HdfsError } from '../../../base/errors.ts';
import { InodeType } from '../../../core/namespace/inodes.ts';
import { type ResolvedPath, resolvePath } from '../../../core/namespace/resolve.ts';
import { type Handler, type Handlers, type ResponseInitOf, type RpcCall, WRITTEN } from '../../../rpc/service.ts';
import type { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import type { NameSystem } from '../namesystem.ts';
import {
  AUDITED,
  type AuditedCall,
  ONLY_WHEN_REFUSED,
  ONLY_WHEN_TRUE,
  REFUSED,
  REFUSED_BY_ANY_FAILURE,
  REFUSED_WHEN_FALSE,
} from './commands.ts';

type Methods = typeof ClientNamenodeProtocol;
type Name = keyof Methods & string;

export type CallObserver = (allowed: boolean, described: AuditedCall, call: RpcCall) => void;

type Looks = Pick<NameSystem, 'namespace' | 'root'>;

function resolved({ namespace, root }: Looks, path: string): ResolvedPath | undefined {
  try {
    return resolvePath(namespace, root, path, 'readLink');
  } catch (error) {
    if (error instanceof HdfsError) return undefined;
    throw error;
  }
}

function isDirectory(looks: Looks, { last }: ResolvedPath): boolean {
  return last !== 0 && looks.namespace.inodes.type(last) === InodeType.DIRECTORY;
}

/**
 * Where a rename leads, which has to be asked before: into a directory, or to the name itself. Both may be given by the numbers
 * of inodes, in ways that do not go on to the child of a directory.
 */
function renamedTo(looks: Looks, { src, dst }: { readonly src: string; readonly dst: string }): string {
  const into = resolved(looks, dst);
  if (into === undefined || !isDirectory(looks, into)) return dst;
  const from = resolved(looks, src)?.text ?? src;
  return `${into.text === '/' ? '' : into.text}/${from.slice(from.lastIndexOf('/') + 1)}`;
}

/** What some calls show of themselves only once they are done. */
function refined(name: Name, described: AuditedCall, answer: unknown, looks: Looks): AuditedCall {
  switch (name) {
    case 'checkAccess':
      return { ...described, src: resolved(looks, described.src ?? '')?.text ?? described.src };
    case 'create': {
      const { fs } = answer as ResponseInitOf<Methods, 'create'>;
      if (fs === undefined) return described;
      const { owner, group, permission } = fs;
      return { ...described, status: { owner, group, mode: permission.perm } };
    }
    default:
      return described;
  }
}

/** A question about rights names the path that was found, unless the way there was refused already. */
function refusedOf(name: Name, described: AuditedCall, error: unknown, looks: Looks): AuditedCall {
  if (name !== 'checkAccess' || !(error instanceof HdfsError)) return described;
  const found = resolved(looks, described.src ?? '')?.text;
  return found !== undefined && error.message.includes(`inode="${found}"`) ? { ...described, src: found } : described;
}

const isDenial = (error: unknown): boolean =>
  error instanceof HdfsError && (error.code === 'EACCES' || error.code === 'ESNAPSHOTACCESS');

/** Tells the observers of one call of another protocol: how it ended, or only that it was refused. */
export type Audited = <R>(
  call: RpcCall,
  cmd: string,
  work: () => R | Promise<R>,
  told?: 'always' | 'when refused',
) => R | Promise<R>;

/** Calls of the other protocols, which have no paths. Apache: FSNamesystem.checkSuperuserPrivilege writes down its refusals. */
export function auditedBy(observers: readonly CallObserver[]): Audited {
  const tell = (allowed: boolean, cmd: string, call: RpcCall): void => {
    for (const observer of observers) observer(allowed, { cmd, src: undefined }, call);
  };
  return (call, cmd, work, told = 'always') => {
    const failed = (error: unknown): never => {
      if (isDenial(error)) tell(false, cmd, call);
      throw error;
    };
    const done = <T>(answer: T): T => {
      if (told === 'always') tell(true, cmd, call);
      return answer;
    };
    let answer: Awaited<ReturnType<typeof work>> | ReturnType<typeof work>;
    try {
      answer = work();
    } catch (error) {
      return failed(error);
    }
    return answer instanceof Promise ? answer.then(done, failed) : done(answer);
  };
}

/**
 * The handlers, each followed by a word to the observers. Unless they are `thorough`, who look at more than the name of the
 * operation, nothing is found out that only the audit log shows.
 */
export function observed(
  handlers: Handlers<Methods>,
  observers: readonly CallObserver[],
  thorough: boolean,
  looks: Looks,
): Handlers<Methods> {
  if (observers.length === 0) return handlers;
  const tell = (allowed: boolean, described: AuditedCall, call: RpcCall): void => {
    for (const observer of observers) observer(allowed, described, call);
  };

  const wrapped = (name: Name, handler: Handler<unknown, unknown>): Handler<unknown, unknown> => {
    const describe = AUDITED[name] as ((request: unknown) => AuditedCall) | undefined;
    if (describe === undefined) return handler;
    const describeRefused = (REFUSED[name] ?? describe) as (request: unknown) => AuditedCall;
    const leadsElsewhere = thorough && name === 'rename';
    const onlyWhenRefused = ONLY_WHEN_REFUSED.has(name);
    const onlyWhenTrue = ONLY_WHEN_TRUE.has(name);
    const refusedWhenFalse = REFUSED_WHEN_FALSE.has(name);
    const hasResult = onlyWhenTrue || refusedWhenFalse;
    const done = (answer: unknown, request: unknown, call: RpcCall, shown: string | undefined): unknown => {
      if (call.repeated === true || onlyWhenRefused) return answer;
      const isFalse = hasResult && answer !== WRITTEN && (answer as { readonly result?: unknown }).result === false;
      if (isFalse && onlyWhenTrue) return answer;
      const described = thorough ? refined(name, describe(request), answer, looks) : describe(request);
      tell(!isFalse, shown === undefined ? described : { ...described, shown }, call);
      return answer;
    };
    const isRefusal = REFUSED_BY_ANY_FAILURE.has(name) ? (error: unknown) => error instanceof HdfsError : isDenial;
    const failed = (error: unknown, request: unknown, call: RpcCall): never => {
      if (isRefusal(error)) tell(false, refusedOf(name, describeRefused(request), error, looks), call);
      throw error;
    };
    return (request, call) => {
      const shown = leadsElsewhere ? renamedTo(looks, request as { readonly src: string; readonly dst: string }) : undefined;
      let answer: unknown;
      try {
        answer = handler(request, call);
      } catch (error) {
        return failed(error, request, call);
      }
      if (!(answer instanceof Promise)) return done(answer, request, call, shown);
      return answer.then(
        (value) => done(value, request, call, shown),
        (error: unknown) => failed(error, request, call),
      );
    };
  };

  const entries = Object.entries(handlers) as [Name, Handler<unknown, unknown>][];
  return Object.fromEntries(entries.map(([name, handler]) => [name, wrapped(name, handler)])) as Handlers<Methods>;
}
