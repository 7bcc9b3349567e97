// /logs/: the files of the directory that a daemon's log goes to (HADOOP_LOG_DIR), to look at and to fetch, also from a byte on.
// Hadoop serves its own so. Nothing above the directory is reached; what a symbolic link in it leads to is, as there.
import { formatUtc } from '../base/utc.ts';
import { diskErrorCode } from '../host/disk-error.ts';
import type { Disk, HttpRequest, HttpResponse } from '../host/host.ts';
import { type Cell, formatBytes } from './page.ts';
import { html, type Route, type RouteHandler, text } from './server.ts';

const LOGS_PATH = '/logs';
const READ_BYTES = 256 * 1024;
/** A directory with more is shown in part. */
const MAX_ENTRIES = 10_000;

/** Names below the directory; undefined: a path that leads elsewhere. */
function namesOf(path: string): readonly string[] | undefined {
  const names: string[] = [];
  for (const part of path.slice(LOGS_PATH.length).split('/')) {
    if (part === '') continue;
    let name: string;
    try {
      name = decodeURIComponent(part);
    } catch {
      // Not an escape of UTF-8: no file has such a name.
      return undefined;
    }
    if (name === '.' || name === '..' || /[/\0]/.test(name)) return undefined;
    names.push(name);
  }
  return names;
}

interface Span {
  readonly from: number;
  /** Behind the last byte. */
  readonly to: number;
}

/** One range of bytes; undefined: all of it, as for what is not understood; 'none': nothing of it is there. */
function rangeOf(header: string | string[] | undefined, size: number): Span | 'none' | undefined {
  const match = typeof header === 'string' ? /^bytes=(\d*)-(\d*)$/.exec(header.trim()) : null;
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return Number(last) === 0 ? 'none' : { from: Math.max(0, size - Number(last)), to: size };
  if (last !== '' && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return 'none';
  return { from: Number(first), to: last === '' ? size : Math.min(size, Number(last) + 1) };
}

async function* bytesOf(disk: Disk, path: string, { from, to }: Span): AsyncIterable<Uint8Array> {
  const file = await disk.open(path, 'r');
  try {
    for (let at = from; at < to; ) {
      const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, to - at));
      const got = await file.read(chunk, 0, chunk.length, at);
      // Cut since: the answer ends before the length that was announced, and the reader is told so by that.
      if (got === 0) throw new Error(`${path} was cut while it was read`);
      at += got;
      yield chunk.subarray(0, got);
    }
  } finally {
    await file.close();
  }
}

const MISSING: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);

async function listing(disk: Disk, directory: string, shown: string): Promise<HttpResponse> {
  const rows: (readonly Cell[])[] = [];
  for (const name of (await disk.readdir(directory)).slice(0, MAX_ENTRIES)) {
    const found = await disk.stat(`${directory}/${name}`).catch((error: unknown) => {
      // Put aside since, or a link that leads nowhere.
      if (MISSING.has(diskErrorCode(error))) return undefined;
      throw error;
    });
    if (found === undefined) continue;
    const { isDirectory, size, mtimeMs } = found;
    const href = `${shown}${encodeURIComponent(name)}${isDirectory ? '/' : ''}`;
    const when = `${formatUtc(mtimeMs).slice(0, 19).replace('T', ' ')} UTC`;
    rows.push([{ href, label: isDirectory ? `${name}/` : name }, when, isDirectory ? '' : formatBytes(size)]);
  }
  return html({
    title: `Directory: ${decodeURIComponent(shown)}`,
    facts: [['Files', rows.length]],
    tables: [{ title: 'Files', columns: ['Name', 'Last modified', 'Size'], rows }],
  });
}

/** The routes of the directory `root`. */
export function logRoutes(disk: Disk, root: string, guard: (handler: RouteHandler) => RouteHandler): readonly Route[] {
  const handler = guard(logsHandler(disk, root));
  return [LOGS_PATH, `${LOGS_PATH}/*`].map((path): Route => ({ method: 'GET', path, handler }));
}

function logsHandler(disk: Disk, root: string): RouteHandler {
  return async (request: HttpRequest): Promise<HttpResponse> => {
    const names = namesOf(request.path);
    if (names === undefined) return text(404, `${request.path} not found\n`);
    const path = [root, ...names].join('/');
    try {
      const { isDirectory, isFile, size } = await disk.stat(path);
      if (isDirectory) {
        const shown = [LOGS_PATH, ...names.map(encodeURIComponent), ''].join('/');
        // Without the slash the links would lead beside it.
        if (!request.path.endsWith('/')) return { ...text(302, ''), headers: { Location: shown } };
        return await listing(disk, path, shown);
      }
      if (!isFile) return text(404, `${request.path} is no file\n`);
      const range = rangeOf(request.headers.range, size);
      const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Accept-Ranges': 'bytes' };
      if (range === 'none') return { ...text(416, ''), headers: { ...headers, 'Content-Range': `bytes */${size}` } };
      const span = range ?? { from: 0, to: size };
      return {
        status: range === undefined ? 200 : 206,
        headers: {
          ...headers,
          'Content-Length': String(span.to - span.from),
          ...(range === undefined ? {} : { 'Content-Range': `bytes ${span.from}-${span.to - 1}/${size}` }),
        },
        body: bytesOf(disk, path, span),
      };
    } catch (error) {
      if (MISSING.has(diskErrorCode(error))) return text(404, `${request.path} not found\n`);
      throw error;
    }
  };
}
