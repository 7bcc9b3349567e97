// What stops a replay. Neither is a client's fault, so neither is an HdfsError: whoever loads the log adds file, offset
// and transaction id, and stops.

/** A logged operation contradicts the tree that it is applied to. Nothing has been changed by it. */
export class EditLogCorruption extends Error {
  override readonly name = 'EditLogCorruption';
  readonly txid: number;
  readonly opName: string;

  constructor(opName: string, txid: number, reason: string) {
    super(`${opName} at transaction ${txid} contradicts the namespace: ${reason}`);
    this.opName = opName;
    this.txid = txid;
  }
}

/** A logged operation belongs to a feature that this version does not have; loading on would lose it. */
export class FeatureNotBuilt extends Error {
  override readonly name = 'FeatureNotBuilt';
  readonly txid: number;
  readonly feature: string;

  constructor(feature: string, txid: number) {
    super(`transaction ${txid} needs ${feature}, which this version does not have`);
    this.feature = feature;
    this.txid = txid;
  }
}
