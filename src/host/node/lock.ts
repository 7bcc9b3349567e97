// The lock file of a storage directory (Apache's in_use.lock, whose content is `pid@host`). Java holds a POSIX lock on it,
// for which Node has no call: the small native library fs-native-extensions takes one that excludes Java's, and that the
// kernel lets go with its owner. Where the library does not load, an abstract socket named after the file does for two
// processes of ours; a Java process that holds the file is then seen in /proc/locks, and a living process that has the file
// open in /proc/PID/fd, but nothing stops Java from coming after us.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { hostname } from 'node:os';
import { HdfsError } from '../../base/errors.ts';
import type { DiskLock } from '../host.ts';

/** What is used of fs-native-extensions: a lock on the whole file, held until `fd` is closed. False: another has it. */
export interface NativeLocks {
  tryLock(fd: number): boolean;
}

let loaded: NativeLocks | false | undefined;

/** The native library; false where it has no build for this machine. */
export function nativeLocks(): NativeLocks | false {
  if (loaded === undefined) {
    try {
      loaded = createRequire(import.meta.url)('fs-native-extensions') as NativeLocks;
    } catch {
      loaded = false; // the plain way remains
    }
  }
  return loaded;
}

/** Binds the abstract socket; undefined when another process has it. */
async function bindName(name: string): Promise<net.Server | undefined> {
  const server = net.createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: `\0${name}` }, resolve);
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
  server.unref();
  return server;
}

/** Pid of a process that holds a POSIX lock on the file, as the kernel lists it. */
function posixLockHolder(stat: fs.BigIntStats): string | undefined {
  let table: string;
  try {
    table = fs.readFileSync('/proc/locks', 'utf8');
  } catch {
    return undefined; // not Linux, or hidden: the other signs remain
  }
  for (const line of table.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] !== 'POSIX' || fields[5] === undefined) continue;
    if (fields[5].split(':')[2] === String(stat.ino)) return fields[4];
  }
  return undefined;
}

/** Whether the process `pid` lives and has `path` open, as far as can be seen. */
function holdsOpen(pid: string, path: string): boolean {
  if (!fs.existsSync(`/proc/${pid}`)) return false;
  let entries: string[];
  try {
    entries = fs.readdirSync(`/proc/${pid}/fd`);
  } catch {
    return true; // it lives, under another user: do not risk two owners
  }
  for (const entry of entries) {
    try {
      if (fs.readlinkSync(`/proc/${pid}/fd/${entry}`) === path) return true;
    } catch {
      // closed while we looked
    }
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Excludes other owners where there is no native lock. Answers the socket that stands for it, if any.
 */
async function lockPlainly(
  fd: number,
  path: string,
  holder: string,
  busy: (who: string) => HdfsError,
): Promise<net.Server | undefined> {
  const [pid, host] = holder.split('@');
  const named = pid !== undefined && /^\d+$/.test(pid) && host === hostname() ? pid : undefined;
  if (process.platform !== 'linux') {
    if (named !== undefined && isAlive(Number(named))) throw busy(holder);
    return undefined;
  }
  const stat = fs.fstatSync(fd, { bigint: true });
  // The name follows the file's identity, so that two paths to one directory exclude each other too.
  const name = await bindName(`tuskfs-lock-${stat.dev}-${stat.ino}`);
  if (name === undefined) throw busy(holder === '' ? 'another process' : holder);
  const java = posixLockHolder(stat);
  const other = named !== undefined && named !== String(process.pid) && holdsOpen(named, fs.realpathSync(path));
  if (java === undefined && !other) return name;
  name.close();
  throw busy(java === undefined || holder.startsWith(`${java}@`) ? holder : `process ${java}`);
}

export async function lockFile(path: string, native: NativeLocks | false = nativeLocks()): Promise<DiskLock> {
  const fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
  let name: net.Server | undefined;
  try {
    const holder = fs.readFileSync(fd, 'utf8').split('\n')[0]?.slice(0, 256).trim() ?? '';
    const busy = (who: string): HdfsError => new HdfsError('EBUSY', `${path} is locked: it is in use by ${who}`, { path });
    if (native === false) name = await lockPlainly(fd, path, holder, busy);
    else if (!native.tryLock(fd)) throw busy(holder === '' ? 'another process' : holder);
    fs.ftruncateSync(fd, 0);
    fs.writeSync(fd, `${process.pid}@${hostname()}\n`, 0, 'utf8');
    fs.fdatasyncSync(fd);
  } catch (error) {
    name?.close();
    fs.closeSync(fd);
    throw error;
  }
  let released = false;
  return {
    async release() {
      if (released) return;
      released = true;
      fs.rmSync(path, { force: true });
      fs.closeSync(fd);
      name?.close();
    },
  };
}
