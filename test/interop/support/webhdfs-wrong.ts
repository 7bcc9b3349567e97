// Requests of WebHDFS that are wrong: every operation without what it needs, every parameter with what it cannot mean, and
// paths that nobody in good faith would send.
import { PARAMETERS } from '../../../src/webhdfs/parameters.ts';
import { WEBHDFS_OPS_BY_METHOD } from '../../../src/wire/tables/webhdfs.ts';
import type { WebRequest } from './webhdfs-table.ts';

/** One operation of each method is enough: all parameters of a method are looked at, whatever the operation. */
const WITH_PARAMETERS = { GET: 'LISTSTATUS', PUT: 'SETTIMES', POST: 'TRUNCATE', DELETE: 'DELETE' } as const;
const VALUES = ['x', '-1', '-2', '0', '9223372036854775808', '1e3', '%20', 'null', '%00', '%ff', 'a%2fb', ',', '+1', '077'];

/** Of an operation that would end more than its own request on a path of its own. */
const LEFT_OUT = new Set(['DELETE', 'CREATE', 'APPEND']);

export const HOSTILE_PATHS: readonly string[] = [
  '/h/%2f',
  '/h%2fa',
  '/h/a%2fb',
  '/%2e%2e/h',
  '/h/../../etc',
  '/h/%2e%2e/%2e%2e',
  '/h/.',
  '/h/%2e',
  '/h/...',
  '//h',
  '/h//',
  '/h/%20',
  '/h/%00',
  '/h/a%00b',
  '/h/%0a%0d',
  '/h/%01',
  '/h/%7f',
  '/h/a;b=c',
  '/h/a:b',
  '/h/a%3ab',
  '/h/%5c',
  '/h/a%5cb',
  '/h/*',
  '/h/%25',
  '/h/%2525',
  '/h/%3f%23',
  '/h/__proto__',
  '/h/constructor',
  '/h/toString',
  '/h/hasOwnProperty/x',
  '/h/%F0%9F%98%80',
  '/h/e%CC%81',
  '/h/%E2%80%AE',
  '/.reserved/raw/h',
  '/.reserved/.inodes/1/h',
  '/.reserved/.inodes/x',
  '/.reserved/none',
  '/.reserved',
  '/h/.snapshot',
  '/h/.snapshot/s',
  `/h/${'n'.repeat(255)}`,
  `/h/${'n'.repeat(256)}`,
  `/h/${'%C3%A9'.repeat(128)}`,
  `/h${'/d'.repeat(600)}`,
  `/h/${'p'.repeat(200)}${`/${'p'.repeat(200)}`.repeat(45)}`,
];

export function wrongRequests(me: string): readonly WebRequest[] {
  const su = `user.name=${me}`;
  const requests: WebRequest[] = [
    { method: 'PUT', path: '/h', query: `op=MKDIRS&permission=777&${su}` },
    { method: 'PUT', path: '/h/f', query: `op=CREATE&${su}`, body: 'f' },
  ];
  for (const [method, ops] of Object.entries(WEBHDFS_OPS_BY_METHOD)) {
    for (const op of ops) {
      if (LEFT_OUT.has(op)) continue;
      requests.push({ method, path: '/h/f', query: `op=${op}&${su}` }, { method, path: '/h/none', query: `op=${op}&${su}` });
    }
    // Of another method.
    requests.push({ method, path: '/h/f', query: `op=${method === 'PUT' ? 'OPEN' : 'MKDIRS'}&${su}` });
  }
  for (const [method, op] of Object.entries(WITH_PARAMETERS)) {
    for (const { name } of Object.values(PARAMETERS)) {
      for (const value of VALUES) {
        const identity = name === 'user.name' ? '' : `&${su}`;
        requests.push({ method, path: '/h/none', query: `op=${op}&${name}=${value}${identity}` });
      }
    }
  }
  for (const path of HOSTILE_PATHS) {
    requests.push(
      { method: 'PUT', path, query: `op=MKDIRS&${su}` },
      { method: 'GET', path, query: `op=GETFILESTATUS&${su}` },
      { method: 'GET', path, query: `op=OPEN&${su}` },
      { method: 'PUT', path: `${path}.f`, query: `op=CREATE&${su}`, body: 'x' },
      { method: 'PUT', path: '/h/f', query: `op=RENAME&destination=${path}&${su}` },
      { method: 'PUT', path: `${path}.f`, query: `op=RENAME&destination=/h/f&${su}` },
      { method: 'DELETE', path, query: `op=DELETE&${su}` },
    );
  }
  return requests;
}
