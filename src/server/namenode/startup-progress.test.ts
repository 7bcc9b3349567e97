// If this failed, who waits for a NameNode to start would be told wrong times, or of work that is not being done.
import { expect, test } from 'vitest';
import type { Clock, HttpRequest } from '../../host/host.ts';
import { StartupProgress } from './startup-progress.ts';
import { startupRoute } from './startup-view.ts';

function progressAt(): { readonly progress: StartupProgress; readonly pass: (ms: number) => void } {
  let now = 1000;
  const clock = { monotonic: () => now } as Clock;
  return { progress: new StartupProgress(clock), pass: (ms) => (now += ms) };
}

test('a phase that runs is as far as its steps are', () => {
  const { progress, pass } = progressAt();
  expect(progress.view()).toMatchObject({ elapsedTime: 0, percentComplete: 0 });
  progress.begin('LoadingFsImage');
  progress.reads('LoadingFsImage', '/n/fsimage_7', 400);
  let loaded = 0;
  const inodes = progress.step('LoadingFsImage', { name: 'Inodes' });
  inodes.total = 8;
  inodes.done = () => loaded;
  pass(5);
  loaded = 2;
  const [image, edits] = progress.view().phases;
  expect(image).toEqual({
    name: 'LoadingFsImage',
    desc: 'Loading fsimage',
    status: 'RUNNING',
    percentComplete: 0.25,
    elapsedTime: 5,
    file: '/n/fsimage_7',
    size: 400,
    steps: [
      {
        name: 'Inodes',
        desc: 'inodes',
        count: 2,
        file: undefined,
        size: undefined,
        total: 8,
        percentComplete: 0.25,
        elapsedTime: 5,
      },
    ],
  });
  expect(edits).toMatchObject({ status: 'PENDING', elapsedTime: 0, steps: [] });
  expect(progress.view()).toMatchObject({ elapsedTime: 5, percentComplete: 0.0625 });
  loaded = 8;
  inodes.finish();
  // What is counted later is no part of the step.
  loaded = 9;
  pass(3);
  progress.end('LoadingFsImage');
  pass(3);
  expect(progress.view().phases[0]).toMatchObject({
    status: 'COMPLETE',
    percentComplete: 1,
    elapsedTime: 8,
    steps: [{ count: 8, percentComplete: 1, elapsedTime: 5 }],
  });
});

test('steps stand by their files and in the order in which they are taken; those of a damaged image are forgotten', () => {
  const { progress } = progressAt();
  progress.begin('LoadingFsImage');
  progress.step('LoadingFsImage', { name: 'Inodes' });
  progress.reads('LoadingFsImage', '/n/fsimage_6', 300);
  for (const name of ['CachePools', 'Inodes', 'DelegationTokens', 'ErasureCodingPolicies'] as const) {
    progress.step('LoadingFsImage', { name }).finish();
  }
  progress.begin('LoadingEdits');
  for (const file of ['/n/edits_3-4', '/n/edits_1-2', '/n/edits_1-2']) progress.step('LoadingEdits', { file, size: 10 });
  const [image, edits] = progress.view().phases;
  expect(image?.steps.map(({ name }) => name)).toEqual(['ErasureCodingPolicies', 'Inodes', 'DelegationTokens', 'CachePools']);
  expect(edits?.steps.map(({ name, file, size }) => [name, file, size])).toEqual([
    [undefined, '/n/edits_1-2', 10],
    [undefined, '/n/edits_3-4', 10],
  ]);
});

test('safe mode ends the start, once', () => {
  const { progress, pass } = progressAt();
  progress.begin('LoadingFsImage');
  pass(10);
  for (const phase of ['LoadingFsImage', 'LoadingEdits', 'SavingCheckpoint'] as const) progress.end(phase);
  let safe = 1;
  progress.inSafeMode(4, () => safe);
  pass(10);
  expect(progress.view()).toMatchObject({ elapsedTime: 20, percentComplete: 3.25 / 4 });
  safe = 4;
  progress.leftSafeMode();
  pass(10);
  progress.leftSafeMode();
  safe = 0;
  const view = progress.view();
  expect(view).toMatchObject({ elapsedTime: 20, percentComplete: 1 });
  expect(view.phases[3]).toMatchObject({
    status: 'COMPLETE',
    elapsedTime: 10,
    steps: [{ name: 'AwaitingReportedBlocks', count: 4, total: 4, elapsedTime: 10 }],
  });
});

test('portions are shown as the floats that they are in Hadoop', async () => {
  const { progress } = progressAt();
  progress.begin('LoadingEdits');
  progress.step('LoadingEdits', { file: '/n/edits_1-3', size: 10 }).total = 3;
  const step = progress.step('LoadingEdits', { file: '/n/edits_4-6', size: 10 });
  step.total = 3;
  step.done = () => 1;
  const { body } = await startupRoute(progress).handler({} as HttpRequest, {});
  expect(body).toContain('"file":"/n/edits_4-6","size":10,"total":3,"percentComplete":0.33333334,');
});
