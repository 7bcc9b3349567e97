// If this failed, V8 would no longer know a setting that bin/start.js makes: servers would run slower, and say so at each start.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT } from './sources.ts';

const started = promisify(execFile);

test('this Node knows the settings that servers make', async () => {
  // A NameNode makes all of them. What comes of the words is not asked: the settings are made before anything is loaded.
  const { stderr } = await started(process.execPath, [join(ROOT, 'bin/hdfs'), 'namenode', '-help']).catch(
    (failure: { stderr: string }) => failure,
  );
  expect(stderr).not.toMatch(/unrecognized flag|not built yet/i);
});
