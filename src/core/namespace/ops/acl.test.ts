// If this failed, lists could be changed by those who may not, be left in a state that no replay gives back, or be
// refused in other words than Apache's.
import { describe, expect, it } from 'vitest';
import { type AclEntry, AclScope, AclType } from '../../edits/ops.ts';
import { aclEntryText } from '../acl-text.ts';
import type { NamespaceOptions } from '../namespace.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkAccess } from '../queries/access.ts';
import { aclStatus } from '../queries/acl-status.ts';
import { fileStatus } from '../queries/file-status.ts';
import { ALICE, BOB, createRequest, dump, LoggedNamespace, refusal, SUPERUSER } from '../testing.ts';
import { type AclChange, checkAclChange } from './acl.ts';
import { checkSetOwner, checkSetPermission } from './attributes.ts';
import { checkCreate } from './create.ts';
import { checkMkdirs } from './mkdirs.ts';

const entry = (type: AclType, name: string | undefined, permission: number, scope: AclScope = AclScope.ACCESS): AclEntry => ({
  scope,
  type,
  name,
  permission,
});
const user = (name: string, permission: number, scope?: AclScope) => entry(AclType.USER, name, permission, scope);

function world(options: Partial<NamespaceOptions> = {}) {
  const logged = new LoggedNamespace(options);
  const { ns } = logged;
  const mkdir = (path: string, masked: number, unmasked?: number) =>
    logged.run(checkMkdirs(ns, ALICE, { path, mode: { masked, unmasked }, createParent: true }, 1));
  const create = (path: string, masked: number, unmasked?: number) =>
    logged.run(checkCreate(ns, ALICE, createRequest(path, { mode: { masked, unmasked } }), 2));
  const change = (caller: Caller, path: string, wanted: AclChange) => logged.run(checkAclChange(ns, caller, path, wanted));
  const shown = (path: string): string => {
    const { status } = aclStatus(ns, SUPERUSER, path);
    return `${(status.mode ?? 0).toString(8)} ${status.entries.map(aclEntryText).join(' ')}`.trim();
  };
  logged.run(checkMkdirs(ns, SUPERUSER, { path: '/d', mode: { masked: 0o750 }, createParent: true }, 1));
  logged.run(checkSetOwner(ns, SUPERUSER, '/d', 'alice', 'staff'));
  return { logged, ns, mkdir, create, change, shown };
}

