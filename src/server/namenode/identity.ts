// Who a name system is: the numbers and names that stand in VERSION and in every handshake.
import { NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import { type NamespaceInfoProtoInit, NNHAStatusHeartbeatProto_State } from '../../wire/messages/hdfs-server.ts';

/** What we call ourselves towards Hadoop's daemons, which refuse versions that they do not know. */
export const SOFTWARE_VERSION = '3.5.0';
/** Apache: NamespaceInfo.Capability, STORAGE_BLOCK_REPORT_BUFFERS: reports may come as packed buffers. */
const CAPABILITY_BLOCK_REPORT_BUFFERS = 1;

export interface NamespaceIdentity {
  readonly namespaceId: number;
  readonly clusterId: string;
  readonly blockPoolId: string;
  /** Time of the last upgrade; 0: never upgraded. */
  readonly cTime: number;
}

export function namespaceInfoProto(identity: NamespaceIdentity): NamespaceInfoProtoInit {
  return {
    buildVersion: SOFTWARE_VERSION,
    unused: 0,
    blockPoolID: identity.blockPoolId,
    storageInfo: {
      layoutVersion: NAMENODE_LAYOUT_VERSION >>> 0,
      namespceID: identity.namespaceId,
      clusterID: identity.clusterId,
      cTime: identity.cTime,
    },
    softwareVersion: SOFTWARE_VERSION,
    capabilities: CAPABILITY_BLOCK_REPORT_BUFFERS,
    state: NNHAStatusHeartbeatProto_State.ACTIVE,
  };
}
