// The lock file of a storage directory (Apache's in_use.lock, whose content is `pid@host`). Java holds a POSIX lock on it,
// which Node cannot take. Ours is an abstract socket named after the file: of two processes the kernel lets one bind it,
// and it vanishes with its owner. A Java process that holds the file is seen in /proc/locks; and a living process that
// has the file open is seen in /proc/PID/fd, in case it lives where neither reaches.
import fs from 'node:fs';
import net from 'node:net';
import { hostname } from 'node:os';
import { HdfsError } from '../../base/errors.ts';
import type { DiskLock } from '../host.ts';

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

export async function lockFile(path: string): Promise<DiskLock> {
  const fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
  let name: net.Server | undefined;
  try {
    const real = fs.realpathSync(path);
    const stat = fs.fstatSync(fd, { bigint: true });
    const holder = fs.readFileSync(fd, 'utf8').split('\n')[0]?.slice(0, 256).trim() ?? '';
    const busy = (who: string): HdfsError => new HdfsError('EBUSY', `${path} is locked: it is in use by ${who}`, { path });
    const [pid, host] = holder.split('@');
    if (process.platform === 'linux') {
      // The name follows the file's identity, so that two paths to one directory exclude each other too.
      name = await bindName(`tuskfs-lock-${stat.dev}-${stat.ino}`);
      if (name === undefined) throw busy(holder === '' ? 'another process' : holder);
      const java = posixLockHolder(stat);
      if (java !== undefined) throw busy(holder.startsWith(`${java}@`) ? holder : `process ${java}`);
      if (
        pid !== undefined &&
        /^\d+$/.test(pid) &&
        host === hostname() &&
        pid !== String(process.pid) &&
        holdsOpen(pid, real)
      ) {
        throw busy(holder);
      }
    } else if (pid !== undefined && /^\d+$/.test(pid) && host === hostname() && isAlive(Number(pid))) {
      throw busy(holder);
    }
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
