// /fsck: who asks, as Hadoop's servlets find it (`ugi`, `user.name`), and the report as it is made.
import type { Hdfs } from '../../../client/hdfs.ts';
import type { HttpRequest, HttpResponse } from '../../../host/host.ts';
import type { Route } from '../../../web/server.ts';
import type { NameNodeCalls } from '../../../webhdfs/operation.ts';
import type { AuditedCommand } from '../audit/audit-log.ts';
import type { NameSystem } from '../namesystem.ts';
import { fsckReport } from './fsck.ts';
import { fsckOptions } from './options.ts';

export interface FsckRouteParts {
  readonly system: NameSystem;
  /** hadoop.http.staticuser.user. */
  readonly staticUser: string;
  readonly replication: number;
  /** dfs.namenode.max-corrupt-file-blocks-returned. */
  readonly corruptBlocksLimit: number;
  /** Told of each report that was begun. */
  readonly audit: (command: AuditedCommand) => void;
  readonly namenodeAs: (user: string, remoteHost: string) => NameNodeCalls;
  readonly connectAs: (user: string) => Promise<Hdfs>;
}

/** Where it is asked. */
export const FSCK_PATH = '/fsck';

const userOf = ({ query }: HttpRequest, staticUser: string): string =>
  query.get('user.name') || query.get('ugi')?.split(',')[0] || staticUser;

async function* bytesOf(report: AsyncIterable<string>, ended: (well: boolean) => void): AsyncGenerator<Uint8Array> {
  let well = false;
  try {
    for await (const piece of report) if (piece !== '') yield Buffer.from(piece, 'utf8');
    well = true;
  } finally {
    ended(well);
  }
}

export function fsckRoute(parts: FsckRouteParts): Route {
  const { system, staticUser, replication, corruptBlocksLimit, audit } = parts;
  const handler = async (request: HttpRequest): Promise<HttpResponse> => {
    const user = userOf(request, staticUser);
    const remoteHost = request.remote.host;
    const options = fsckOptions(request.query);
    const caller = await system.callerNamed(user);
    const report = fsckReport(
      {
        system,
        caller,
        remoteHost,
        replication,
        corruptBlocksLimit,
        namenode: parts.namenodeAs(user, remoteHost),
        connect: () => parts.connectAs(user),
      },
      options,
    );
    const { path, blockIds } = options;
    const src = blockIds === undefined ? path : `blocksIds=[${blockIds.join(', ')}]`;
    const body = bytesOf(report, (allowed) => audit({ allowed, user, address: remoteHost, cmd: 'fsck', src }));
    return { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body };
  };
  return { method: 'GET', path: FSCK_PATH, handler };
}
