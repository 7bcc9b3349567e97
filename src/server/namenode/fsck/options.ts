// What a request to /fsck asks for. Names are those that Hadoop's own `hdfs fsck` sends.

export interface FsckOptions {
  readonly path: string;
  readonly files: boolean;
  readonly blocks: boolean;
  readonly locations: boolean;
  readonly racks: boolean;
  readonly replicaDetails: boolean;
  readonly upgradeDomains: boolean;
  readonly maintenance: boolean;
  readonly openForWrite: boolean;
  readonly showProgress: boolean;
  /** What is left of broken files goes to /lost+found. */
  readonly move: boolean;
  readonly remove: boolean;
  readonly replicate: boolean;
  readonly storagePolicies: boolean;
  readonly corruptFileBlocks: boolean;
  /** How many corrupt blocks an answer before has shown. */
  readonly startBlockAfter: number;
  readonly blockIds: readonly string[] | undefined;
}

export function fsckOptions(query: URLSearchParams): FsckOptions {
  const startBlockAfter = Number(query.get('startblockafter') ?? '0');
  return {
    path: query.get('path') ?? '/',
    files: query.has('files'),
    blocks: query.has('blocks'),
    locations: query.has('locations'),
    racks: query.has('racks'),
    replicaDetails: query.has('replicadetails'),
    upgradeDomains: query.has('upgradedomains'),
    maintenance: query.has('maintenance'),
    openForWrite: query.has('openforwrite'),
    showProgress: query.has('showprogress'),
    move: query.has('move'),
    remove: query.has('delete'),
    replicate: query.has('replicate'),
    storagePolicies: query.has('storagepolicies'),
    corruptFileBlocks: query.has('listcorruptfileblocks'),
    startBlockAfter: Number.isSafeInteger(startBlockAfter) && startBlockAfter > 0 ? startBlockAfter : 0,
    blockIds: idsOf(query.get('blockId')),
  };
}

/** Without one there is an empty one, which is of no right format. */
function idsOf(text: string | null): readonly string[] | undefined {
  const ids = text?.split(' ').filter((id) => id !== '');
  return ids?.length === 0 ? [''] : ids;
}
