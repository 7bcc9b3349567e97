// WebHDFS' questions, but those that are answered with a file's data.
import { HdfsError } from '../base/errors.ts';
import { parseAction } from '../base/mode.ts';
import { toPolicyInfo } from '../client/erasure-coding.ts';
import { nameOf } from '../client/paths.ts';
import type { HttpResponse } from '../host/host.ts';
import type { AclEntryProto_FsActionProto } from '../wire/messages/acl.ts';
import type { DirectoryListingProto, HdfsFileStatusProto, LocatedBlocksProto } from '../wire/messages/hdfs.ts';
import { HdfsFileStatusProto_FileType } from '../wire/messages/hdfs.ts';
import type { WebHdfsOp } from '../wire/tables/webhdfs.ts';
import { json } from './answers.ts';
import { hashMap, type Json, wrapped } from './java-json.ts';
import {
  aclStatusJson,
  blockLocationsJson,
  contentSummaryJson,
  directoryListingJson,
  ecPoliciesJson,
  fileStatusJson,
  fsStatusJson,
  listedStatusJson,
  locatedBlocksJson,
  quotaUsageJson,
  serverDefaultsJson,
  storagePoliciesJson,
  storagePolicyJson,
  utf8,
} from './json.ts';
import { type Operation, type OperationRequest, required } from './operation.ts';
import { clamped } from './parameters.ts';
import { snapshotDiffJson, snapshotDiffListingJson, snapshotListJson } from './snapshots-json.ts';
import { xattrNamed, xattrNamesJson, xattrsJson } from './xattrs.ts';

export type DataGetOp = 'OPEN' | 'GETFILECHECKSUM';

const noFile = (path: string): HdfsError => new HdfsError('ENOENT', `File does not exist: ${path}`, { path });

async function locatedBlocks({ path, query, namenode }: OperationRequest): Promise<LocatedBlocksProto> {
  const offset = clamped(query.get('offset') ?? 0n);
  const length = query.get('length');
  const { locations } = await namenode.call('getBlockLocations', {
    src: path,
    offset,
    length: length === undefined ? Number.MAX_SAFE_INTEGER : clamped(length),
  });
  if (locations === undefined) throw noFile(path);
  return locations;
}

async function listing(request: OperationRequest, startAfter: Uint8Array): Promise<DirectoryListingProto> {
  const { path, namenode } = request;
  const { dirList } = await namenode.call('getListing', { src: path, startAfter, needLocation: false });
  if (dirList === undefined) throw new HdfsError('ENOENT', `File ${path} does not exist.`, { path });
  return dirList;
}

/** Page by page, so that a directory of a million entries passes through without being held. */
async function* listed(
  request: OperationRequest,
  first: DirectoryListingProto,
  wanted: (name: string) => boolean = () => true,
): AsyncGenerator<Uint8Array> {
  let text = '{"FileStatuses":{"FileStatus":[\n';
  let count = 0;
  for (let page = first; ; ) {
    for (const status of page.partialListing) {
      // A file that is listed by its own path has no name here.
      if (!wanted(status.path.length === 0 ? nameOf(request.path) : utf8(status.path))) continue;
      text += `${count++ > 0 ? ',\n' : ''}${listedStatusJson(status)}`;
    }
    const last = page.partialListing.at(-1);
    if (page.remainingEntries <= 0 || last === undefined) break;
    yield Buffer.from(text, 'utf8');
    text = '';
    page = await listing(request, Uint8Array.from(last.path));
  }
  yield Buffer.from(`${text}\n]}}\n`, 'utf8');
}

/** LISTSTATUS of some names only, as HttpFS can do it. */
export async function listedNames(request: OperationRequest, wanted: (name: string) => boolean): Promise<HttpResponse> {
  const first = await listing(request, new Uint8Array());
  return { ...json(''), body: listed(request, first, wanted) };
}

function trashStatus(path: string, status: HdfsFileStatusProto): Json {
  return hashMap({
    path,
    length: status.length,
    isdir: status.fileType === HdfsFileStatusProto_FileType.IS_DIR,
    block_replication: status.block_replication,
    blocksize: status.blocksize,
    modification_time: status.modification_time,
    access_time: status.access_time,
    permission: (status.permission.perm & 0o1777).toString(8),
    owner: status.owner,
    group: status.group,
  });
}

