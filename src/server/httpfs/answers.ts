// Answers of HttpFS where they are not a NameNode's: the status of a failure goes by the Java class that Hadoop's client of
// the file system would throw, and what the NameNode refuses is a failure of HttpFS'. Mirrors HttpFSExceptionProvider.
import { type ErrorCode, HdfsError, messageOf } from '../../base/errors.ts';
import type { HttpResponse } from '../../host/host.ts';
import { json, simpleName } from '../../webhdfs/answers.ts';
import { wrapped } from '../../webhdfs/java-json.ts';

/** Failures that were met in the cluster, not in the request. */
const fromCluster = new WeakSet<object>();

/** What `run` fails with is the cluster's. */
export async function inCluster<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (typeof error === 'object' && error !== null) fromCluster.add(error);
    throw error;
  }
}

/** Classes that Hadoop holds for the mistake of whoever asks, when it makes them before it asks the NameNode. */
const MISTAKES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['EILLEGAL', 'EINVAL', 'EINVALIDPATH', 'EUNSUPPORTED']);

function statusOf(error: unknown): number {
  if (!(error instanceof HdfsError)) return 500;
  if (error.code === 'ENOENT') return 404;
  if (error.remoteClass !== undefined || fromCluster.has(error)) return 500;
  return MISTAKES.has(error.code) ? 400 : 500;
}

/** With a line feed, as Hadoop's ends. */
export function failure(error: unknown): HttpResponse {
  const javaClass = error instanceof HdfsError ? error.javaClass : 'java.io.IOException';
  // Apache: HttpExceptionUtils.getOneLineMessage.
  const message = messageOf(error).split('\n', 1)[0] ?? '';
  const fields = { message, exception: simpleName(javaClass), javaClassName: javaClass };
  return json(`${wrapped('RemoteException', fields)}\n`, statusOf(error));
}
