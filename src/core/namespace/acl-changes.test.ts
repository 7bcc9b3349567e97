// If this failed, setfacl would give people other rights than on Hadoop: a mask that lets too much through, a default list
// that is not filled up, a list without an end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { type AclEntry, AclScope, AclType } from '../edits/ops.ts';
import { logicalAcl, modeWithoutAcl, storeAcl } from './acl.ts';
import { compareEntries, mergeEntries, removeDefaults, removeEntries, replaceEntries } from './acl-changes.ts';
import { aclEntryText, parseAclSpec } from './acl-text.ts';

/** Parted by spaces. */
const list = (text: string): AclEntry[] => parseAclSpec(text.replaceAll(' ', ','));
/** The same without permissions. */
const keys = (text: string): AclEntry[] => parseAclSpec(text.replaceAll(' ', ','), false);

const shown = (entries: readonly AclEntry[]): string => entries.map(aclEntryText).join(' ');

function refusal(change: () => unknown): string {
  try {
    change();
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EACL') return error.message;
    throw error;
  }
  throw new Error('not refused');
}

const MINIMAL = list('user::rwx group::r-x other::r--');

describe('text', () => {
  it('is read as Hadoop reads it', () => {
    expect(shown(parseAclSpec('USER:ann:rw-,,default:mask::r--'))).toBe('user:ann:rw- default:mask::r--');
    expect(parseAclSpec('')).toEqual([]);
    const wrong = (text: string, withPermissions = true): string => {
      try {
        return shown(parseAclSpec(text, withPermissions));
      } catch (error) {
        if (error instanceof HdfsError && error.code === 'EINVAL') return error.message;
        throw error;
      }
    };
    for (const text of [':::', 'default', 'user:ann', 'user:ann:', 'user:ann:rwx:x']) {
      expect(wrong(text)).toBe(`Invalid <aclSpec> : ${text}`);
    }
    expect(wrong('user:ann:rwz')).toBe('Invalid permission in <aclSpec> : user:ann:rwz');
    expect(wrong('users::rwx')).toBe('Invalid type of acl in <aclSpec> :users::rwx');
    expect(wrong('user:ann:rwx', false)).toBe('Invalid <aclSpec> : user:ann:rwx');
    expect(wrong('default:user:ann,mask::', false)).toBe('default:user:ann:--- mask::---');
  });
});

describe('merging', () => {
  it('adds a mask of all that groups and named entries may', () => {
    expect(shown(mergeEntries(MINIMAL, list('user:ann:rw- group:g:--x')))).toBe(
      'user::rwx user:ann:rw- group::r-x group:g:--x mask::rwx other::r--',
    );
  });

  it('keeps a mask that is given, and works it out anew when other entries change', () => {
    const masked = mergeEntries(MINIMAL, list('user:ann:rwx mask::r--'));
    expect(shown(masked)).toBe('user::rwx user:ann:rwx group::r-x mask::r-- other::r--');
    expect(shown(mergeEntries(masked, list('group::---')))).toBe('user::rwx user:ann:rwx group::--- mask::rwx other::r--');
    const withDefaults = mergeEntries(masked, list('default:user:ann:r--'));
    expect(shown(withDefaults)).toBe(
      'user::rwx user:ann:rwx group::r-x mask::r-- other::r-- ' +
        'default:user::rwx default:user:ann:r-- default:group::r-x default:mask::r-x default:other::r--',
    );
  });

  it('takes the same of two entries for one that is there as Hadoop does', () => {
    expect(shown(mergeEntries(MINIMAL, list('other::--- other::-w- default:user:ann:---')).slice(0, 3))).toBe(
      'user::rwx group::r-x other::-w-',
    );
  });

  it('refuses what is no list', () => {
    expect(refusal(() => mergeEntries(MINIMAL, list('user:ann:r-- user:ann:rwx')))).toBe(
      'Invalid ACL: multiple entries with same scope, type and name.',
    );
    expect(refusal(() => mergeEntries(MINIMAL, list('other:ann:r--')))).toBe(
      'Invalid ACL: this entry type must not have a name: other:ann:r--.',
    );
    const many = Array.from({ length: 33 }, (_, i) => `user:u${i}:r--`).join(' ');
    expect(refusal(() => mergeEntries(MINIMAL, list(many)))).toBe(
      'Invalid ACL: ACL has 33 access entries, which exceeds maximum of 32.',
    );
    const nearly = Array.from({ length: 29 }, (_, i) => `user:u${i}:r--`).join(' ');
    expect(refusal(() => mergeEntries(MINIMAL, list(nearly)))).toBe(
      'Invalid ACL: ACL has 33 access entries, which exceeds maximum of 32.',
    );
    const enough = Array.from({ length: 28 }, (_, i) => `default:user:u${i}:r--`).join(' ');
    expect(mergeEntries(MINIMAL, list(`${nearly.slice(0, nearly.lastIndexOf(' '))} ${enough}`))).toHaveLength(32 + 32);
  });
});

