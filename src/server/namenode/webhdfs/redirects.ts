// Where a NameNode sends WebHDFS clients for a file's data: to a DataNode that has what is read or appended to, or to one on
// which a new file's first replica would lie. Mirrors NamenodeWebHdfsMethods.chooseDatanode.
import { HdfsError } from '../../../base/errors.ts';
import type { Datanode } from '../../../core/blocks/datanode.ts';
import { invalidPath, isValidName } from '../../../core/namespace/paths.ts';
import { ROOT_SCOPE } from '../../../core/placement/topology.ts';
import type { HttpResponse } from '../../../host/host.ts';
import { json, redirect } from '../../../webhdfs/answers.ts';
import { type DataOp, type DataRequest, WEBHDFS_PREFIX } from '../../../webhdfs/handler.ts';
import { wrapped } from '../../../webhdfs/java-json.ts';
import { clamped, type ParameterName } from '../../../webhdfs/parameters.ts';
import { redirectUrl } from '../../../webhdfs/redirect-url.ts';
import { type DatanodeInfoProto, DatanodeInfoProto_AdminState } from '../../../wire/messages/hdfs.ts';
import type { Locations } from '../locations.ts';
import type { NameSystem } from '../namesystem.ts';

export interface RedirectParts {
  readonly system: NameSystem;
  readonly locations: Locations;
  /** How DataNodes reach this NameNode. */
  readonly namenode: () => string;
  /** dfs.blocksize. */
  readonly blockSize: number;
}

/** What each operation hands on to the DataNode. */
const HANDED_ON: Readonly<Record<DataOp, readonly ParameterName[]>> = {
  OPEN: ['offset', 'length', 'bufferSize'],
  GETFILECHECKSUM: [],
  CREATE: [
    'permission',
    'unmaskedPermission',
    'overwrite',
    'bufferSize',
    'replication',
    'blockSize',
    'createParent',
    'createFlag',
  ],
  APPEND: ['bufferSize'],
};

interface Target {
  readonly host: string;
  readonly port: number;
}

const infoTarget = ({ id }: DatanodeInfoProto): Target => ({ host: id.hostName, port: id.infoPort });

export function redirects(parts: RedirectParts): (request: DataRequest) => Promise<HttpResponse> {
  const { system, locations } = parts;
  const { blockManager, host } = system;
  const { datanodes } = blockManager;

  const excludedNodes = (names: string | undefined): ReadonlySet<Datanode> => {
    const wanted = (names ?? '').split(',').map((name) => name.trim());
    return new Set(wanted.flatMap((name) => (name === '' ? [] : (datanodes.byName(name) ?? []))));
  };

  /** A node that holds the byte; undefined for an empty file, which any node can serve. */
  const holder = async (request: DataRequest, excluded: ReadonlySet<Datanode>): Promise<Target | undefined> => {
    const { op, path, query, namenode } = request;
    const { fs } = await namenode.call('getFileInfo', { src: path });
    if (fs === undefined) throw new HdfsError('ENOENT', `File ${path} not found.`, { path });
    const offset = clamped(query.get('offset') ?? 0n);
    if (op === 'OPEN' && offset >= fs.length && fs.length > 0) {
      throw new HdfsError('EIO', `Offset=${offset} out of the range [0, ${fs.length}); OPEN, path=${path}`);
    }
    if (fs.length === 0) return undefined;
    const at = op === 'OPEN' ? offset : fs.length - 1;
    const { locations: found } = await namenode.call('getBlockLocations', { src: path, offset: at, length: 1 });
    const block = found?.blocks[0];
    if (block === undefined) throw new HdfsError('EIO', `Block could not be located. Path=${path}, offset=${at}`);
    const best = block.locs.find(({ id, adminState }) => {
      const node = datanodes.byUuid(id.datanodeUuid);
      const isExcluded = node !== undefined && excluded.has(node);
      return adminState !== DatanodeInfoProto_AdminState.DECOMMISSIONED && !isExcluded;
    });
    if (best === undefined) throw new HdfsError('EIO', 'No active and not excluded nodes contain this block');
    return infoTarget(best);
  };

  const anyNode = (request: DataRequest, excluded: ReadonlySet<Datanode>): Target => {
    const { query, identity, path } = request;
    const blockSize = request.op === 'CREATE' ? clamped(query.get('blockSize') ?? BigInt(parts.blockSize)) : 0;
    const wanted = {
      path,
      replication: 1,
      writer: locations.placeOf(identity.remoteHost),
      excluded: [...excluded],
      blockSize,
      storagePolicy: blockManager.options.defaultStoragePolicy,
    };
    const [storage] = blockManager.chooseAdditionalTargets(wanted, [], system.now()).targets;
    const node =
      storage?.node ?? datanodes.topology.chooseRandom(ROOT_SCOPE, undefined, excluded, () => host.random.fraction());
    if (node === undefined) {
      const names = query.get('excludeDatanodes') ?? 'null';
      throw new HdfsError('EIO', `Failed to find datanode, suggest to check cluster health. excludeDatanodes=${names}`);
    }
    return { host: node.id.hostName, port: node.id.infoPort };
  };

  return async (request) => {
    const { op, path, query } = request;
    if (!isValidName(path)) throw invalidPath(path);
    const excluded = excludedNodes(query.get('excludeDatanodes'));
    const target = (op === 'CREATE' ? undefined : await holder(request, excluded)) ?? anyNode(request, excluded);
    const location = redirectUrl({ ...target, path, op, namenode: parts.namenode() }, WEBHDFS_PREFIX, query, HANDED_ON[op]);
    return query.of('noRedirect') ? json(wrapped('Location', location)) : redirect(location);
  };
}
