// Who asks a web server, without Kerberos: whoever `user.name` names, or the cookie `hadoop.auth` that a server gave for it.
// Nobody proves anything. Mirrors Hadoop's AuthenticationFilter with its PseudoAuthenticationHandler.
import type { Configuration } from '../config/configuration.ts';
import type { Host, HttpHandler, HttpRequest, HttpResponse } from '../host/host.ts';
import { text } from './server.ts';
import { readToken, signedToken } from './signed-token.ts';

const COOKIE = 'hadoop.auth';
const COOKIE_VALUE = /(?:^|;)\s*hadoop\.auth=("?)([^";]*)\1\s*(?:;|$)/;
/** Names that a cookie can carry; what Hadoop gives for others it does not know again. */
const FITS_COOKIE = /^[!#-+\--:<-[\]-~]{1,256}$/;
const SECRET_BYTES = 32;
/** A cookie is given again for this long, instead of signing a new one for each request. */
const REUSE_MS = 60_000;
const MAX_REUSED = 1000;
/** A secret is a line or so. */
const MAX_SECRET_BYTES = 1024 * 1024;

export interface AuthenticationRules {
  /** What a token of this server says that it is: another server's is not taken. */
  readonly type: string;
  readonly anonymousAllowed: boolean;
  readonly validityMs: number;
  readonly domain: string;
  /** The content of the file of the secret; undefined: one is drawn, and drawn anew when what it signed is over. */
  readonly secret: Uint8Array | undefined;
}

/** `cookie`: to be sent with the answer. */
export type Authenticated =
  | { readonly user: string | undefined; readonly cookie: string | undefined }
  | { readonly refusal: HttpResponse };

/** Undefined where there is no secret to be read. */
async function secretIn({ disk }: Pick<Host, 'disk'>, file: string): Promise<Uint8Array | undefined> {
  if (file === '' || !(await disk.exists(file))) return undefined;
  if ((await disk.stat(file)).size > MAX_SECRET_BYTES) return undefined;
  const secret = await disk.readFile(file);
  return secret.length === 0 ? undefined : secret;
}

export async function authenticationRules(
  host: Pick<Host, 'disk'>,
  configuration: Configuration,
  type: string,
): Promise<AuthenticationRules> {
  return {
    type,
    anonymousAllowed: configuration.getBoolean('hadoop.http.authentication.simple.anonymous.allowed'),
    validityMs: configuration.getInt('hadoop.http.authentication.token.validity') * 1000,
    domain: configuration.get('hadoop.http.authentication.cookie.domain') ?? '',
    secret: await secretIn(host, configuration.get('hadoop.http.authentication.signature.secret.file') ?? ''),
  };
}

export class SimpleAuthentication {
  readonly #host: Pick<Host, 'clock' | 'random'>;
  readonly #rules: AuthenticationRules;
  #secret: Uint8Array;
  /** The one before it: what that signed may not be over yet. */
  #secretBefore: Uint8Array | undefined;
  #drawnMs: number;
  readonly #given = new Map<string, { readonly cookie: string; readonly atMs: number }>();

  constructor(host: Pick<Host, 'clock' | 'random'>, rules: AuthenticationRules) {
    this.#host = host;
    this.#rules = rules;
    this.#secret = rules.secret ?? host.random.bytes(SECRET_BYTES);
    this.#drawnMs = host.clock.now();
  }

  /** `user`: whom the request names. */
  authenticate(request: HttpRequest, user = request.query.get('user.name') ?? undefined): Authenticated {
    const now = this.#host.clock.now();
    this.#renewSecret(now);
    const known = this.#tokenOf(request, now);
    if (typeof known === 'object') return { user: known.user, cookie: undefined };
    if (user === undefined) {
      if (this.#rules.anonymousAllowed) return { user: undefined, cookie: undefined };
      return { refusal: this.#refusal(known ?? 'Authentication required') };
    }
    if (user === '' || user.includes('&')) return { refusal: text(500, "userName is NULL, empty or contains a '&'\n") };
    return { user, cookie: this.#cookieFor(user, now) };
  }

  /** The token that came with a request, or what is wrong with it. */
  #tokenOf({ headers }: HttpRequest, now: number) {
    const sent = typeof headers.cookie === 'string' ? COOKIE_VALUE.exec(headers.cookie)?.[2] : undefined;
    if (sent === undefined) return undefined;
    if (sent === '') return 'Unauthorized access';
    const token = readToken(sent, this.#secretBefore === undefined ? [this.#secret] : [this.#secret, this.#secretBefore]);
    if (typeof token === 'string') return token;
    if (token.type !== this.#rules.type) return 'Invalid AuthenticationToken type';
    return token.expires <= now ? 'AuthenticationToken expired' : token;
  }

  #renewSecret(now: number): void {
    if (this.#rules.secret !== undefined || now - this.#drawnMs < this.#rules.validityMs) return;
    this.#secretBefore = this.#secret;
    this.#secret = this.#host.random.bytes(SECRET_BYTES);
    this.#drawnMs = now;
    this.#given.clear();
  }

  #cookieFor(user: string, now: number): string | undefined {
    if (!FITS_COOKIE.test(user)) return undefined;
    const given = this.#given.get(user);
    if (given !== undefined && now - given.atMs < Math.min(REUSE_MS, this.#rules.validityMs)) return given.cookie;
    const token = { user, type: this.#rules.type, expires: now + this.#rules.validityMs };
    const cookie = this.#cookie(`"${signedToken(token, this.#secret)}"`);
    if (this.#given.size >= MAX_REUSED) this.#given.clear();
    this.#given.set(user, { cookie, atMs: now });
    return cookie;
  }

  #cookie(value: string): string {
    const domain = this.#rules.domain === '' ? '' : `; Domain=${this.#rules.domain}`;
    return `${COOKIE}=${value}; Path=/${domain}; HttpOnly`;
  }

  #refusal(reason: string): HttpResponse {
    const answer = text(401, `${reason}\n`);
    return {
      ...answer,
      reason,
      headers: { ...answer.headers, 'WWW-Authenticate': 'PseudoAuth', 'Set-Cookie': this.#cookie('') },
    };
  }
}

export function withCookie(response: HttpResponse, cookie: string | undefined): HttpResponse {
  return cookie === undefined ? response : { ...response, headers: { ...response.headers, 'Set-Cookie': cookie } };
}

/** Probes have no name. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/**
 * Stands before all pages of a web server but those that `passes` lets by; they see who asks as `remoteUser`. Apache:
 * AuthenticationFilter.
 */
export function authenticationFilter(
  authentication: SimpleAuthentication,
  passes: (request: HttpRequest) => boolean,
): (pages: HttpHandler) => HttpHandler {
  return (pages) => async (request) => {
    if (PROBES.has(request.path) || passes(request)) return pages(request);
    const known = authentication.authenticate(request);
    if ('refusal' in known) return known.refusal;
    return withCookie(await pages({ ...request, remoteUser: known.user }), known.cookie);
  };
}

/** What asks with a token of another kind is looked at by WebHDFS. */
const hasDelegation = ({ path, query }: HttpRequest): boolean =>
  path.startsWith('/webhdfs/v1') && [...query.keys()].some((name) => name.toLowerCase() === 'delegation');

/** Of NameNodes. Apache: AuthFilter. */
export async function nameNodeFilter(
  host: Pick<Host, 'clock' | 'disk' | 'random'>,
  configuration: Configuration,
): Promise<(pages: HttpHandler) => HttpHandler> {
  const rules = await authenticationRules(host, configuration, 'simple');
  return authenticationFilter(new SimpleAuthentication(host, rules), hasDelegation);
}
