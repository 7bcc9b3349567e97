// Entries of access control lists as text: `default:user:ann:r-x`, parted by commas. Apache: AclEntry.
import { HdfsError } from '../../base/errors.ts';
import { formatAction, parseAction } from '../../base/mode.ts';
import { type AclEntry, AclScope, type AclType } from '../edits/ops.ts';

/** By number. */
const TYPE_NAMES: readonly string[] = ['user', 'group', 'mask', 'other'];

/** Apache: AclEntry.toStringStable. */
export function aclEntryText({ scope, type, name, permission }: AclEntry): string {
  const prefix = scope === AclScope.DEFAULT ? 'default:' : '';
  return `${prefix}${TYPE_NAMES[type]}:${name ?? ''}:${formatAction(permission)}`;
}

/** Reads a list; without permissions it names entries that are to go. Throws HdfsError EINVAL. */
export const parseAclSpec = (text: string, withPermissions = true): AclEntry[] =>
  text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => parseEntry(part, withPermissions));

function parseEntry(text: string, withPermission: boolean): AclEntry {
  const invalid = (what = 'Invalid <aclSpec> : '): HdfsError => new HdfsError('EINVAL', `${what}${text}`);
  const parts = text.split(':');
  // Java's split drops empty parts at the end.
  while (parts.at(-1) === '') parts.pop();
  const isDefault = parts[0] === 'default';
  if (isDefault) parts.shift();
  if (parts.length === 0) throw invalid();
  const type = TYPE_NAMES.indexOf(parts[0]?.toLowerCase() ?? '');
  if (type < 0) throw invalid('Invalid type of acl in <aclSpec> :');
  const [, name = '', symbol] = parts;
  let permission: number | undefined = 0;
  if (withPermission) {
    if (symbol === undefined) throw invalid();
    permission = parseAction(symbol);
    if (permission === undefined) throw invalid('Invalid permission in <aclSpec> : ');
  }
  if (parts.length > (withPermission ? 3 : 2)) throw invalid();
  return {
    scope: isDefault ? AclScope.DEFAULT : AclScope.ACCESS,
    type: type as AclType,
    name: name === '' ? undefined : name,
    permission,
  };
}
