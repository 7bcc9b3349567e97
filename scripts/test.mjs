// Runs one of the test projects (`unit` or `interop`) and ends with the line `N passed, N failed, N skipped`. A file
// that cannot be loaded counts as one failed test. Tests that passed only when they were tried once more are named before it,
// and so is what tests have noted.
// More arguments go to vitest.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '../..');
const [project = 'unit', ...more] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-test-'));
const report = join(directory, 'report.json');
const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
    ...more,
  ],
  { cwd: root, stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code) => {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const notes = [];
  try {
    const results = JSON.parse(readFileSync(report, 'utf8'));
    for (const file of results.testResults) {
      if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')) failed++;
      for (const { status, fullName, failureMessages, meta } of file.assertionResults) {
        notes.push(...(meta?.notes ?? []));
        if (status === 'passed') passed++;
        if (status === 'passed' && failureMessages.length > 0) {
          const [reason = ''] = failureMessages[0].split('\n');
          notes.push(`needed a second attempt: ${relative(root, file.name)} > ${fullName}: ${reason}`);
        } else if (status === 'failed') failed++;
        else if (status !== 'passed') skipped++;
      }
    }
  } catch (error) {
    console.error(`no report of the tests: ${error.message}`);
    failed++;
  }
  rmSync(directory, { recursive: true, force: true });
  if (code !== 0 && failed === 0) failed = 1;
  for (const line of notes) console.log(line);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
});
