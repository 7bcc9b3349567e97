// A Python with packages from PyPI, in a virtual environment of the user's cache that is made the first time; or why there
// is none. Unlike Hadoop's own jars these are not there wherever the tests run, so their lack is told and never a failure.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';

const INSTALL_LIMIT_MS = 600_000;
/** Written last: an environment without it was interrupted. */
const COMPLETE = '.complete';

type Python = { readonly program: string } | { readonly missing: string };

/** `packages` with their versions (`name==version`). */
export function findPython(packages: readonly string[]): Python {
  const version = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) return { missing: 'Python is not installed' };
  const digest = createHash('sha256')
    .update([version.stdout, ...packages].join('\n'))
    .digest('hex')
    .slice(0, 8);
  const directory = join(homedir(), '.cache/tuskfs/python', digest);
  const program = join(directory, 'bin/python');
  if (existsSync(join(directory, COMPLETE))) return { program };
  // Scripts of an environment know its path, so it is made where it stays; another run's comes out of the way whole.
  if (existsSync(directory)) renameSync(directory, `${directory}.${process.pid}`);
  rmSync(`${directory}.${process.pid}`, { recursive: true, force: true });
  mkdirSync(join(directory, '..'), { recursive: true });
  const options = { encoding: 'utf8', timeout: INSTALL_LIMIT_MS } as const;
  const made = spawnSync('python3', ['-m', 'venv', directory], options);
  if (made.status !== 0) return { missing: `python3 -m venv failed: ${made.stderr || made.stdout}` };
  const installed = spawnSync(program, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...packages], options);
  if (installed.status !== 0) return { missing: `pip cannot install ${packages.join(' ')}: ${installed.stderr}` };
  writeFileSync(join(directory, COMPLETE), '');
  return { program };
}

export interface PythonOptions {
  /** Installed only when this variable of the environment is set: the packages are large. */
  readonly onlyWhen?: string;
}

/** A group of tests that needs these packages: skipped, with the reason, where they cannot be had. */
export function describeWithPython(
  name: string,
  packages: readonly string[],
  body: (program: string) => void,
  options: PythonOptions = {},
): void {
  const { onlyWhen } = options;
  const found: Python =
    onlyWhen === undefined || process.env[onlyWhen] !== undefined
      ? findPython(packages)
      : { missing: `${onlyWhen} is not set` };
  if ('missing' in found) {
    console.warn(`${name}: skipped, because ${found.missing}`);
    describe.skip(name, () => body(''));
    return;
  }
  describe(name, () => body(found.program));
}
