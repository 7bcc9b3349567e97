// If these fail, a crash in the middle of an upgrade or a rollback loses blocks, or a directory that nobody should guess at
// is started.
import { expect, test } from 'vitest';
import { analyzeStorage } from './upgrade-state.ts';

const state = (hasVersion: boolean, ...names: string[]) => analyzeStorage({ hasVersion, names: new Set(names) });

test('every point at which a crash can leave the directories leads back or forward', () => {
  expect(state(true, 'current')).toEqual({ kind: 'normal' });
  expect(state(true, 'current', 'previous')).toEqual({ kind: 'normal' });
  expect(state(false)).toEqual({ kind: 'not-formatted' });
  expect(state(false, 'current')).toEqual({ kind: 'not-formatted' });
  const rename = (from: string, to: string) => ({ kind: 'rename', from, to });
  const remove = (name: string) => ({ kind: 'remove', name });
  const steps = (...args: Parameters<typeof state>) => {
    const found = state(...args);
    return found.kind === 'interrupted' ? found.steps : found;
  };
  expect(steps(false, 'previous.tmp')).toEqual([remove('current'), rename('previous.tmp', 'current')]);
  expect(steps(false, 'previous.tmp', 'current')).toEqual([remove('current'), rename('previous.tmp', 'current')]);
  expect(steps(true, 'previous.tmp', 'current')).toEqual([rename('previous.tmp', 'previous')]);
  expect(steps(false, 'removed.tmp', 'previous')).toEqual([rename('removed.tmp', 'current')]);
  expect(steps(true, 'removed.tmp', 'current')).toEqual([remove('removed.tmp')]);
  expect(steps(false, 'lastcheckpoint.tmp')).toEqual([remove('current'), rename('lastcheckpoint.tmp', 'current')]);
  expect(steps(true, 'lastcheckpoint.tmp', 'current')).toEqual([
    remove('previous.checkpoint'),
    rename('lastcheckpoint.tmp', 'previous.checkpoint'),
  ]);
  expect(steps(true, 'finalized.tmp', 'current')).toEqual([remove('finalized.tmp')]);
});

test('what cannot have come about is refused in Apache’s words', () => {
  const reason = (...args: Parameters<typeof state>) => {
    const found = state(...args);
    return found.kind === 'inconsistent' ? found.reason : found.kind;
  };
  expect(reason(false, 'previous')).toBe('version file in current directory is missing.');
  expect(reason(true, 'previous.tmp', 'removed.tmp', 'current')).toBe('too many temporary directories.');
  expect(reason(true, 'current', 'previous', 'previous.tmp')).toBe('previous and previous.tmp cannot exist together.');
  expect(reason(true, 'current', 'previous', 'finalized.tmp')).toBe('previous and finalized.tmpcannot exist together.');
  expect(reason(false, 'removed.tmp')).toMatch(/^one and only one directory current or previous/);
});
