// `hdfs oiv -p Web`: WebHDFS over an image, without a NameNode and for reading only. Apache: WebImageViewer, FSImageHandler.
// Beyond its operations this one has LISTSTATUS_BATCH, without which `hdfs dfs -ls` of Hadoop's own client fails.
import { HdfsError, ProtocolError } from '../../base/errors.ts';
import type { ImageSections } from '../../format/fsimage/image-sections.ts';
import { nameOf } from '../../format/fsimage/views/paths.ts';
import type { Address, Host, HttpRequest, HttpResponse, HttpServer } from '../../host/host.ts';
import { failure } from '../../webhdfs/answers.ts';
import { decodedPath, WEBHDFS_PREFIX } from '../../webhdfs/handler.ts';
import { writeJson } from '../../webhdfs/java-json.ts';
import { Query } from '../../webhdfs/parameters.ts';
import type { INodeSection_INode } from '../../wire/messages/fsimage.ts';
import { aclStatus, contentSummary, statusFields, xattrNames, xattrs } from './answers.ts';
import { InodeIndex } from './inode-index.ts';

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };
/** Entries of one page; those of the NameNode are of dfs.ls.limit. */
const PAGE_ENTRIES = 1000;

type Body = string | AsyncIterable<Uint8Array>;

interface Asked {
  readonly index: InodeIndex;
  readonly path: string;
  readonly query: Query;
}

type Operation = (asked: Asked) => Promise<Body>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  GETFILESTATUS: async ({ index, path }) =>
    `{"FileStatus":\n${writeJson(statusFields(index, await index.lookup(path), false))}\n}\n`,
  LISTSTATUS: async ({ index, path }) => {
    const inode = await index.lookup(path);
    return listing(index, inode);
  },
  LISTSTATUS_BATCH: batch,
  GETACLSTATUS: async ({ index, path }) => aclStatus(index, await index.lookup(path)),
  GETXATTRS: async ({ index, path, query }) => {
    const encoding = query.get('encoding') ?? 'TEXT';
    return xattrs(index, await index.lookup(path), query.all('xattr.name'), encoding);
  },
  LISTXATTRS: async ({ index, path }) => xattrNames(index, await index.lookup(path)),
  GETCONTENTSUMMARY: async ({ index, path }) => contentSummary(index, await index.lookup(path)),
};

/** Entry by entry, so that a directory of a million passes through. */
async function* listing(index: InodeIndex, inode: INodeSection_INode): AsyncGenerator<Uint8Array> {
  let text = '{"FileStatuses":{"FileStatus":[\n';
  let count = 0;
  if (inode.directory === undefined) text += writeJson(statusFields(index, inode, false));
  for (const id of index.children(inode.id)) {
    text += `${count > 0 ? ',' : ''}${writeJson(statusFields(index, await index.inode(id), true))}`;
    if (++count % PAGE_ENTRIES !== 0) continue;
    yield Buffer.from(text, 'utf8');
    text = '';
  }
  yield Buffer.from(`${text}\n]}}\n`, 'utf8');
}

async function batch({ index, path, query }: Asked): Promise<string> {
  const inode = await index.lookup(path);
  const children = index.children(inode.id);
  const after = query.get('startAfter') ?? '';
  let start = 0;
  if (after !== '') {
    const name = Buffer.from(after, 'utf8');
    const known = await index.child(inode.id, name);
    if (known !== undefined) start = children.indexOf(known) + 1;
    else while (start < children.length && !(await isBehind(index, children[start] as number, name))) start++;
  }
  const shown = [...children.subarray(start, start + PAGE_ENTRIES)];
  const listed: ReturnType<typeof statusFields>[] = [];
  if (inode.directory === undefined) listed.push(statusFields(index, inode, false));
  for (const id of shown) listed.push(statusFields(index, await index.inode(id), true));
  const remainingEntries = children.length - start - shown.length;
  const partialListing = { FileStatuses: { FileStatus: listed } };
  return writeJson({ DirectoryListing: { partialListing, remainingEntries } });
}

async function isBehind(index: InodeIndex, id: number, name: Buffer): Promise<boolean> {
  return Buffer.from(nameOf(await index.inode(id)), 'utf8').compare(name) > 0;
}

async function answer(index: InodeIndex, request: HttpRequest): Promise<HttpResponse> {
  if (request.method !== 'GET') return { status: 405, body: '' };
  const inPrefix = request.path === WEBHDFS_PREFIX || request.path.startsWith(`${WEBHDFS_PREFIX}/`);
  if (!inPrefix) throw new HdfsError('ENOENT', `Path: ${request.path} should start with ${WEBHDFS_PREFIX}`);
  const query = new Query(request.query);
  const op = query.raw('op')?.toUpperCase();
  if (op === undefined) throw new HdfsError('EILLEGAL', 'Param op must be specified.');
  const operation = Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined;
  if (operation === undefined) throw new HdfsError('EILLEGAL', 'Invalid value for webhdfs parameter "op"');
  const body = await operation({ index, path: decodedPath(request.path), query });
  return { status: 200, headers: JSON_TYPE, body };
}

/** Serves until it is closed. Rejects with ProtocolError for a damaged image, or as Net.listen does. */
export async function serveImage(host: Host, image: ImageSections, address: Address): Promise<HttpServer> {
  const index = await InodeIndex.load(image);
  return host.http.listen(address, async (request) => {
    try {
      return await answer(index, request);
    } catch (error) {
      if (!(error instanceof HdfsError || error instanceof ProtocolError)) {
        host.log.log('error', 'oiv', `${request.method} ${request.path} failed: ${String(error)}`, { error });
      }
      const { status, body } = failure(error);
      return { status, headers: JSON_TYPE, body: body ?? '' };
    }
  });
}
