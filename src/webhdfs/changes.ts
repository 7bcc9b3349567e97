// WebHDFS' changes (PUT, POST, DELETE), but those that bring a file's data.
import { HdfsError } from '../base/errors.ts';
import { aclNamesProto, aclSpecProto } from '../client/acl.ts';
import { StorageTypeProto } from '../wire/messages/hdfs.ts';
import type { WebHdfsOp } from '../wire/tables/webhdfs.ts';
import { done, json, jsonBoolean } from './answers.ts';
import { wrapped } from './java-json.ts';
import { type Operation, required, unsupported } from './operation.ts';
import { clamped } from './parameters.ts';
import { decodeValue, xattrNamed } from './xattrs.ts';

/** Apache: PermissionParam. */
const DEFAULT_DIRECTORY_MODE = 0o755;
const SYMLINK_MODE = 0o777;
const XATTR_FLAGS: Readonly<Record<string, number>> = { CREATE: 1, REPLACE: 2 };

/** No answer beyond the status: the content type is left out, as Hadoop's does for these. */
const BARE = { status: 200, body: '' } as const;

const storageTypeOf = (name: string): StorageTypeProto => {
  const upper = name.toUpperCase();
  const known: Readonly<Record<string, StorageTypeProto>> = StorageTypeProto;
  const type = Object.hasOwn(known, upper) ? known[upper] : undefined;
  if (type === undefined) throw new HdfsError('EILLEGAL', `No enum constant org.apache.hadoop.fs.StorageType.${upper}`);
  return type;
};

