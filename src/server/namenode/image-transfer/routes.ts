// /imagetransfer: images and finalized edit segments for whoever makes checkpoints, and images back. The secondary serves
// it as well, without taking any. Apache: ImageServlet; its statuses are what Apache's checkpointers decide by.
import { HdfsError, messageOf } from '../../../base/errors.ts';
import type { Rate } from '../../../base/timing.ts';
import { parseDigest } from '../../../format/storage/digest.ts';
import { editsName, imageDigestName, imageName, imageRollbackName } from '../../../format/storage/names.ts';
import type { Host, HttpRequest, HttpResponse } from '../../../host/host.ts';
import type { Route } from '../../../web/server.ts';
import { currentOf, type NameDirectory } from '../directories.ts';
import type { NamespaceIdentity } from '../identity.ts';
import { listImages } from '../storage.ts';
import { fileBody } from './files.ts';
import {
  type GetRequest,
  IMAGE_TRANSFER_PATH,
  LENGTH_PARAMETER,
  MD5_HEADER,
  NAME_HEADER,
  parseGet,
  parsePut,
  storageInfoText,
} from './parameters.ts';
import type { ImageUploads } from './uploads.ts';

const FORBIDDEN = 403;
const CONFLICT = 409;
const GONE = 410;
const EXPECTATION_FAILED = 417;

export interface ImageTransferParts {
  readonly host: Host;
  readonly bytesPerSecond: number;
  identity(): NamespaceIdentity;
  directories(): readonly NameDirectory[];
  /** Undefined where no images are taken. */
  readonly uploads: ImageUploads | undefined;
  /** Told how long files took that were fetched and brought, in milliseconds. */
  readonly times?: { readonly getImage: Rate; readonly getEdit: Rate; readonly putImage: Rate } | undefined;
}

function refusal(host: Host, status: number, reason: string): HttpResponse {
  host.log.log('info', 'transfer', `refused with ${status}: ${reason}`);
  return { status, reason, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: `${reason}\n` };
}

/** As Java prints an exception. */
const javaText = (error: unknown): string =>
  `${error instanceof HdfsError ? error.javaClass : 'java.io.IOException'}: ${messageOf(error)}`;

export function imageTransferRoutes(parts: ImageTransferParts): readonly Route[] {
  const { host } = parts;
  const mismatch = (theirs: string | undefined): HttpResponse | undefined => {
    const mine = storageInfoText(parts.identity());
    if (theirs === undefined || theirs === mine) return undefined;
    return refusal(host, FORBIDDEN, `This namenode has storage info ${mine} but the secondary expected ${theirs}`);
  };
  const attempt = async (what: string, work: () => Promise<HttpResponse>): Promise<HttpResponse> => {
    try {
      return await work();
    } catch (error) {
      return refusal(host, GONE, `${what} failed. ${javaText(error)}`);
    }
  };
  return [
    {
      method: 'GET',
      path: IMAGE_TRANSFER_PATH,
      handler: ({ query }) =>
        attempt('GetImage', async () => {
          const beganMs = host.clock.monotonic();
          const request = parseGet(query);
          const rate = request.kind === 'image' ? parts.times?.getImage : parts.times?.getEdit;
          const sent = (): void => rate?.add(host.clock.monotonic() - beganMs);
          return mismatch(request.storageInfo) ?? (await sendFile(parts, await find(parts, request), sent));
        }),
    },
    {
      method: 'PUT',
      path: IMAGE_TRANSFER_PATH,
      handler: async (request) => {
        const beganMs = host.clock.monotonic();
        const response = await attempt('PutImage', () => take(parts, request, mismatch));
        if (response.status === 200) parts.times?.putImage.add(host.clock.monotonic() - beganMs);
        if (response.status !== 200) await readAway(host, request);
        return response;
      },
    },
  ];
}

/** Java's client sends all of an image before it reads the answer, and takes a closed connection for a failure. */
async function readAway(host: Host, { body, query }: HttpRequest): Promise<void> {
  const limit = Number(query.get(LENGTH_PARAMETER) ?? 0);
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (!(length < limit)) return;
    }
  } catch (error) {
    host.log.log('debug', 'transfer', `the sender went away: ${messageOf(error)}`);
  }
}

async function take(
  parts: ImageTransferParts,
  request: HttpRequest,
  mismatch: (theirs: string) => HttpResponse | undefined,
): Promise<HttpResponse> {
  const put = parsePut(request.query);
  const refused = mismatch(put.storageInfo);
  if (refused !== undefined) return refused;
  if (parts.uploads === undefined) {
    return refusal(parts.host, EXPECTATION_FAILED, 'This daemon is not in a state which can accept uploads of new fsimages');
  }
  const md5 = request.headers[MD5_HEADER.toLowerCase()];
  const outcome = await parts.uploads.receive(put, request.body, typeof md5 === 'string' ? md5.toLowerCase() : undefined);
  return outcome.kind === 'taken' ? { status: 200 } : refusal(parts.host, CONFLICT, outcome.reason);
}

interface Found {
  readonly path: string;
  readonly name: string;
  readonly digestPath: string | undefined;
}

async function find({ host, directories }: ImageTransferParts, request: GetRequest): Promise<Found> {
  const inFirst = async (names: readonly string[]): Promise<Found | undefined> => {
    for (const directory of directories()) {
      for (const name of names) {
        const path = `${currentOf(directory)}/${name}`;
        if (await host.disk.exists(path)) return { path, name, digestPath: `${path}.md5` };
      }
    }
    return undefined;
  };
  switch (request.kind) {
    case 'image': {
      if (request.txid === 'latest') {
        const [image] = await listImages(host, directories());
        if (image === undefined) throw new HdfsError('EIO', 'Could not find image');
        return {
          path: image.path,
          name: imageName(image.txid),
          digestPath: `${currentOf(image.directory)}/${imageDigestName(image.txid)}`,
        };
      }
      const found = await inFirst([imageName(request.txid), imageRollbackName(request.txid)]);
      if (found === undefined) throw new HdfsError('EIO', `Could not find image with txid ${request.txid}`);
      return found;
    }
    case 'edits': {
      const { firstTxid, lastTxid } = request;
      const found = await inFirst([editsName(firstTxid, lastTxid)]);
      if (found === undefined) {
        throw new HdfsError('ENOENT', `No edits file for txid ${firstTxid}-${lastTxid} exists!`);
      }
      return { ...found, digestPath: undefined };
    }
  }
}

/** `sent` is called when the last of it has left. */
async function sendFile({ host, bytesPerSecond }: ImageTransferParts, found: Found, sent: () => void): Promise<HttpResponse> {
  const { size } = await host.disk.stat(found.path);
  const headers: Record<string, string> = {
    'Content-Length': String(size),
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename=${found.name}`,
    [NAME_HEADER]: found.name,
  };
  if (found.digestPath !== undefined && (await host.disk.exists(found.digestPath))) {
    headers[MD5_HEADER] = parseDigest(await host.disk.readFile(found.digestPath)).md5;
  }
  return { status: 200, headers, body: thenTell(fileBody(host, found.path, bytesPerSecond), sent) };
}

async function* thenTell(body: AsyncIterable<Uint8Array>, sent: () => void): AsyncGenerator<Uint8Array> {
  yield* body;
  sent();
}
