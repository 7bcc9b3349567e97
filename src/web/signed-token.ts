// The token that a web server gives to whoever has named itself, signed, so that the name need not be said again: the text
// and the signature of Hadoop's AuthToken and Signer. Other servers that read the same secret take it too.
import { createHmac, timingSafeEqual } from 'node:crypto';

const SIGNATURE = '&s=';
const SIGNER_EXCEPTION = 'org.apache.hadoop.security.authentication.util.SignerException';
/** Characters that are told of what is no token. */
const MAX_SHOWN = 200;

export interface Token {
  readonly user: string;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

const signatureOf = (text: string, secret: Uint8Array): string =>
  createHmac('sha256', secret).update(text, 'utf8').digest('base64');

export function signedToken({ user, type, expires }: Token, secret: Uint8Array): string {
  const text = `u=${user}&p=${user}&t=${type}&e=${expires}`;
  return `${text}${SIGNATURE}${signatureOf(text, secret)}`;
}

/** The token, or why it is none. Any of the secrets may have signed it. */
export function readToken(signed: string, secrets: readonly Uint8Array[]): Token | string {
  const at = signed.lastIndexOf(SIGNATURE);
  if (at < 0) return `${SIGNER_EXCEPTION}: Invalid signed text: ${signed.slice(0, MAX_SHOWN)}`;
  const text = signed.slice(0, at);
  const given = Buffer.from(signed.slice(at + SIGNATURE.length));
  const isOurs = secrets.some((secret) => {
    const right = Buffer.from(signatureOf(text, secret));
    return right.length === given.length && timingSafeEqual(right, given);
  });
  if (!isOurs) return `${SIGNER_EXCEPTION}: Invalid signature`;
  const fields = new Map(text.split('&').map((field) => [field.slice(0, 1), field.slice(2)]));
  const [user, type, expires] = [fields.get('u'), fields.get('t'), Number(fields.get('e'))];
  if (!user || type === undefined || !Number.isSafeInteger(expires)) return 'Invalid token string';
  return { user, type, expires };
}
