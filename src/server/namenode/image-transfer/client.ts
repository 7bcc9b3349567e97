// Fetching images and edit segments from a NameNode, and bringing it an image. Apache: TransferFsImage.
import { HdfsError } from '../../../base/errors.ts';
import { parseDigest } from '../../../format/storage/digest.ts';
import type { Host, HttpClientResponse } from '../../../host/host.ts';
import type { NamespaceIdentity } from '../identity.ts';
import { fileBody, type Received, receiveFile } from './files.ts';
import { IMAGE_TRANSFER_PATH, MD5_HEADER, putQuery, storageInfoText } from './parameters.ts';

/** An answer without a file is read no further than this. */
const MAX_REFUSAL_BYTES = 64 * 1024;

export interface TransferOptions {
  /** `http://HOST:PORT` of the NameNode. */
  readonly base: string;
  readonly bytesPerSecond: number;
  /** A silence longer than this ends the transfer. */
  readonly timeoutMs: number;
}

function header(response: HttpClientResponse, name: string): string | undefined {
  const value = response.headers[name.toLowerCase()];
  return Array.isArray(value) ? value[0] : value;
}

/** The words of a refusal: the reason beside the status, or else the body. */
async function wordsOf(response: HttpClientResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > MAX_REFUSAL_BYTES) break;
    chunks.push(chunk);
  }
  if (response.reason !== undefined && response.reason !== '') return response.reason;
  return Buffer.concat(chunks).toString('utf8').trim();
}

/** Downloads into every one of `paths`; rejects with HdfsError and leaves nothing when it fails. */
export async function download(
  host: Host,
  options: TransferOptions,
  query: string,
  paths: readonly string[],
): Promise<Received> {
  const url = `${options.base}${IMAGE_TRANSFER_PATH}?${query}`;
  const response = await host.http.request(url, { timeoutMs: options.timeoutMs });
  if (response.status !== 200) {
    const words = await wordsOf(response);
    throw new HdfsError(
      'EIO',
      `Image transfer servlet at ${url} failed with status code ${response.status}\nResponse message:\n${words}`,
    );
  }
  const text = header(response, 'Content-Length') ?? '';
  const length = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (length === undefined) {
    throw new HdfsError('EIO', `Content-Length header is not provided by the namenode when trying to fetch ${url}`);
  }
  const md5 = header(response, MD5_HEADER)?.toLowerCase();
  // The sender keeps to the rate: it serves others too.
  return receiveFile(host, paths, response.body, { what: url, length, md5 }, 0);
}

export type UploadResult =
  | { readonly kind: 'taken' }
  /** There is a newer image, or a recent one: nothing is wrong. */
  | { readonly kind: 'unwanted'; readonly reason: string }
  /** It is no active NameNode. */
  | { readonly kind: 'not-active'; readonly reason: string };

/** Brings an image, whose digest stands beside it, to the NameNode. Rejects with HdfsError when it is refused. */
export async function upload(
  host: Host,
  options: TransferOptions,
  identity: NamespaceIdentity,
  image: { readonly txid: number; readonly path: string },
): Promise<UploadResult> {
  const { size } = await host.disk.stat(image.path);
  const { md5 } = parseDigest(await host.disk.readFile(`${image.path}.md5`));
  const query = putQuery({ txid: image.txid, storageInfo: storageInfoText(identity), length: size, file: 'IMAGE' });
  const url = `${options.base}${IMAGE_TRANSFER_PATH}?${query}`;
  const response = await host.http.request(url, {
    method: 'PUT',
    headers: {
      'Content-Length': String(size),
      'Content-Type': 'application/octet-stream',
      'Content-Transfer-Encoding': 'binary',
      [MD5_HEADER]: md5,
    },
    body: fileBody(host, image.path, options.bytesPerSecond),
    timeoutMs: options.timeoutMs,
  });
  const words = await wordsOf(response);
  switch (response.status) {
    case 200:
      return { kind: 'taken' };
    case 409:
      return { kind: 'unwanted', reason: words };
    case 417:
      return { kind: 'not-active', reason: words };
    default:
      throw new HdfsError('EIO', `Image uploading failed, status: ${response.status}, url: ${url}, message: ${words}`);
  }
}