/** The user's trash, or everybody's: homes that the caller may not look into count as without one. */
async function trashRoots(request: OperationRequest): Promise<Json[]> {
  const { query, namenode, homePrefix, user } = request;
  if (!query.of('allUsers')) {
    const path = `${homePrefix}/${user}/.Trash`;
    const { fs } = await namenode.call('getFileInfo', { src: path });
    return fs === undefined ? [] : [trashStatus(path, fs)];
  }
  const found: Json[] = [];
  for (let startAfter: Uint8Array = new Uint8Array(); ; ) {
    const { dirList } = await namenode.call('getListing', { src: homePrefix, startAfter, needLocation: false });
    for (const home of dirList?.partialListing ?? []) {
      const path = `${homePrefix}/${utf8(home.path)}/.Trash`;
      const { fs } = await namenode.call('getFileInfo', { src: path });
      // As Hadoop: the home's own status under the trash's name.
      if (fs !== undefined) found.push(trashStatus(path, home));
    }
    const last = dirList?.partialListing.at(-1);
    if (dirList === undefined || dirList.remainingEntries <= 0 || last === undefined) return found;
    startAfter = Uint8Array.from(last.path);
  }
}

/** Names of two states of a directory; undefined: its tree as it is. */
function comparedSnapshots({ query }: OperationRequest): {
  readonly from: string | undefined;
  readonly to: string | undefined;
} {
  return { from: query.get('oldSnapshotName') || undefined, to: query.get('snapshotName') || undefined };
}

