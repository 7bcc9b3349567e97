// The storages of a pipeline as a client names them: a DataNode and one of its storages' ids each. Apache:
// DatanodeManager.getDatanodeStorageInfos.
import { HdfsError } from '../../../base/errors.ts';
import type { Storage } from '../../../core/blocks/datanode.ts';
import type { Datanodes } from '../../../core/blocks/datanodes.ts';

const OLD_CLIENT =
  'Missing storageIDs: It is likely that the HDFS client, who made this call, is running in an older version of ' +
  'Hadoop(pre-2.0.0-alpha)  which does not support storageIDs.';

/** Those that are known; undefined where none is named. `about`: what the call was about, for the refusal. */
export function namedStorages(
  datanodes: Pick<Datanodes, 'byUuid'>,
  nodes: readonly { readonly datanodeUuid: string }[],
  storageIds: readonly string[],
  about: string,
): readonly Storage[] | undefined {
  if (nodes.length !== storageIds.length) {
    const fault = storageIds.length === 0 ? OLD_CLIENT : `Length mismatched: storageIDs.length=${storageIds.length} != `;
    throw new HdfsError('EINVAL', `${fault} datanodeID.length=${nodes.length}, ${about}`);
  }
  if (nodes.length === 0) return undefined;
  return nodes.flatMap((node, index) => datanodes.byUuid(node.datanodeUuid)?.storages.get(storageIds[index] ?? '') ?? []);
}
