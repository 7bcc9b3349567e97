// Requests of a web server by nobody, by somebody, and with cookies, good and bad, and what of the answers says who they were
// taken for.
import { type PlainAnswer, plainRequest } from './plain-request.ts';

/** Short enough to be waited for. */
export const VALIDITY_SECONDS = 3;
export const STRICT_KEYS = {
  'hadoop.http.authentication.simple.anonymous.allowed': 'false',
  'hadoop.http.authentication.token.validity': String(VALIDITY_SECONDS),
  'hadoop.security.authorization': 'true',
  'dfs.cluster.administrators': 'adm',
} as const;

const HOME = '/webhdfs/v1/?op=GETHOMEDIRECTORY';
const PATHS: readonly string[] = [
  HOME,
  `${HOME}&user.name=ann`,
  `${HOME}&User.Name=ann`,
  `${HOME}&user.name=ann&doas=zed`,
  `${HOME}&user.name=`,
  `${HOME}&user.name=a%26b`,
  '/jmx?qry=none:a=b',
  '/jmx?qry=none:a=b&user.name=ann',
  '/conf?name=fs.defaultFS&user.name=a&user.name=b',
  '/logLevel?log=x',
  '/logLevel?log=x&user.name=adm',
  '/logLevel?log=x&user.name=bob',
  '/none',
  '/none?user.name=ann',
];
const COOKIES: readonly string[] = [
  'hadoop.auth=',
  'hadoop.auth=x',
  'hadoop.auth="u=a&p=a&t=simple&e=99999999999999"',
  'hadoop.auth="u=a&p=a&t=simple&e=99999999999999&s=AAAA"',
  'other=1; hadoop.auth=""',
];
/** `name` of whose cookie is sent, as it was given or changed. */
const OWN_COOKIES: readonly (readonly [path: string, name: string, change: (cookie: string) => string])[] = [
  [HOME, 'ann', (cookie) => cookie],
  [`${HOME}&user.name=bob`, 'ann', (cookie) => cookie],
  [`${HOME}&doas=bob`, 'ann', (cookie) => cookie],
  ['/logLevel?log=x', 'adm', (cookie) => cookie],
  ['/logLevel?log=x', 'ann', (cookie) => cookie],
  ['/logLevel?log=x&user.name=adm', 'ann', (cookie) => cookie],
  [HOME, 'ann', (cookie) => cookie.replaceAll('"', '')],
  [HOME, 'ann', (cookie) => `a=b; ${cookie}; c=d`],
  [HOME, 'ann', (cookie) => cookie.replace('u=ann', 'u=adm')],
];

/** A request, with this cookie where there is one. */
const ask = (port: number, path: string, cookie: string | undefined, method = 'GET'): Promise<PlainAnswer> =>
  plainRequest(port, { method, path, headers: cookie === undefined ? {} : { cookie } });

const cookiesOf = (headers: PlainAnswer['headers']): readonly string[] => headers['set-cookie'] ?? [];

/** Without what differs from one second to the next; of bodies what a program reads. */
const comparable = ({ status, words, headers, body }: PlainAnswer): unknown => ({
  status,
  // Of a bad name Hadoop's web server says that it failed, in words of its own.
  words: status === 500 ? '' : words,
  wanted: headers['www-authenticate'],
  cookies: cookiesOf(headers).map((cookie) => cookie.replace(/&e=\d+&s=[^"]+/, '&e=E&s=S')),
  body: body.startsWith('{') ? body.replaceAll('\\/', '/').trim() : '',
});

/** Secrets are drawn anew all the time: the one that a cookie was signed with may be gone before it is seen to have expired. */
const asExpired = (told: PlainAnswer): unknown => {
  const words = told.words?.replace(/^\S+SignerException: Invalid signature$/, 'AuthenticationToken expired');
  return comparable({ ...told, words });
};

/** What both answer otherwise; `only`: the paths that are asked for, all without it. */
export async function compareWhoAsks(
  theirPort: number,
  ourPort: number,
  only: (path: string) => boolean = () => true,
): Promise<readonly unknown[]> {
  const different: unknown[] = [];
  const given = async (port: number, name: string): Promise<string> => {
    const { headers } = await ask(port, `${HOME}&user.name=${name}`, undefined, 'OPTIONS');
    return cookiesOf(headers)[0]?.split(';')[0] ?? 'none';
  };
  const compare = async (
    path: string,
    cookie: (port: number) => Promise<string | undefined>,
    method?: string,
    shown: (told: PlainAnswer) => unknown = comparable,
  ): Promise<void> => {
    if (!only(path)) return;
    const [a, u] = await Promise.all(
      [theirPort, ourPort].map(async (port) => shown(await ask(port, path, await cookie(port), method))),
    );
    if (JSON.stringify(a) !== JSON.stringify(u)) different.push({ path, method, apache: a, ours: u });
  };
  const none = (): Promise<undefined> => Promise.resolve(undefined);
  for (const path of PATHS) await compare(path, none);
  await compare(HOME, none, 'OPTIONS');
  for (const cookie of COOKIES) await compare(HOME, () => Promise.resolve(cookie));
  for (const [path, name, change] of OWN_COOKIES) await compare(path, async (port) => change(await given(port, name)));
  const cookies = new Map([
    [theirPort, await given(theirPort, 'ann')],
    [ourPort, await given(ourPort, 'ann')],
  ]);
  await new Promise((done) => setTimeout(done, VALIDITY_SECONDS * 1000 + 500));
  await compare(HOME, (port) => Promise.resolve(cookies.get(port)), undefined, asExpired);
  return different;
}
