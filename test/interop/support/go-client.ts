// Debian's Go client of HDFS (package hdfs-cli): where it is, or why it is not there. It shares no line with Hadoop's own
// client, and reads the wire as its author understood it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PROGRAM = '/usr/bin/hdfs';
const INSTALL_LIMIT_MS = 180_000;

/** Hadoop's own command may have the same name. */
function isGoClient(program: string): boolean {
  if (!existsSync(program)) return false;
  const { stdout, stderr } = spawnSync(program, ['--help'], { encoding: 'utf8' });
  return /Valid commands:[\s\S]*getmerge SOURCE DEST/.test(`${stdout}${stderr}`);
}

/** Installs it where that is possible. */
export function findGoClient(): { readonly program: string } | { readonly missing: string } {
  if (isGoClient(PROGRAM)) return { program: PROGRAM };
  if (existsSync(PROGRAM)) return { missing: `${PROGRAM} is another program` };
  if (process.getuid?.() !== 0) return { missing: 'the package hdfs-cli is not installed, and only root may install it' };
  const options = {
    stdio: 'ignore',
    timeout: INSTALL_LIMIT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  } as const;
  const install = (): boolean =>
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'hdfs-cli'], options).status === 0;
  if (install() || (spawnSync('apt-get', ['update'], options).status === 0 && install())) {
    return isGoClient(PROGRAM) ? { program: PROGRAM } : { missing: 'hdfs-cli installs no client that is known here' };
  }
  return { missing: 'the package hdfs-cli is not installed, and apt-get cannot install it' };
}
