// hdfs dfsadmin -fetchImage: the newest image of the NameNode, into a directory under its own name, or as a file.
// Apache: DFSAdmin.fetchImage, TransferFsImage. Beyond Apache's the digest is looked at, and a broken transfer leaves what was there.
import { createHash } from 'node:crypto';
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { DiskFile, Host, HttpClientResponse } from '../../host/host.ts';
import { absolutePath } from '../paths.ts';
import type { Terminal } from '../terminal.ts';
import { webAddress } from '../web-address.ts';

/** Apache: ImageServlet.HADOOP_IMAGE_EDITS_HEADER, TransferFsImage.MD5_HEADER. */
const NAME_HEADER = 'x-image-edits-name';
const DIGEST_HEADER = 'x-md5-digest';
const NEWEST = '/imagetransfer?getimage=1&txid=latest';

function header(response: HttpClientResponse, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

export async function fetchImage(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  target: string,
): Promise<number> {
  if (target === '') throw new HdfsError('EIO', 'Unable to download to any storage directory');
  const url = `http://${webAddress(configuration)}${NEWEST}`;
  const timeoutMs = configuration.getDuration('dfs.image.transfer.timeout');
  const response = await host.http.request(url, { timeoutMs, signal: terminal.interrupted });
  if (response.status !== 200) {
    // Read to its end, so that the connection is free.
    for await (const chunk of response.body) chunk.fill(0);
    throw new HdfsError(
      'EIO',
      `Image transfer servlet at ${url} failed with status code ${response.status}\nResponse message:\n${response.reason ?? ''}`,
    );
  }
  const length = Number(header(response, 'content-length') ?? Number.NaN);
  if (!Number.isSafeInteger(length)) {
    throw new HdfsError('EIO', `Content-Length header is not provided by the namenode when trying to fetch ${url}`);
  }
  const path = await pathFor(host, absolutePath(target, terminal.cwd), header(response, NAME_HEADER));
  await receive(host, response, { url, path, length, digest: header(response, DIGEST_HEADER)?.toLowerCase() });
  return 0;
}

async function pathFor(host: Host, target: string, name: string | undefined): Promise<string> {
  const isDirectory = (await host.disk.exists(target)) && (await host.disk.stat(target)).isDirectory;
  if (!isDirectory) return target;
  if (name === undefined || !/^[\w.-]+$/.test(name)) throw new HdfsError('EIO', 'No filename header provided by server');
  return `${target}/${name}`;
}

interface Expected {
  readonly url: string;
  readonly path: string;
  readonly length: number;
  /** 32 hexadecimal digits; undefined where the NameNode tells none. */
  readonly digest: string | undefined;
}

async function receive(host: Host, { body }: HttpClientResponse, { url, path, length, digest }: Expected): Promise<void> {
  const aside = `${path}.part`;
  let file: DiskFile;
  try {
    file = await host.disk.open(aside, 'w');
  } catch (error) {
    throw new HdfsError('EIO', 'Unable to download to any storage directory', { cause: error });
  }
  const hash = createHash('md5');
  let received = 0;
  let isWhole = false;
  try {
    try {
      for await (const chunk of body) {
        hash.update(chunk);
        await file.write(chunk, received);
        received += chunk.length;
      }
      if (received !== length) {
        throw new HdfsError('EIO', `File ${url} received length ${received} is not of the advertised size ${length}.`);
      }
      const computed = hash.digest('hex');
      if (digest !== undefined && computed !== digest) {
        throw new HdfsError('EIO', `File ${url} computed digest ${computed} does not match advertised digest ${digest}`);
      }
      await file.sync();
      isWhole = true;
    } finally {
      await file.close();
    }
    await host.disk.rename(aside, path);
  } finally {
    if (!isWhole) await host.disk.unlink(aside);
  }
}
