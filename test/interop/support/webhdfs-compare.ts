// The same requests of the web servers of both makers' clusters, and which of their answers may differ.
import { plain, sendAndFollow, type WebAnswer, type WebRequest } from './webhdfs-table.ts';

/** Requests that we answer otherwise, each with the reason. */
const DIFFERENT: readonly { readonly query: RegExp; readonly why: string }[] = [
  { query: /op=GETQUOTAUSAGE$/, why: 'Hadoop refuses a count below a sticky directory as it refuses a removal' },
  {
    query: /op=GETSNAPSHOTDIFF(LISTING)?(&user\.name=\w+)?$/,
    why: 'without names of snapshots Hadoop asks for rights over the whole tree, as for its removal',
  },
  { query: /op=(GETLINKTARGET|CREATESYMLINK&destination)/, why: 'symbolic links are refused by name' },
  { query: /(modificationtime|accesstime|offset)=null/, why: 'Hadoop fails with a NullPointerException' },
];

/** Hadoop sends names in addresses as they are; we escape what is no ASCII, as HTTP wants it. */
const escaped = (location: string | undefined): string | undefined =>
  plain(location)?.replace(/[\u0080-\uffff]/g, encodeURIComponent);

/** Requests by their paths, too. */
const DIFFERENT_PATHS: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /\.\.\/\.\.|%2e%2e/, why: 'Hadoop’s web server leaves /webhdfs; ours refuses the name, or finds nothing' },
  { path: /%F0%9F|%E2%80/, why: 'Hadoop names the created file with question marks' },
  { path: /(\/p{200}){10}/, why: 'Hadoop’s DataNode refuses so long an address' },
];

const HTML = /^<(html|h1)>/;

/**
 * Hadoop's web server itself answers with a page or nothing, and ours with a message: only that they refuse is alike. Of a user
 * without a name it says that it failed.
 */
function isRefusedByServer(a: readonly WebAnswer[], u: readonly WebAnswer[], { query }: WebRequest): boolean {
  const { status, body = '' } = a.at(-1) ?? {};
  const isFailure = status === 500 && /(user\.name|doas)=(&|$)/.test(query);
  const ours = u.at(-1)?.status;
  return (body === '' || HTML.test(body)) && (status === 400 || isFailure) && (ours === 400 || ours === status);
}

/** Hadoop's DataNodes hand on some classes of exceptions only, and show the others as that of their transport. */
function isUnwrapped(a: readonly WebAnswer[], u: readonly WebAnswer[]): boolean {
  const messageOf = (answers: readonly WebAnswer[]): string =>
    /"message":"(.*)"/.exec(plain(answers.at(-1)?.body) ?? '')?.[1] ?? '';
  return (a.at(-1)?.body ?? '').includes('"org.apache.hadoop.ipc.RemoteException"') && messageOf(a) === messageOf(u);
}

/** Jackson takes the fields of a policy as the JVM happens to list its getters. */
function unordered(body: string | undefined): string | undefined {
  if (body?.startsWith('{"ErasureCodingPolicies":') !== true) return body;
  return body.replace(/"policy":\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}/g, (policy) => policy.split(/[,{}]/).sort().join());
}

/** They are not kept here: see the table of what is answered otherwise over RPC. */
const withoutDirectoryTimes = (body: string | undefined): string | undefined =>
  body?.replace(/"accessTime":\w+(,[^{}]*"type":"DIRECTORY")/g, '"accessTime":ANY$1');

const shown = (answers: readonly WebAnswer[]): readonly unknown[] =>
  answers.map(({ status, type, location, body }) => ({
    status,
    type,
    location: escaped(location),
    body: body.startsWith('{"Location"') ? escaped(body) : withoutDirectoryTimes(unordered(plain(body))),
  }));

/** What the NameNode refuses by RPC it refuses here; COMPATIBILITY.md lists it. */
const isRefused = (answers: readonly WebAnswer[]): boolean =>
  answers.some(({ body }) => body.includes('RpcNoSuchMethodException'));

/** What is answered otherwise, and the operations that are refused. */
export async function compareWebHdfs(theirPort: number, ourPort: number, requests: readonly WebRequest[]) {
  const different: unknown[] = [];
  const refused = new Set<string>();
  for (const request of requests) {
    const [a, u] = [await sendAndFollow(theirPort, request), await sendAndFollow(ourPort, request)];
    if (DIFFERENT.some(({ query }) => query.test(request.query))) continue;
    if (DIFFERENT_PATHS.some(({ path }) => path.test(request.path))) continue;
    if (isRefusedByServer(a, u, request) || isUnwrapped(a, u)) continue;
    if (isRefused(u)) {
      refused.add(/op=(\w+)/.exec(request.query)?.[1] ?? '');
      continue;
    }
    if (JSON.stringify(shown(a)) !== JSON.stringify(shown(u))) {
      different.push({ request: `${request.method} ${request.path}?${request.query}`, apache: shown(a), ours: shown(u) });
    }
  }
  return { different, refused };
}
