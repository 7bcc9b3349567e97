// Features of an image that tuskfs has not built: found here, named, and refused, so that nothing of them is lost in
// silence. Sections that stand on their own are carried along instead (state.ts).
import { HdfsError } from '../../base/errors.ts';
import { type XAttr, XAttrNamespace } from '../../core/edits/ops.ts';

/** Apache: ErasureCodeConstants.REPLICATION_POLICY_NAME; a directory set back to plain replication has it. */
const REPLICATION_POLICY = 'replication';

interface FeatureAttribute {
  readonly namespace: XAttrNamespace;
  readonly name: string;
  readonly feature: string;
}

/** Apache: HdfsServerConstants. Attributes that change what happens to the data below a directory or in a file. */
const FEATURE_ATTRIBUTES: readonly FeatureAttribute[] = [
  { namespace: XAttrNamespace.RAW, name: 'hdfs.crypto.encryption.zone', feature: 'encryption zones' },
  { namespace: XAttrNamespace.RAW, name: 'hdfs.crypto.file.encryption.info', feature: 'encryption zones' },
  { namespace: XAttrNamespace.SYSTEM, name: 'hdfs.erasurecoding.policy', feature: 'erasure coding' },
];

/** Throws HdfsError EUNSUPPORTED: the image is sound, but this version cannot serve it. */
export function refuseFeature(feature: string, where: string): never {
  throw new HdfsError(
    'EUNSUPPORTED',
    `the image uses ${feature} (${where}), which this version of tuskfs does not support: serve it with Apache Hadoop, or remove them there first`,
  );
}

export function refuseFeatureAttributes(attributes: readonly XAttr[], inodeId: number): void {
  for (const { namespace, name, value } of attributes) {
    for (const known of FEATURE_ATTRIBUTES) {
      if (known.namespace !== namespace || known.name !== name) continue;
      // Hadoop writes the name of the policy with its length before it.
      if (
        known.feature === 'erasure coding' &&
        value !== undefined &&
        Buffer.from(value).subarray(4).toString() === REPLICATION_POLICY
      )
        continue;
      refuseFeature(known.feature, `inode ${inodeId}`);
    }
  }
}
