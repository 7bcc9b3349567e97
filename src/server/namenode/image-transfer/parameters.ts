// What is asked of /imagetransfer, and the headers of the answers. Apache: ImageServlet, TransferFsImage.
import { HdfsError } from '../../../base/errors.ts';
import { NAMENODE_LAYOUT_VERSION } from '../../../core/edits/ops.ts';
import type { NamespaceIdentity } from '../identity.ts';

export const IMAGE_TRANSFER_PATH = '/imagetransfer';
export const MD5_HEADER = 'X-MD5-Digest';
export const NAME_HEADER = 'X-Image-Edits-Name';
/** The length once more: a Content-Length of Java's ends at 2 GiB. A parameter of the query, not a header. */
export const LENGTH_PARAMETER = 'File-Length';

/** Kinds of files in a name directory. Apache: NNStorage.NameNodeFile. */
export const NAME_NODE_FILES = [
  'IMAGE',
  'TIME',
  'SEEN_TXID',
  'EDITS',
  'IMAGE_NEW',
  'IMAGE_ROLLBACK',
  'EDITS_NEW',
  'EDITS_INPROGRESS',
  'EDITS_TMP',
  'IMAGE_LEGACY_OIV',
] as const;
export type NameNodeFile = (typeof NAME_NODE_FILES)[number];

/** What both sides must agree on before a file is sent. Apache: StorageInfo.toColonSeparatedString. */
export const storageInfoText = ({ namespaceId, cTime, clusterId }: NamespaceIdentity): string =>
  `${NAMENODE_LAYOUT_VERSION}:${namespaceId}:${cTime}:${clusterId}`;

export type GetRequest =
  | { readonly kind: 'image'; readonly txid: number | 'latest'; readonly storageInfo: string | undefined }
  | {
      readonly kind: 'edits';
      readonly firstTxid: number;
      readonly lastTxid: number;
      readonly storageInfo: string | undefined;
    };

export interface PutRequest {
  readonly txid: number;
  readonly storageInfo: string;
  readonly length: number;
  readonly file: NameNodeFile;
}

function numberOf(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (text === null) throw new HdfsError('EINVAL', `Invalid request has no ${name} parameter`);
  const value = /^-?\d{1,19}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new HdfsError('EINVAL', `For input string: "${text}"`);
  return value;
}

function fileOf(query: URLSearchParams): NameNodeFile {
  const name = query.get('imageFile');
  if (name === null) return 'IMAGE';
  const file = NAME_NODE_FILES.find((each) => each === name);
  if (file === undefined) throw new HdfsError('EINVAL', `No kind of file: ${name}`);
  return file;
}

const illegal = (): HdfsError => new HdfsError('EINVAL', 'Illegal parameters to TransferFsImage');

/** Throws HdfsError EINVAL, as does the other. */
export function parseGet(query: URLSearchParams): GetRequest {
  const wanted = ['getimage', 'getedit', 'getaliasmap'].filter((name) => query.has(name));
  const storageInfo = query.get('storageInfo') ?? undefined;
  if (wanted.length !== 1) throw illegal();
  switch (wanted[0]) {
    case 'getimage':
      if (query.get('txid') === 'latest') return { kind: 'image', txid: 'latest', storageInfo };
      fileOf(query);
      return { kind: 'image', txid: numberOf(query, 'txid'), storageInfo };
    case 'getedit':
      return {
        kind: 'edits',
        firstTxid: numberOf(query, 'startTxId'),
        lastTxid: numberOf(query, 'endTxId'),
        storageInfo,
      };
    default:
      throw new HdfsError('EUNSUPPORTED', 'alias maps of provided storage are not served');
  }
}

export function parsePut(query: URLSearchParams): PutRequest {
  const request = {
    txid: numberOf(query, 'txid'),
    storageInfo: query.get('storageInfo') ?? '',
    length: numberOf(query, LENGTH_PARAMETER),
    file: fileOf(query),
  };
  if (request.length <= 0 || request.txid < 0 || request.storageInfo === '') throw illegal();
  return request;
}

export function imageQuery(txid: number, identity: NamespaceIdentity): string {
  return new URLSearchParams({
    getimage: '1',
    txid: String(txid),
    storageInfo: storageInfoText(identity),
    bootstrapstandby: 'false',
  }).toString();
}

export function editsQuery(firstTxid: number, lastTxid: number, identity: NamespaceIdentity): string {
  return new URLSearchParams({
    getedit: '1',
    startTxId: String(firstTxid),
    endTxId: String(lastTxid),
    storageInfo: storageInfoText(identity),
  }).toString();
}

export function putQuery({ txid, storageInfo, length, file }: PutRequest): string {
  return new URLSearchParams({
    txid: String(txid),
    storageInfo,
    [LENGTH_PARAMETER]: String(length),
    imageFile: file,
  }).toString();
}
