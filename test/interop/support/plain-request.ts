// A request that goes out as it stands: no client's URL parser tidies its path, no connection is used again.
import http from 'node:http';

export interface PlainRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** Answers that break the rules of HTTP are taken, too. */
  readonly lenient?: boolean;
}

export interface PlainAnswer {
  readonly status: number;
  readonly words: string | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

const LIMIT_MS = 30_000;

export function plainRequest(
  port: number,
  { method, path, headers = {}, body, lenient = false }: PlainRequest,
): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      { host: '127.0.0.1', port, method, path, headers, agent: false, timeout: LIMIT_MS, insecureHTTPParser: lenient },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const { statusCode: status = 0, statusMessage: words, headers } = incoming;
          resolve({ status, words, headers, body: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
