// If this failed, tools that ask about snapshots would stop where Hadoop's tell them that there are none, or somebody would
// learn of directories that he may not look into.
import { expect, test } from 'vitest';
import { checkSetPermission } from '../ops/attributes.ts';
import { checkCreate } from '../ops/create.ts';
import { checkMkdirs } from '../ops/mkdirs.ts';
import { ALICE, createRequest, LoggedNamespace, refusal, SUPERUSER } from '../testing.ts';
import { checkSnapshotDiff, checkSnapshotListing } from './snapshots.ts';

function world(options = {}) {
  const logged = new LoggedNamespace(options);
  const { ns } = logged;
  const mkdir = (path: string, mode = 0o755) => {
    logged.run(checkMkdirs(ns, SUPERUSER, { path, mode: { masked: mode }, createParent: true }, 1));
    logged.run(checkSetPermission(ns, SUPERUSER, path, mode));
  };
  mkdir('/d/below');
  mkdir('/dark/below', 0o755);
  mkdir('/dark', 0o700);
  mkdir('/unread', 0o711);
  logged.run(checkCreate(ns, SUPERUSER, createRequest('/f'), 1));
  logged.run(checkCreate(ns, SUPERUSER, createRequest('/d/f'), 1));
  return ns;
}

test('the root has no snapshots, no other directory may have any', () => {
  const ns = world();
  const listing = (path: string, caller = SUPERUSER) => refusal(() => checkSnapshotListing(ns, caller, path));
  expect(() => checkSnapshotListing(ns, ALICE, '/')).not.toThrow();
  expect(listing('/d/')).toEqual(['ESNAPSHOT', 'Directory is not a snapshottable directory: /d']);
  expect(listing('/none/x')).toEqual(['ENOENT', 'Directory does not exist: /none/x']);
  expect(listing('/.reserved/raw')).toEqual(['ENOENT', 'Directory does not exist: /.reserved/raw']);
  expect(listing('/.snapshot')).toEqual(['ENOENT', 'Directory does not exist: /.snapshot']);
  expect(listing('/f')).toEqual(['EPATHNOTDIR', "`/f': Is not a directory"]);
  expect(listing('/f/x')).toEqual(['ENOTDIR', '/f (is not a directory)']);
  expect(listing('d')).toEqual(['EILLEGAL', "Absolute path required, but got 'd'"]);
  expect(listing('/dark/below', ALICE)[1]).toContain('access=EXECUTE, inode="/dark"');
  expect(listing('/unread', ALICE)[1]).toContain('access=READ, inode="/unread"');
});

test('where permissions are off, nobody is kept from asking', () => {
  const ns = world({ permissionsEnabled: false });
  expect(refusal(() => checkSnapshotListing(ns, ALICE, '/dark/below'))[0]).toBe('ESNAPSHOT');
  expect(refusal(() => checkSnapshotDiff(ns, ALICE, { path: '/dark/below', from: 'a', to: 'b' }))[0]).toBe('ESNAPSHOT');
});

test('two states are compared below a snapshottable directory only, in Hadoop’s order of reasons', () => {
  const ns = world();
  const diff = (path: string, caller = SUPERUSER, from = 's1', to = '') =>
    refusal(() => checkSnapshotDiff(ns, caller, { path, from, to }));
  const neither = (path: string) => ['ESNAPSHOT', `The path ${path} is neither snapshottable nor under a snapshot root!`];
  expect(diff('/d')).toEqual(neither('/d'));
  expect(diff('/d/')).toEqual(neither('/d'));
  expect(diff('/d/none')).toEqual(neither('/d/none'));
  expect(diff('/none/x')).toEqual(['ENOENT', 'Directory does not exist: /none']);
  expect(diff('/d/f')).toEqual(['EACCES', '/d/f (is not a directory)']);
  expect(diff('/none')).toEqual(['ENOENT', 'Directory does not exist: /none']);
  expect(diff('/.snapshot/s1')).toEqual(['ENOENT', 'Directory does not exist: /.snapshot/s1']);
  expect(diff('/.snapshot/s1/x/y')).toEqual(['ENOENT', 'Directory does not exist: /.snapshot/s1/x']);
  expect(diff('/')).toEqual(['ESNAPSHOT', 'Cannot find the snapshot of directory / with name s1']);
  expect(diff('/', SUPERUSER, '', 's2')).toEqual(['ESNAPSHOT', 'Cannot find the snapshot of directory / with name s2']);
  expect(() => checkSnapshotDiff(ns, ALICE, { path: '/', from: '', to: '' })).not.toThrow();
  expect(diff('/dark', ALICE)[1]).toContain('access=EXECUTE, inode="/dark"');
  expect(diff('/unread', ALICE)).toEqual(neither('/unread'));
});

test('where only snapshottable directories themselves may be compared, that is the reason', () => {
  const ns = world({ snapshotDiffBelowRoot: false });
  const diff = (path: string) => refusal(() => checkSnapshotDiff(ns, SUPERUSER, { path, from: '', to: '' }));
  expect(diff('/d')).toEqual(['ESNAPSHOT', 'Directory is not a snapshottable directory: /d']);
  expect(diff('/d/none')).toEqual(['ENOENT', 'Directory does not exist: /d/none']);
});
