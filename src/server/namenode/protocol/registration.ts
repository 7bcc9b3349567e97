// What a DataNode says of itself with each of its calls. Apache: DatanodeRegistration, NameNodeRpcServer.verifyRequest.
import { HdfsError } from '../../../base/errors.ts';
import { type DatanodeId, xferAddress } from '../../../core/blocks/datanode.ts';
import type { DatanodeRegistrationProto } from '../../../wire/messages/datanode.ts';
import type { NamespaceIdentity } from '../identity.ts';
import { datanodeId } from '../wire/datanodes.ts';

export function isOfNamespace({ storageInfo }: DatanodeRegistrationProto, identity: NamespaceIdentity): boolean {
  const { namespceID, clusterID, cTime } = storageInfo;
  return namespceID === identity.namespaceId && clusterID === identity.clusterId && cTime === identity.cTime;
}

/** Who was registered by another namespace, or before an upgrade, has nothing to report here. Throws HdfsError EUNREGISTERED. */
export function requireOfNamespace(registration: DatanodeRegistrationProto, identity: NamespaceIdentity): void {
  if (isOfNamespace(registration, identity)) return;
  const text = describeRegistration(registration, datanodeId(registration.datanodeID));
  throw new HdfsError('EUNREGISTERED', `Unregistered server: ${text}`);
}

/** As Hadoop writes it; `id` may have the address that the call came from. */
export const describeRegistration = ({ storageInfo }: DatanodeRegistrationProto, id: DatanodeId): string =>
  `DatanodeRegistration(${xferAddress(id)}, datanodeUuid=${id.datanodeUuid}, infoPort=${id.infoPort}, ` +
  `infoSecurePort=${id.infoSecurePort}, ipcPort=${id.ipcPort}, storageInfo=lv=${storageInfo.layoutVersion | 0};` +
  `cid=${storageInfo.clusterID};nsid=${storageInfo.namespceID};c=${storageInfo.cTime})`;
