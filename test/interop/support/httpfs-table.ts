// The same requests of both makers' HttpFS, and what of their answers has to be alike: status, content type, address, and the
// values of JSON. Maven's newest HttpFS is that of Hadoop 3.4.2.

import { randomRequests } from './webhdfs-random.ts';
import { plain, sendAndFollow, type WebAnswer, type WebRequest, webRequests } from './webhdfs-table.ts';
import { HOSTILE_PATHS, wrongRequests } from './webhdfs-wrong.ts';

/** Requests that we answer otherwise, each with the reason. */
const DIFFERENT: readonly { readonly query: RegExp; readonly why: string }[] = [
  {
    query: /op=(SETQUOTA|SETQUOTABYSTORAGETYPE|CREATESYMLINK|GETLINKTARGET|ENABLEECPOLICY|DISABLEECPOLICY)/,
    why: 'Hadoop’s has none',
  },
  { query: /op=(GET|RENEW|CANCEL)DELEGATIONTOKEN|[?&]delegation=/, why: 'tokens are not built' },
  { query: /op=(ALLOW|DISALLOW|CREATE|RENAME|DELETE)SNAPSHOT/, why: 'snapshots are not built' },
  {
    query: /op=GETSNAPSHOTDIFF(LISTING)?(&user\.name=\w+)?$/,
    why: 'without names of snapshots Hadoop’s client refuses the call, or fails with a NullPointerException',
  },
  { query: /op=(SETECPOLICY|UNSETECPOLICY)/, why: 'erasure coding is not built' },
  { query: /op=GETTRASHROOTS/, why: 'Hadoop answers with Java’s words for an object, which is no JSON' },
  { query: /&startafter=|User\.Name/, why: 'Hadoop takes names in one spelling only' },
  {
    query:
      /op=(CHECKACCESS|MODIFYACLENTRIES|REMOVEACLENTRIES|SETACL|TRUNCATE|CONCAT|SETXATTR|REMOVEXATTR|SETSTORAGEPOLICY)(&xattr\.name=user\.k)?&user\.name=/,
    why: 'without what the operation needs Hadoop fails with a NullPointerException, or cuts the file to nothing',
  },
  { query: /blocksize=0/, why: 'refused with other words' },
  { query: /op=(CONCAT&sources=\/tmp\/none|TRUNCATE&newlength=0)/, why: 'a missing file is 404 here, 500 in Hadoop’s' },
  { query: /op=GETALLSTORAGEPOLICY/, why: 'Hadoop 3.4 lacks a policy, and its client puts them in an order by chance' },
];

const HAS_PAGE = /^<(html|h1)>/;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.keys(fields)
      // A summary of ours says more; and what a poisoned call did not make is missing.
      .filter((name) => !/^snapshot(\w*Count|Length|SpaceConsumed)$|^childrenNum$/.test(name))
      // Not kept here: see the table of what is answered otherwise over RPC.
      .filter((name) => name !== 'accessTime' || fields.type !== 'DIRECTORY')
      .sort()
      .map((name) => [name, sorted(fields[name])]),
  );
}

function bodyOf(body: string): unknown {
  const text = plain(body) ?? '';
  try {
    return sorted(JSON.parse(text.replace(/:(TIME|ID|SIZE)\b/g, ':"$1"')));
  } catch {
    return text;
  }
}

/** Parameters in any order, escaped in any way. */
function placeOf(location: string | undefined): string | undefined {
  const [place, query] = plain(location)?.split('?') ?? [];
  if (query === undefined) return place;
  const words = [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}`);
  return `${place}?${words.sort().join('&')}`;
}

interface JsonAnswer {
  readonly Location?: string;
  readonly RemoteException?: { readonly message: string | null };
}

/** Only classes that Hadoop's client knows come out of it; others have that of its transport. */
function comparable(answer: WebAnswer, other: WebAnswer): unknown {
  const { status, type, location } = answer;
  // Hadoop's web server itself answers with a page or nothing, ours with a message.
  if ([answer, other].some(({ body }) => HAS_PAGE.test(body) || (status >= 400 && body === ''))) return status;
  const body = bodyOf(answer.body) as JsonAnswer | null;
  const seen = { status, type: type?.replace(/;.*/, ''), location: placeOf(location) };
  if (body?.RemoteException !== undefined) return { ...seen, message: body.RemoteException.message?.replace(/^``/, '`') };
  return { ...seen, body: body?.Location === undefined ? body : placeOf(body.Location) };
}

/** What an operation needs: without it Hadoop's fails with a NullPointerException, or does something. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  CHECKACCESS: ['fsaction'],
  MODIFYACLENTRIES: ['aclspec'],
  REMOVEACLENTRIES: ['aclspec'],
  SETACL: ['aclspec'],
  TRUNCATE: ['newlength'],
  CONCAT: ['sources'],
  SETXATTR: ['xattr.name', 'flag'],
  REMOVEXATTR: ['xattr.name'],
  SETSTORAGEPOLICY: ['storagepolicy'],
};
const ONLY_OURS: ReadonlySet<string> = new Set(['SETQUOTA', 'SETQUOTABYSTORAGETYPE', 'CREATESYMLINK', 'GETLINKTARGET']);
/** Hadoop's client takes the sticky bit from the mode of what it makes. */
const STICKY = /^\+?0*1777$|^-1$/;