export const PUT_OPERATIONS: Readonly<Record<Exclude<WebHdfsOp<'PUT'>, 'CREATE'>, Operation>> = {
  MKDIRS: async ({ path, query, namenode }) => {
    const perm = query.get('permission') ?? DEFAULT_DIRECTORY_MODE;
    const unmasked = query.get('unmaskedPermission');
    const { result } = await namenode.call('mkdirs', {
      src: path,
      masked: { perm },
      unmasked: unmasked === undefined ? undefined : { perm: unmasked },
      createParent: true,
    });
    return jsonBoolean(result);
  },
  CREATESYMLINK: async (request) => {
    const target = required(request, 'destination');
    const { path, query, namenode } = request;
    const createParent = query.of('createParent');
    await namenode.call('createSymlink', { target, link: path, dirPerm: { perm: SYMLINK_MODE }, createParent });
    return done();
  },
  RENAME: async (request) => {
    const dst = required(request, 'destination');
    const { path, query, namenode } = request;
    const options = query.get('renameOptions') ?? [];
    if (options.length === 0) return jsonBoolean((await namenode.call('rename', { src: path, dst })).result);
    await namenode.call('rename2', {
      src: path,
      dst,
      overwriteDest: options.includes('OVERWRITE'),
      moveToTrash: options.includes('TO_TRASH'),
    });
    return done();
  },
  SETREPLICATION: async ({ path, query, namenode, replication }) => {
    const wanted = query.get('replication') ?? replication;
    return jsonBoolean((await namenode.call('setReplication', { src: path, replication: wanted })).result);
  },
  SETOWNER: async ({ path, query, namenode }) => {
    const username = query.get('owner');
    const groupname = query.get('group');
    if (username === undefined && groupname === undefined) {
      throw new HdfsError('EILLEGAL', 'Both owner and group are empty.');
    }
    await namenode.call('setOwner', { src: path, username, groupname });
    return done();
  },
  SETPERMISSION: async ({ path, query, namenode }) => {
    const perm = query.get('permission') ?? DEFAULT_DIRECTORY_MODE;
    await namenode.call('setPermission', { src: path, permission: { perm } });
    return done();
  },
  SETTIMES: async ({ path, query, namenode }) => {
    await namenode.call('setTimes', {
      src: path,
      mtime: clamped(query.get('modificationTime') ?? -1n),
      atime: clamped(query.get('accessTime') ?? -1n),
    });
    return done();
  },
  RENEWDELEGATIONTOKEN: async (request) => {
    required(request, 'token');
    return unsupported(request);
  },
  CANCELDELEGATIONTOKEN: async (request) => {
    required(request, 'token');
    return unsupported(request);
  },
  MODIFYACLENTRIES: async (request) => {
    const aclSpec = aclSpecProto(required(request, 'aclSpec'));
    await request.namenode.call('modifyAclEntries', { src: request.path, aclSpec });
    return done();
  },
  REMOVEACLENTRIES: async (request) => {
    const aclSpec = aclNamesProto(required(request, 'aclSpec'));
    await request.namenode.call('removeAclEntries', { src: request.path, aclSpec });
    return done();
  },
  REMOVEDEFAULTACL: async ({ path, namenode }) => {
    await namenode.call('removeDefaultAcl', { src: path });
    return done();
  },
  REMOVEACL: async ({ path, namenode }) => {
    await namenode.call('removeAcl', { src: path });
    return done();
  },
  SETACL: async (request) => {
    const aclSpec = aclSpecProto(required(request, 'aclSpec'));
    await request.namenode.call('setAcl', { src: request.path, aclSpec });
    return done();
  },
  SETXATTR: async (request) => {
    const name = required(request, 'xattrName');
    const flags = required(request, 'xattrFlag');
    const value = request.query.get('xattrValue');
    await request.namenode.call('setXAttr', {
      src: request.path,
      xAttr: xattrNamed(name, value === undefined ? undefined : decodeValue(value)),
      flag: flags.reduce((bits, flag) => bits | (XATTR_FLAGS[flag] ?? 0), 0),
    });
    return done();
  },
  REMOVEXATTR: async (request) => {
    const xAttr = xattrNamed(required(request, 'xattrName'));
    await request.namenode.call('removeXAttr', { src: request.path, xAttr });
    return done();
  },
  ALLOWSNAPSHOT: async ({ path, namenode }) => {
    await namenode.call('allowSnapshot', { snapshotRoot: path });
    return done();
  },
  DISALLOWSNAPSHOT: async ({ path, namenode }) => {
    await namenode.call('disallowSnapshot', { snapshotRoot: path });
    return done();
  },
  CREATESNAPSHOT: async ({ path, query, namenode }) => {
    const request = { snapshotRoot: path, snapshotName: query.get('snapshotName') };
    return json(wrapped('Path', (await namenode.call('createSnapshot', request)).snapshotPath));
  },
  RENAMESNAPSHOT: async (request) => {
    const snapshotOldName = required(request, 'oldSnapshotName');
    const snapshotNewName = required(request, 'snapshotName');
    await request.namenode.call('renameSnapshot', { snapshotRoot: request.path, snapshotOldName, snapshotNewName });
    return done();
  },
  SETSTORAGEPOLICY: async ({ path, query, namenode }) => {
    const policyName = query.get('storagePolicy');
    if (policyName === undefined) throw new HdfsError('EILLEGAL', 'Storage policy name is empty.');
    await namenode.call('setStoragePolicy', { src: path, policyName });
    return done();
  },
  SATISFYSTORAGEPOLICY: async ({ path, namenode }) => {
    await namenode.call('satisfyStoragePolicy', { src: path });
    return done();
  },
  ENABLEECPOLICY: async (request) => {
    await request.namenode.call('enableErasureCodingPolicy', { ecPolicyName: required(request, 'ecPolicy') });
    return done();
  },
  DISABLEECPOLICY: async (request) => {
    await request.namenode.call('disableErasureCodingPolicy', { ecPolicyName: required(request, 'ecPolicy') });
    return done();
  },
  SETECPOLICY: async (request) => {
    const ecPolicyName = required(request, 'ecPolicy');
    await request.namenode.call('setErasureCodingPolicy', { src: request.path, ecPolicyName });
    return done();
  },
  SETQUOTA: async (request) => {
    const namespaceQuota = Number(required(request, 'namespaceQuota'));
    const storagespaceQuota = Number(required(request, 'storageSpaceQuota'));
    await request.namenode.call('setQuota', { path: request.path, namespaceQuota, storagespaceQuota });
    return done();
  },
  SETQUOTABYSTORAGETYPE: async (request) => {
    const storagespaceQuota = Number(required(request, 'storageSpaceQuota'));
    const storageType = storageTypeOf(required(request, 'storageType'));
    // Apache: HdfsConstants.QUOTA_DONT_SET, Java's Long.MAX_VALUE.
    const namespaceQuota = 2 ** 63;
    await request.namenode.call('setQuota', { path: request.path, namespaceQuota, storagespaceQuota, storageType });
    return done();
  },
};

export const POST_OPERATIONS: Readonly<Record<Exclude<WebHdfsOp<'POST'>, 'APPEND'>, Operation>> = {
  CONCAT: async (request) => {
    const srcs = required(request, 'sources').split(',');
    await request.namenode.call('concat', { trg: request.path, srcs });
    return BARE;
  },
  TRUNCATE: async (request) => {
    const newLength = clamped(required(request, 'newLength'));
    const { path, namenode, clientName } = request;
    return jsonBoolean((await namenode.call('truncate', { src: path, newLength, clientName: clientName() })).result);
  },
  UNSETSTORAGEPOLICY: async ({ path, namenode }) => {
    await namenode.call('unsetStoragePolicy', { src: path });
    return BARE;
  },
  UNSETECPOLICY: async ({ path, namenode }) => {
    await namenode.call('unsetErasureCodingPolicy', { src: path });
    return BARE;
  },
};

export const DELETE_OPERATIONS: Readonly<Record<WebHdfsOp<'DELETE'>, Operation>> = {
  DELETE: async ({ path, query, namenode }) =>
    jsonBoolean((await namenode.call('delete', { src: path, recursive: query.of('recursive') })).result),
  DELETESNAPSHOT: async (request) => {
    const snapshotName = required(request, 'snapshotName');
    await request.namenode.call('deleteSnapshot', { snapshotRoot: request.path, snapshotName });
    return done();
  },
};
