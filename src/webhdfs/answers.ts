// What every answer of WebHDFS is made of: content types, and failures as RemoteException, with the status that Hadoop's
// ExceptionHandler gives their class.
import { ERROR_KINDS, HdfsError, messageOf } from '../base/errors.ts';
import type { HttpRequest, HttpResponse } from '../host/host.ts';
import { wrapped } from './java-json.ts';

export const JSON_TYPE = 'application/json';
export const BYTES_TYPE = 'application/octet-stream';

export const json = (body: string, status = 200): HttpResponse => ({ status, headers: { 'Content-Type': JSON_TYPE }, body });

export const jsonBoolean = (value: boolean): HttpResponse => json(wrapped('boolean', value));

/** Done, and nothing to say. */
export const done = (): HttpResponse => ({ status: 200, headers: { 'Content-Type': BYTES_TYPE }, body: '' });

export const redirect = (location: string): HttpResponse => ({
  status: 307,
  headers: { 'Content-Type': BYTES_TYPE, Location: location },
  body: '',
});

/** Apache: the simple name of the class; of a nested one, what stands behind the dollar. */
export const simpleName = (javaClass: string): string => javaClass.replace(/^.*[.$]/, '');

/**
 * Nobody may act so for another: Hadoop's authentication filter says it before WebHDFS does, in a layout of its own.
 * Apache: HttpExceptionUtils.
 */
export function refusedIdentity(error: HdfsError): HttpResponse {
  const { javaClass } = error;
  const fields = [
    ['message', error.message],
    ['exception', simpleName(javaClass)],
    ['javaClassName', javaClass],
  ].map(([name, value]) => `    ${JSON.stringify(name)} : ${JSON.stringify(value)}`);
  return json(`{\n  "RemoteException" : {\n${fields.join(',\n')}\n  }\n}`, 403);
}

/** The failure as a WebHDFS client is told it. */
export function failure(error: unknown): HttpResponse {
  const known = error instanceof HdfsError;
  const javaClass = known ? error.javaClass : 'java.io.IOException';
  const status = known ? ERROR_KINDS[error.code].httpStatus : 403;
  return json(
    wrapped('RemoteException', {
      exception: simpleName(javaClass),
      javaClassName: javaClass,
      message: messageOf(error),
    }),
    status,
  );
}

type Handler = (request: HttpRequest) => Promise<HttpResponse>;

/** The handler with what it fails with told by `tell`; what is no answer to the client's mistake goes to `onFault` as well. */
export function tellingFailures(
  answer: Handler,
  tell: (error: unknown) => HttpResponse,
  onFault: (error: unknown, request: HttpRequest) => void,
): Handler {
  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      if (!(error instanceof HdfsError)) onFault(error, request);
      return tell(error);
    }
  };
}