/** A random request that both can be asked. */
function isAskedOfBoth({ path, query }: WebRequest): boolean {
  const values = new URLSearchParams(query);
  const op = values.get('op')?.toUpperCase() ?? '';
  // Hadoop's takes a name without its escapes for no address.
  if (path.includes('[') || ONLY_OURS.has(op)) return false;
  // Some of its operations take the first name for a host, and are about the others.
  if (path.startsWith('//')) return false;
  // It takes this in one spelling only, which is not the NameNode's.
  if (values.has('startafter')) return false;
  if (['permission', 'unmaskedpermission'].some((name) => STICKY.test(values.get(name) ?? ''))) return op === 'SETPERMISSION';
  return (NEEDED[op] ?? []).every((name) => values.getAll(name).some((value) => value.trim() !== ''));
}

/** Random requests as a NameNode's WebHDFS is asked, for HttpFS. */
export function randomHttpFsRequests(me: string, seed: number, steps: number): readonly WebRequest[] {
  return randomRequests(me, seed, steps).flatMap((request): readonly WebRequest[] => {
    if (isAskedOfBoth(request)) return [request];
    const [op, mode] = /^op=(MKDIRS)&permission=(1777)/.exec(request.query)?.slice(1) ?? [];
    if (op === undefined) return [];
    const made = { ...request, query: request.query.replace(`&permission=${mode}`, '') };
    return [made, { ...request, query: request.query.replace(op, 'SETPERMISSION') }];
  });
}

/** Some classes come out of Hadoop's client as that of its transport, with status 500 whatever they mean. */
function isUnwrapped(a: WebAnswer, u: WebAnswer): boolean {
  if (!a.body.includes('"org.apache.hadoop.ipc.RemoteException"')) return false;
  const [theirs, ours] = [a, u].map(({ body }) => (bodyOf(body) as JsonAnswer | null)?.RemoteException?.message);
  return theirs === ours;
}

/** Nobody to act for is a failure of Hadoop's web server. */
const isNobody = ({ query }: WebRequest, a: WebAnswer, u: WebAnswer): boolean =>
  /doas=(&|$)/.test(query) && a.status === 500 && u.status === 400;

/** A call that failed before it was sent makes the next ones of its thread in Hadoop's client fail, whatever they are. */
const isPoisoned = (answers: readonly WebAnswer[]): boolean =>
  answers.some(({ body }) => body.includes('"java.lang.IllegalStateException"'));

async function ask(port: number, request: WebRequest): Promise<readonly WebAnswer[]> {
  const headers = { 'content-type': 'application/octet-stream' };
  for (let times = 0; ; times++) {
    const answers = await sendAndFollow(port, request.body === undefined ? request : { ...request, headers });
    if (times === 20 || !isPoisoned(answers)) return answers;
  }
}

export function httpFsRequests(me: string): readonly WebRequest[] {
  const bare = wrongRequests(me).filter(({ path, query }) => path === '/h/f' && /^op=\w+&user\.name=\w+$/.test(query));
  const values = wrongRequests(me).filter(
    // Without `newlength` Hadoop's TRUNCATE does not refuse: see above.
    ({ method, path, query }) =>
      method !== 'POST' && path === '/h/none' && /&[\w.]+=(x|-1|9223372036854775808)&user\.name=\w+$/.test(query),
  );
  const hostile = HOSTILE_PATHS.filter((path) => !/;|%00|%0a/.test(path) && path.length < 3000).flatMap(
    (path): WebRequest[] => [
      { method: 'GET', path, query: `op=GETFILESTATUS&user.name=${me}` },
      { method: 'PUT', path: `${path}.d`, query: `op=MKDIRS&user.name=${me}` },
    ],
  );
  const made: readonly WebRequest[] = [
    { method: 'PUT', path: '/h', query: `op=MKDIRS&user.name=${me}` },
    { method: 'PUT', path: '/h/f', query: `op=CREATE&user.name=${me}`, body: 'f' },
  ];
  const own: readonly WebRequest[] = [
    { method: 'GET', path: '/tmp', query: `op=LISTSTATUS&filter=*e*&user.name=${me}` },
    { method: 'GET', path: '/tmp', query: `op=LISTSTATUS&filter=[a&user.name=${me}` },
    { method: 'GET', path: '/', query: 'op=GETHOMEDIRECTORY&user.name=ann&doas=bob' },
    { method: 'GET', path: '/', query: 'op=GETHOMEDIRECTORY&user.name=bob&doas=ann' },
    { method: 'PUT', path: '/denied', query: 'op=MKDIRS&user.name=ann&doas=bob' },
    { method: 'PUT', path: '/tmp/x', query: `op=CREATE&data=perhaps&user.name=${me}` },
  ];
  return [...webRequests(me), ...own, ...made, ...bare, ...values, ...hostile].filter(
    ({ query, method, path }) => !DIFFERENT.some((one) => one.query.test(query)) && !(method === 'DELETE' && path === '/'),
  );
}

/** What both answer otherwise. */
export async function compareHttpFs(
  apachePort: number,
  ourPort: number,
  requests: readonly WebRequest[],
): Promise<readonly unknown[]> {
  const different: unknown[] = [];
  let poisoned = 0;
  for (const request of requests) {
    const [a, u] = await Promise.all([ask(apachePort, request), ask(ourPort, request)]);
    if (isPoisoned(a)) {
      poisoned++;
      continue;
    }
    const alike =
      a.length === u.length &&
      a.every((answer, index) => {
        const other = u[index];
        if (other === undefined) return false;
        if (isUnwrapped(answer, other) || isNobody(request, answer, other)) return true;
        return JSON.stringify(comparable(answer, other)) === JSON.stringify(comparable(other, answer));
      });
    if (!alike) different.push({ request: `${request.method} ${request.path}?${request.query}`, apache: a, ours: u });
  }
  // Most have to be comparable.
  if (poisoned > 20) different.push({ poisoned });
  return different;
}