export const GET_OPERATIONS: Readonly<Record<Exclude<WebHdfsOp<'GET'>, DataGetOp>, Operation>> = {
  GETFILESTATUS: async ({ path, namenode }) => {
    const { fs } = await namenode.call('getFileInfo', { src: path });
    if (fs === undefined) throw noFile(path);
    return json(fileStatusJson(fs));
  },
  GETFILELINKSTATUS: async ({ path, namenode }) => {
    const { fs } = await namenode.call('getFileLinkInfo', { src: path });
    if (fs === undefined) throw noFile(path);
    return json(fileStatusJson(fs));
  },
  LISTSTATUS: async (request): Promise<HttpResponse> => {
    // The first page before the status is said: whoever may not look, or asks for nothing, is told so.
    const first = await listing(request, new Uint8Array());
    return { ...json(''), body: listed(request, first) };
  },
  LISTSTATUS_BATCH: async (request) => {
    const startAfter = Buffer.from(request.query.get('startAfter') ?? '', 'utf8');
    return json(directoryListingJson(await listing(request, startAfter)));
  },
  GETCONTENTSUMMARY: async ({ path, namenode }) =>
    json(contentSummaryJson((await namenode.call('getContentSummary', { path })).summary)),
  GETQUOTAUSAGE: async ({ path, namenode }) => json(quotaUsageJson((await namenode.call('getQuotaUsage', { path })).usage)),
  GET_BLOCK_LOCATIONS: async (request) => json(locatedBlocksJson(await locatedBlocks(request))),
  GETFILEBLOCKLOCATIONS: async (request) => json(blockLocationsJson(await locatedBlocks(request))),
  GETHOMEDIRECTORY: async ({ homePrefix, user }) => json(wrapped('Path', `${homePrefix}/${user}`)),
  GETTRASHROOT: async ({ path, homePrefix, user, namenode }) => {
    const parent = path === '/' ? path : path.slice(0, Math.max(1, path.lastIndexOf('/')));
    await namenode.call('getEZForPath', { src: parent });
    return json(wrapped('Path', `${homePrefix}/${user}/.Trash`));
  },
  GETTRASHROOTS: async (request) => {
    const roots = await trashRoots(request);
    return json(wrapped('Paths', roots.length === 0 ? null : roots));
  },
  GETDELEGATIONTOKEN: async ({ query, user, namenode }) => {
    if (query.get('delegation') !== undefined) throw new HdfsError('EILLEGAL', 'delegation parameter is not null.');
    const { token } = await namenode.call('getDelegationToken', { renewer: query.get('renewer') ?? user });
    if (token !== undefined) throw new HdfsError('EUNSUPPORTED', 'GETDELEGATIONTOKEN is not supported');
    return json(wrapped('Token', null));
  },
  GETACLSTATUS: async ({ path, namenode }) => json(aclStatusJson((await namenode.call('getAclStatus', { src: path })).result)),
  GETXATTRS: async (request) => {
    const { path, query, namenode } = request;
    const codec = required(request, 'encoding');
    const names = query.all('xattr.name').filter((name) => name !== '');
    const { xAttrs } = await namenode.call('getXAttrs', { src: path, xAttrs: names.map((name) => xattrNamed(name)) });
    return json(xattrsJson(xAttrs, codec));
  },
  LISTXATTRS: async ({ path, namenode }) => json(xattrNamesJson((await namenode.call('listXAttrs', { src: path })).xAttrs)),
  CHECKACCESS: async (request) => {
    const mode = (parseAction(required(request, 'fsAction')) ?? 0) as AclEntryProto_FsActionProto;
    await request.namenode.call('checkAccess', { path: request.path, mode });
    return { status: 200, body: '' };
  },
  GETALLSTORAGEPOLICY: async ({ namenode }) =>
    json(storagePoliciesJson((await namenode.call('getStoragePolicies', {})).policies)),
  GETSTORAGEPOLICY: async ({ path, namenode }) =>
    json(storagePolicyJson((await namenode.call('getStoragePolicy', { path })).storagePolicy)),
  GETECPOLICY: async ({ path, namenode }) => {
    const { ecPolicy } = await namenode.call('getErasureCodingPolicy', { src: path });
    if (ecPolicy !== undefined) throw new HdfsError('EUNSUPPORTED', 'GETECPOLICY is not supported');
    return json('null');
  },
  GETECCODECS: async ({ namenode }) => {
    const { codec } = await namenode.call('getErasureCodingCodecs', {});
    return json(wrapped('ErasureCodingCodecs', hashMap(Object.fromEntries(codec.map((entry) => [entry.codec, entry.coders])))));
  },
  GETECPOLICIES: async ({ namenode }) => {
    const { ecPolicies } = await namenode.call('getErasureCodingPolicies', {});
    return json(ecPoliciesJson(ecPolicies.map(toPolicyInfo)));
  },
  GETSERVERDEFAULTS: async ({ namenode }) =>
    json(serverDefaultsJson((await namenode.call('getServerDefaults', {})).serverDefaults)),
  GETSTATUS: async ({ namenode }) => json(fsStatusJson(await namenode.call('getFsStats', {}))),
  GETLINKTARGET: async ({ path, namenode }) => {
    const { targetPath } = await namenode.call('getLinkTarget', { path });
    return json(wrapped('Path', targetPath ?? null));
  },
  GETSNAPSHOTTABLEDIRECTORYLIST: async ({ namenode }) => {
    const { snapshottableDirList } = await namenode.call('getSnapshottableDirListing', {});
    if ((snapshottableDirList?.snapshottableDirListing.length ?? 0) > 0) {
      throw new HdfsError('EUNSUPPORTED', 'GETSNAPSHOTTABLEDIRECTORYLIST is not supported');
    }
    return json(wrapped('SnapshottableDirectoryList', null));
  },
  GETSNAPSHOTDIFF: async (request) => {
    const { from, to } = comparedSnapshots(request);
    const names = { snapshotRoot: request.path, fromSnapshot: from ?? '', toSnapshot: to ?? '' };
    const { diffReport } = await request.namenode.call('getSnapshotDiffReport', names);
    return json(snapshotDiffJson(diffReport, { from: from ?? null, to: to ?? null }));
  },
  GETSNAPSHOTDIFFLISTING: async (request) => {
    const { from, to } = comparedSnapshots(request);
    const names = { snapshotRoot: request.path, fromSnapshot: from ?? '', toSnapshot: to ?? '' };
    const startPath = Buffer.from(request.query.get('snapshotDiffStartPath') ?? '', 'utf8');
    const cursor = { startPath, index: request.query.get('snapshotDiffIndex') ?? -1 };
    const { diffReport } = await request.namenode.call('getSnapshotDiffReportListing', { ...names, cursor });
    return json(snapshotDiffListingJson(diffReport));
  },
  GETSNAPSHOTLIST: async ({ path, namenode }) => {
    const { snapshotList } = await namenode.call('getSnapshotListing', { snapshotRoot: path });
    return json(snapshotListJson(snapshotList?.snapshotListing));
  },
};