describe('changes of a list', () => {
  it('keep the mask in the group bits, where chmod changes it', () => {
    const { logged, ns, change, shown } = world();
    change(ALICE, '/d', { kind: 'modifyAclEntries', entries: [user('bob', 7)] });
    expect(shown('/d')).toBe('770 user:bob:rwx group::r-x');
    expect(fileStatus(ns, ALICE, '/d', true)?.status?.flags).toBe(1);
    checkAccess(ns, BOB, '/d', FsAction.ALL);
    logged.run(checkSetPermission(ns, ALICE, '/d', 0o710));
    expect(shown('/d')).toBe('710 user:bob:rwx group::r-x');
    expect(refusal(() => checkAccess(ns, BOB, '/d', FsAction.WRITE))[1]).toBe(
      'Permission denied: user=bob, access=WRITE, inode="/d":alice:staff:drwx--x---',
    );
    change(ALICE, '/d', { kind: 'removeAclEntries', entries: [user('bob', 0)] });
    expect(shown('/d')).toBe('750 group::r-x');
    change(ALICE, '/d', { kind: 'removeAcl' });
    expect(shown('/d')).toBe('750');
    expect(fileStatus(ns, ALICE, '/d', true)?.status?.flags).toBe(0);
    expect(dump(logged.replay())).toEqual(dump(ns));
  });

  it('are the owner’s, by name of the method and the path', () => {
    const { change, ns } = world();
    expect(refusal(() => change(BOB, '/d', { kind: 'removeAcl' }))).toEqual([
      'EACCES',
      'Permission denied. user=bob is not the owner of inode=/d',
    ]);
    expect(refusal(() => change(ALICE, '/none', { kind: 'removeAcl' }))).toEqual([
      'ENOENT',
      'Directory/File does not exist /none',
    ]);
    expect(refusal(() => aclStatus(ns, ALICE, '/none'))).toEqual(['ENOENT', 'cannot find /none']);
  });

  it('are refused where a list cannot be, with the path', () => {
    const { change, create, ns } = world();
    create('/d/f', 0o644);
    const defaults: AclChange = { kind: 'modifyAclEntries', entries: [user('bob', 7, AclScope.DEFAULT)] };
    expect(refusal(() => change(ALICE, '/d/f', defaults))).toEqual([
      'EACL',
      'Invalid ACL: only directories may have a default ACL. Path: /d/f Path: /d/f',
    ]);
    expect(refusal(() => change(ALICE, '/d//f', { kind: 'setAcl', entries: [user('bob', 7)] }))).toEqual([
      'EACL',
      'Invalid ACL: the user, group and other entries are required. Path: /d//f',
    ]);
    expect(aclStatus(ns, ALICE, '/d/f').status.entries).toEqual([]);
  });

  it('can be switched off, while lists go on to count', () => {
    const { change } = world({ aclsEnabled: false });
    expect(refusal(() => change(ALICE, '/d', { kind: 'removeAcl' }))).toEqual([
      'EACL',
      'The ACL operation has been rejected.  Support for ACLs has been disabled by setting dfs.namenode.acls.enabled to false.',
    ]);
  });
});

describe('default lists', () => {
  const defaults: AclChange = { kind: 'setAcl', entries: [user('bob', 7, AclScope.DEFAULT)] };

  it('pass to children in place of the umask, where the client says both modes', () => {
    const { logged, ns, change, mkdir, create, shown } = world();
    change(ALICE, '/d', defaults);
    expect(shown('/d')).toBe(
      '750 default:user::rwx default:user:bob:rwx default:group::r-x default:mask::rwx default:other::---',
    );
    mkdir('/d/new', 0o755, 0o777);
    expect(shown('/d/new')).toBe(
      '770 user:bob:rwx group::r-x ' +
        'default:user::rwx default:user:bob:rwx default:group::r-x default:mask::rwx default:other::---',
    );
    mkdir('/d/old', 0o755);
    expect(shown('/d/old').slice(0, 3)).toBe('750');
    create('/d/f', 0o644, 0o666);
    expect(shown('/d/f')).toBe('660 user:bob:rwx group::r-x');
    create('/d/a/b/f', 0o644, 0o666);
    expect(shown('/d/a/b').slice(0, 3)).toBe('750');
    expect(dump(logged.replay())).toEqual(dump(ns));
  });

  it('go through the umask where POSIX inheritance is off', () => {
    const { change, mkdir, shown } = world({ posixAclInheritance: false });
    change(ALICE, '/d', defaults);
    mkdir('/d/new', 0o755, 0o777);
    expect(shown('/d/new').slice(0, 3)).toBe('750');
  });

  it('without named entries leave children no list but the default one', () => {
    const { change, mkdir, create, shown } = world();
    change(ALICE, '/d', {
      kind: 'setAcl',
      entries: [entry(AclType.OTHER, undefined, 0, AclScope.DEFAULT), entry(AclType.GROUP, undefined, 1, AclScope.DEFAULT)],
    });
    create('/d/f', 0o644, 0o777);
    expect(shown('/d/f')).toBe('710');
    mkdir('/d/new', 0o755, 0o777);
    expect(shown('/d/new')).toBe('710 default:user::rwx default:group::--x default:other::---');
    change(ALICE, '/d/new', { kind: 'removeDefaultAcl' });
    expect(shown('/d/new')).toBe('710');
  });
});
