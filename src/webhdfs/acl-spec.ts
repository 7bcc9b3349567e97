// The text of ACL entries, `user:ann:rw-,default:group::r-x`, as the parameter `aclspec` carries it. Words of refusals are
// those of Hadoop's AclEntry.
import { HdfsError } from '../base/errors.ts';
import {
  type AclEntryProto_FsActionProto,
  type AclEntryProtoInit,
  AclEntryProto_AclEntryScopeProto as Scope,
  AclEntryProto_AclEntryTypeProto as Type,
} from '../wire/messages/acl.ts';

const ACTION = /^[r-][w-][x-]$/;
const TYPES: ReadonlyMap<string, Type> = new Map(Object.entries(Type));

const invalid = (message: string): HdfsError => new HdfsError('EINVAL', message);

/** Bits of `rwx`, as FsAction numbers them; undefined for another text. */
export function fsActionOf(text: string): AclEntryProto_FsActionProto | undefined {
  if (!ACTION.test(text)) return undefined;
  const bits = (text[0] === 'r' ? 4 : 0) + (text[1] === 'w' ? 2 : 0) + (text[2] === 'x' ? 1 : 0);
  return bits as AclEntryProto_FsActionProto;
}

function parseEntry(entry: string, withPermission: boolean): AclEntryProtoInit {
  // As Java splits: empty parts at the end do not count.
  const parts = entry.replace(/:+$/, '').split(':');
  const scope = parts[0] === 'default' ? Scope.DEFAULT : Scope.ACCESS;
  let index = scope === Scope.DEFAULT ? 1 : 0;
  const word = parts[index++];
  if (word === undefined) throw invalid(`Invalid <aclSpec> : ${entry}`);
  const type = TYPES.get(word.toUpperCase());
  if (type === undefined) throw invalid(`Invalid type of acl in <aclSpec> :${entry}`);
  const name = parts[index++];
  let permissions: AclEntryProto_FsActionProto = 0;
  if (withPermission) {
    const text = parts[index++];
    if (text === undefined) throw invalid(`Invalid <aclSpec> : ${entry}`);
    const action = fsActionOf(text);
    if (action === undefined) throw invalid(`Invalid permission in <aclSpec> : ${entry}`);
    permissions = action;
  }
  if (parts.length > index) throw invalid(`Invalid <aclSpec> : ${entry}`);
  return { scope, type, permissions, name: name === '' ? undefined : name };
}

export function parseAclSpec(spec: string, withPermission: boolean): AclEntryProtoInit[] {
  return spec
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => parseEntry(entry, withPermission));
}
