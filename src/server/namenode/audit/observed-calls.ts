// Calls of ClientProtocol as the audit log and the counting of the busiest users see them: once each has done what it should, or
// was not allowed to. Without anybody who looks on, handlers are served as they are.
import { HdfsError } from '../../../base/errors.ts';
import { type Handler, type Handlers, type RpcCall, WRITTEN } from '../../../rpc/service.ts';
import type { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import { AUDITED, type AuditedCall, isSilent, ONLY_WHEN_TRUE } from './commands.ts';

type Methods = typeof ClientNamenodeProtocol;
type Name = keyof Methods & string;

export type CallObserver = (allowed: boolean, described: AuditedCall, call: RpcCall) => void;

/** The handlers, each followed by a word to the observers. */
export function observed(handlers: Handlers<Methods>, observers: readonly CallObserver[]): Handlers<Methods> {
  if (observers.length === 0) return handlers;
  const tell = (allowed: boolean, described: AuditedCall, call: RpcCall): void => {
    for (const observer of observers) observer(allowed, described, call);
  };

  const wrapped = (name: Name, handler: Handler<unknown, unknown>): Handler<unknown, unknown> => {
    const describe = AUDITED[name] as ((request: unknown) => AuditedCall) | undefined;
    if (describe === undefined) return handler;
    const onlyWhenTrue = ONLY_WHEN_TRUE.has(name);
    const done = (answer: unknown, request: unknown, call: RpcCall): unknown => {
      const isFalse = onlyWhenTrue && answer !== WRITTEN && (answer as { readonly result?: unknown }).result === false;
      if (!isFalse && !isSilent(name, request)) tell(true, describe(request), call);
      return answer;
    };
    const failed = (error: unknown, request: unknown, call: RpcCall): never => {
      if (error instanceof HdfsError && error.code === 'EACCES') tell(false, describe(request), call);
      throw error;
    };
    return (request, call) => {
      let answer: unknown;
      try {
        answer = handler(request, call);
      } catch (error) {
        return failed(error, request, call);
      }
      if (!(answer instanceof Promise)) return done(answer, request, call);
      return answer.then(
        (value) => done(value, request, call),
        (error: unknown) => failed(error, request, call),
      );
    };
  };

  const entries = Object.entries(handlers) as [Name, Handler<unknown, unknown>][];
  return Object.fromEntries(entries.map(([name, handler]) => [name, wrapped(name, handler)])) as Handlers<Methods>;
}
