// Features of an image that tuskfs has not built: found here, named, and refused, so that nothing of them is lost in
// silence. Sections that stand on their own are carried along instead (state.ts).
import { HdfsError } from '../../base/errors.ts';
import type { XAttr } from '../../core/edits/ops.ts';
import { featureOfXattr } from '../../core/namespace/xattrs.ts';

/** Throws HdfsError EUNSUPPORTED: the image is sound, but this version cannot serve it. */
export function refuseFeature(feature: string, where: string): never {
  throw new HdfsError(
    'EUNSUPPORTED',
    `the image uses ${feature} (${where}), which this version of tuskfs does not support: serve it with Apache Hadoop, or remove them there first`,
  );
}

export function refuseFeatureAttributes(attributes: readonly XAttr[], inodeId: number): void {
  for (const attribute of attributes) {
    const feature = featureOfXattr(attribute);
    if (feature !== undefined) refuseFeature(feature, `inode ${inodeId}`);
  }
}
