// /fsck: who asks, as Hadoop's servlets find it (`ugi`, `user.name`), and the report as it is made.
import { HdfsError } from '../../../base/errors.ts';
import type { HttpRequest, HttpResponse } from '../../../host/host.ts';
import { type Route, text } from '../../../web/server.ts';
import type { NameSystem } from '../namesystem.ts';
import { fsckReport } from './fsck.ts';
import { fsckOptions } from './options.ts';

export interface FsckRouteParts {
  readonly system: NameSystem;
  /** hadoop.http.staticuser.user. */
  readonly staticUser: string;
  readonly replication: number;
  readonly remove: (user: string, remoteHost: string, path: string) => Promise<void>;
}

const userOf = ({ query }: HttpRequest, staticUser: string): string =>
  query.get('user.name') || query.get('ugi')?.split(',')[0] || staticUser;

async function* bytesOf(report: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of report) if (piece !== '') yield Buffer.from(piece, 'utf8');
}

export function fsckRoute({ system, staticUser, replication, remove }: FsckRouteParts): Route {
  const handler = async (request: HttpRequest): Promise<HttpResponse> => {
    const user = userOf(request, staticUser);
    const remoteHost = request.remote.host;
    let options: ReturnType<typeof fsckOptions>;
    try {
      options = fsckOptions(request.query);
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      return text(400, `${error.message}\n\nFsck on path '${request.query.get('path') ?? '/'}' FAILED`);
    }
    const caller = await system.callerNamed(user);
    const report = fsckReport(
      { system, caller, remoteHost, replication, remove: (path) => remove(user, remoteHost, path) },
      options,
    );
    return { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: bytesOf(report) };
  };
  return { method: 'GET', path: '/fsck', handler };
}
