// The string table of an image, and the numbers packed with it: users, groups and names of extended attributes are
// written once and referred to by 24-bit serial numbers inside permissions, ACL entries and attribute names.
// Apache: SerialNumberManager, PermissionStatusFormat, AclEntryStatusFormat, XAttrFormat.
import { assert } from '../../base/assert.ts';
import { ProtocolError } from '../../base/errors.ts';
import { type AclEntry, type AclScope, AclType, type XAttrNamespace } from '../../core/edits/ops.ts';

/** Apache's enum SerialNumberManager, in its order: the kind of a string stands in the top bits of its id. */
export const StringKind = { GLOBAL: 0, USER: 1, GROUP: 2, XATTR: 3 } as const;
export type StringKind = (typeof StringKind)[keyof typeof StringKind];

/** Top bits of an id that hold its kind. Apache: SerialNumberManager.maskBits. */
export const MASK_BITS = 3;
const INT_BITS = 32;
/** Permissions, ACL entries and attribute names have room for this much. */
const MAX_SERIAL = 2 ** 24 - 1;
/** Strings an image may bring: all that the serial numbers of three kinds can name would be more memory than sense. */
const MAX_STRINGS = 16_000_000;

export interface Permission {
  readonly user: string;
  readonly group: string;
  readonly mode: number;
}

// ------------------------------------------------------------------------------------------------------------- reading

export class LoadedStrings {
  private readonly maskBits: number;
  private readonly strings = new Map<number, string>();
  /** Permissions repeat all the time; the last few are kept unpacked. */
  private readonly permissions = new Map<bigint, Permission>();

  constructor(maskBits: number) {
    if (maskBits > MASK_BITS) throw new ProtocolError(`string table with ${maskBits} mask bits`);
    this.maskBits = maskBits;
  }

  add(id: number, text: string): void {
    if (this.strings.size >= MAX_STRINGS) throw new ProtocolError(`string table with more than ${MAX_STRINGS} entries`);
    this.strings.set(id, text);
  }

  /** Number 0 is "none", but for tables that Apache's ReverseXML made: they count from 0. */
  get(kind: StringKind, serial: number): string | undefined {
    const id = this.maskBits === 0 ? serial : (serial | (kind << (INT_BITS - this.maskBits))) >>> 0;
    const text = this.strings.get(id);
    if (text === undefined && serial !== 0)
      throw new ProtocolError(`string ${serial} of kind ${kind} is not in the string table`);
    return text;
  }

  /** Bits: 0-15 mode, 16-39 group, 40-63 user. */
  permission(packed: bigint): Permission {
    const known = this.permissions.get(packed);
    if (known !== undefined) return known;
    const mode = Number(packed & 0xffffn);
    const group = this.get(StringKind.GROUP, Number((packed >> 16n) & 0xffffffn)) ?? '';
    const user = this.get(StringKind.USER, Number(packed >> 40n)) ?? '';
    const permission = { user, group, mode };
    if (this.permissions.size >= 4096) this.permissions.clear();
    this.permissions.set(packed, permission);
    return permission;
  }

  /** Bits: 0-2 permission, 3-4 type, 5 scope, 6-29 name. */
  aclEntry(packed: number): AclEntry {
    const type = ((packed >>> 3) & 3) as AclType;
    const serial = (packed >>> 6) & MAX_SERIAL;
    const kind = type === AclType.USER ? StringKind.USER : StringKind.GROUP;
    const name = isNamed(type) ? this.get(kind, serial) : undefined;
    return {
      scope: ((packed >>> 5) & 1) as AclScope,
      type,
      permission: packed & 7,
      // The owner's and the group's own entries have no name; a table of ReverseXML has an empty one for them.
      name: name === '' ? undefined : name,
    };
  }

  /** Bits: 5 high bit of the namespace, 6-29 name, 30-31 low bits of the namespace. */
  xAttrName(packed: number): { readonly namespace: XAttrNamespace; readonly name: string } {
    const namespace = (packed >>> 30) | (((packed >>> 5) & 1) << 2);
    if (namespace > 4) throw new ProtocolError(`extended attribute in unknown namespace ${namespace}`);
    const name = this.get(StringKind.XATTR, (packed >>> 6) & MAX_SERIAL);
    if (name === undefined) throw new ProtocolError('extended attribute without a name');
    return { namespace: namespace as XAttrNamespace, name };
  }
}

function isNamed(type: AclType): boolean {
  return type === AclType.USER || type === AclType.GROUP;
}

// -------------------------------------------------------------------------------------------------------------- saving

/** Hands out serial numbers while an image is written; its table goes to the image's end. */
export class SavedStrings {
  private readonly numbers: readonly Map<string, number>[] = [new Map(), new Map(), new Map(), new Map()];

  private serial(kind: StringKind, text: string): number {
    const numbers = this.numbers[kind] as Map<string, number>;
    const known = numbers.get(text);
    if (known !== undefined) return known;
    const serial = numbers.size + 1;
    assert(serial <= MAX_SERIAL, 'an image has room for 16 million names of each kind');
    numbers.set(text, serial);
    return serial;
  }

  user(name: string): number {
    return this.serial(StringKind.USER, name);
  }

  group(name: string): number {
    return this.serial(StringKind.GROUP, name);
  }

  aclEntry({ scope, type, permission, name }: AclEntry): number {
    const kind = type === AclType.USER ? StringKind.USER : StringKind.GROUP;
    const serial = name === undefined || !isNamed(type) ? 0 : this.serial(kind, name);
    return ((serial << 6) | (scope << 5) | (type << 3) | permission) >>> 0;
  }

  xAttrName(namespace: XAttrNamespace, name: string): number {
    const serial = this.serial(StringKind.XATTR, name);
    return (((namespace & 3) << 30) | (serial << 6) | ((namespace >>> 2) << 5)) >>> 0;
  }

  get size(): number {
    return this.numbers.reduce((sum, { size }) => sum + size, 0);
  }

  *entries(): Generator<{ readonly id: number; readonly str: string }> {
    for (const [kind, numbers] of this.numbers.entries()) {
      for (const [str, serial] of numbers) yield { id: (serial | (kind << (INT_BITS - MASK_BITS))) >>> 0, str };
    }
  }
}
