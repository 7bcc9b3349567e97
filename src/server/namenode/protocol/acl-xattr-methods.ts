// ClientProtocol's access control lists and extended attributes.
import { HdfsError } from '../../../base/errors.ts';
import type { AclEntry, XAttr } from '../../../core/edits/ops.ts';
import { type AclChange, checkAclChange } from '../../../core/namespace/ops/acl.ts';
import { checkRemoveXattr, checkSetXattr } from '../../../core/namespace/ops/xattr.ts';
import { aclStatus } from '../../../core/namespace/queries/acl-status.ts';
import { xattrsOf } from '../../../core/namespace/queries/xattrs.ts';
import type { Handlers, RpcCall } from '../../../rpc/service.ts';
import type { AclEntryProto, AclEntryProto_FsActionProto, AclEntryProtoInit } from '../../../wire/messages/acl.ts';
import type { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import { type XAttrProto, XAttrSetFlagProto } from '../../../wire/messages/xattr.ts';
import { answering, type NameSystem, rpcIds } from '../namesystem.ts';

const STICKY = 0o1000;

const isEmpty = (): Record<string, never> => ({});

/** An empty name is none. */
const aclEntries = (protos: readonly AclEntryProto[]): AclEntry[] =>
  protos.map(({ scope, type, permissions, name }) => ({
    scope,
    type,
    permission: permissions,
    name: name === '' ? undefined : name,
  }));

const aclEntryProto = ({ scope, type, permission, name }: AclEntry): AclEntryProtoInit => ({
  scope,
  type,
  permissions: permission as AclEntryProto_FsActionProto,
  name,
});

/** Values are views of the request. */
const xattrOf = ({ namespace, name, value }: XAttrProto): XAttr => ({
  namespace,
  name,
  value: value === undefined ? undefined : new Uint8Array(value),
});

/** The attribute of a request, which the schema lets a client leave out. */
function givenXattr(method: string, proto: XAttrProto | undefined): XAttr {
  if (proto === undefined) throw new HdfsError('EILLEGAL', `${method}: no extended attribute`);
  return xattrOf(proto);
}

export function aclXattrMethods(system: NameSystem): Handlers<typeof ClientNamenodeProtocol> {
  const { namespace: ns } = system;

  const changeAcl = (call: RpcCall, src: string, what: string, change: AclChange) =>
    system.change(call, `Cannot ${what} on ${src}`, (caller) => answering(checkAclChange(ns, caller, src, change), isEmpty));

  /** Which attributes a caller sees; the answer waits for what it met. */
  const xattrs = (call: RpcCall, src: string, wanted: readonly XAttr[]) =>
    system.read(call, (caller) => {
      const found = xattrsOf(ns, caller, src, wanted);
      system.waitFor(call, found.path.inodes);
      return { xAttrs: found.xattrs };
    });

  return {
    modifyAclEntries: ({ src, aclSpec }, call) =>
      changeAcl(call, src, 'modify ACL entries', { kind: 'modifyAclEntries', entries: aclEntries(aclSpec) }),

    removeAclEntries: ({ src, aclSpec }, call) =>
      changeAcl(call, src, 'remove ACL entries', { kind: 'removeAclEntries', entries: aclEntries(aclSpec) }),

    removeDefaultAcl: ({ src }, call) => changeAcl(call, src, 'remove default ACL entries', { kind: 'removeDefaultAcl' }),

    removeAcl: ({ src }, call) => changeAcl(call, src, 'remove ACL', { kind: 'removeAcl' }),

    setAcl: ({ src, aclSpec }, call) => changeAcl(call, src, 'set ACL', { kind: 'setAcl', entries: aclEntries(aclSpec) }),

    getAclStatus: ({ src }, call) =>
      system.read(call, (caller) => {
        const { path, status } = aclStatus(ns, caller, src);
        system.waitFor(call, path.inodes);
        const { owner, group, mode, entries } = status;
        return {
          result: {
            owner,
            group,
            sticky: ((mode ?? 0) & STICKY) !== 0,
            entries: entries.map(aclEntryProto),
            permission: mode === undefined ? undefined : { perm: mode },
          },
        };
      }),

    setXAttr: ({ src, xAttr, flag = 0 }, call) =>
      system.change(
        call,
        `Cannot set XAttr on ${src}`,
        (caller) => {
          const checked = checkSetXattr(ns, caller, {
            path: src,
            xattr: givenXattr('setXAttr', xAttr),
            create: (flag & XAttrSetFlagProto.XATTR_CREATE) !== 0,
            replace: (flag & XAttrSetFlagProto.XATTR_REPLACE) !== 0,
            rpc: rpcIds(call),
          });
          return answering(checked, isEmpty);
        },
        isEmpty,
      ),

    removeXAttr: ({ src, xAttr }, call) =>
      system.change(
        call,
        `Cannot remove XAttr entry on ${src}`,
        (caller) => {
          const xattr = givenXattr('removeXAttr', xAttr);
          return answering(checkRemoveXattr(ns, caller, { path: src, xattr, rpc: rpcIds(call) }), isEmpty);
        },
        isEmpty,
      ),

    getXAttrs: ({ src, xAttrs: wanted }, call) => xattrs(call, src, wanted.map(xattrOf)),

    listXAttrs: ({ src }, call) => xattrs(call, src, []),
  };
}