describe('taking entries away', () => {
  const full = list(
    'user::rwx user:ann:rwx user:bob:r-- group::r-x mask::rwx other::r-- ' +
      'default:user::rwx default:user:ann:r-- default:group::r-x default:mask::r-x default:other::---',
  );

  it('works the mask out anew; the last named entry leaves one', () => {
    expect(shown(removeEntries(full, keys('user:ann')).filter((e) => e.scope === AclScope.ACCESS))).toBe(
      'user::rwx user:bob:r-- group::r-x mask::r-x other::r--',
    );
    expect(shown(removeEntries(full, keys('user:ann user:bob mask default:user:ann')))).toBe(
      'user::rwx group::r-x other::r-- default:user::rwx default:group::r-x default:mask::r-x default:other::---',
    );
  });

  it('keeps masks and owners that are needed', () => {
    expect(refusal(() => removeEntries(full, keys('mask')))).toBe('Invalid ACL: mask is required and cannot be deleted.');
    expect(refusal(() => removeEntries(full, keys('other')))).toBe(
      'Invalid ACL: the user, group and other entries are required.',
    );
    // A default entry that is needed comes back from the access list.
    expect(
      shown(removeEntries(full, keys('default:other')))
        .split(' ')
        .at(-1),
    ).toBe('default:other::r--');
  });

  it('drops the default list whole', () => {
    expect(shown(removeDefaults(full))).toBe('user::rwx user:ann:rwx user:bob:r-- group::r-x mask::rwx other::r--');
  });
});

describe('replacing', () => {
  it('leaves the scope alone for which nothing is given', () => {
    const defaults = replaceEntries(MINIMAL, list('default:user:ann:rwx'));
    expect(shown(defaults)).toBe(
      'user::rwx group::r-x other::r-- ' +
        'default:user::rwx default:user:ann:rwx default:group::r-x default:mask::rwx default:other::r--',
    );
    expect(shown(replaceEntries(defaults, list('user::r-- group::--- other::---')))).toBe(
      'user::r-- group::--- other::--- ' +
        'default:user::rwx default:user:ann:rwx default:group::r-x default:mask::rwx default:other::r--',
    );
    expect(refusal(() => replaceEntries(MINIMAL, list('user:ann:rwx')))).toBe(
      'Invalid ACL: the user, group and other entries are required.',
    );
  });
});

const entry = fc.record({
  scope: fc.constantFrom(AclScope.ACCESS, AclScope.DEFAULT),
  type: fc.constantFrom(AclType.USER, AclType.GROUP, AclType.MASK, AclType.OTHER),
  name: fc.constantFrom(undefined, undefined, 'ann', 'bob'),
  permission: fc.integer({ min: 0, max: 7 }),
});
const change = fc.record({
  how: fc.constantFrom(mergeEntries, removeEntries, replaceEntries),
  entries: fc.array(entry, { maxLength: 6 }),
});

it('any sequence of changes leaves a sorted list that the mode bits and the stored entries give back', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), fc.boolean(), (changes, sticky) => {
      let mode = sticky ? 0o1754 : 0o754;
      let stored: readonly AclEntry[] = [];
      for (const { how, entries } of changes) {
        const before = logicalAcl(mode, stored);
        let after: AclEntry[];
        try {
          after = how(before, entries);
        } catch (error) {
          if (error instanceof HdfsError && error.code === 'EACL') continue;
          throw error;
        }
        expect(after).toEqual([...after].sort(compareEntries));
        const kept = storeAcl(after, mode, true);
        if (typeof kept === 'string') throw new Error(kept);
        expect(kept.mode & 0o1000).toBe(mode & 0o1000);
        expect(logicalAcl(kept.mode, kept.entries ?? [])).toEqual(after);
        for (const scope of [AclScope.ACCESS, AclScope.DEFAULT]) {
          const inScope = after.filter((e) => e.scope === scope);
          const hasNamed = inScope.some((e) => e.name !== undefined);
          if (hasNamed) expect(inScope.some((e) => e.type === AclType.MASK)).toBe(true);
        }
        // Without the list the group has its own rights again, not the mask's.
        const group = after.find((e) => e.scope === AclScope.ACCESS && e.type === AclType.GROUP && e.name === undefined);
        expect((modeWithoutAcl(kept.mode, kept.entries ?? []) >> 3) & 7).toBe(group?.permission);
        mode = kept.mode;
        stored = kept.entries ?? [];
      }
    }),
    { numRuns: 500 },
  );
});
