// The sums at the end of fsck's report, as NamenodeFsck.ReplicationResult and ErasureCodingResult print them.

/** A number as Java prints a float: the fewest digits that mean it, and a point. */
export function javaFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  const wanted = Math.fround(value);
  for (let digits = 1; digits <= 9; digits++) {
    const text = wanted.toPrecision(digits);
    if (Math.fround(Number(text)) !== wanted) continue;
    const plain = String(Number(text));
    return plain.includes('.') || plain.includes('e') ? plain : `${plain}.0`;
  }
  return String(wanted);
}

export class FsckResult {
  files = 0;
  bytes = 0;
  blocks = 0;
  openFiles = 0;
  openBytes = 0;
  openBlocks = 0;
  corruptFiles = 0;
  corruptBlocks = 0;
  corruptBytes = 0;
  missingBlocks = 0;
  missingBytes = 0;
  expectedReplicas = 0;
  replicas = 0;
  missingReplicas = 0;
  excessReplicas = 0;
  underMinimum = 0;
  overReplicated = 0;
  underReplicated = 0;
  misplaced = 0;
  atMinimum = 0;
  decommissioned = 0;
  decommissioning = 0;
  enteringMaintenance = 0;
  inMaintenance = 0;
  queued = 0;

  get isHealthy(): boolean {
    return this.missingBlocks === 0 && this.corruptBlocks === 0;
  }

  /** `replication` and `minimum` are dfs.replication and dfs.namenode.replication.min. */
  replicated(replication: number, minimum: number): string {
    const { blocks } = this;
    const share = (count: number): string => (blocks > 0 ? ` (${javaFloat((count * 100) / blocks)} %)` : '');
    const lines = [
      ` Total size:\t${this.bytes} B${this.openBytes === 0 ? '' : ` (Total open files size: ${this.openBytes} B)`}`,
      ` Total files:\t${this.files}${this.openFiles === 0 ? '' : ` (Files currently being written: ${this.openFiles})`}`,
      ` Total blocks (validated):\t${blocks}${blocks > 0 ? ` (avg. block size ${Math.floor(this.bytes / blocks)} B)` : ''}` +
        (this.openBlocks === 0 ? '' : ` (Total open file blocks (not validated): ${this.openBlocks})`),
      ...this.#trouble(share, minimum),
      ` Minimally replicated blocks:\t${this.atMinimum}${share(this.atMinimum)}`,
      ` Over-replicated blocks:\t${this.overReplicated}${share(this.overReplicated)}`,
      ` Under-replicated blocks:\t${this.underReplicated}${share(this.underReplicated)}`,
      ` Mis-replicated blocks:\t\t${this.misplaced}${share(this.misplaced)}`,
      ` Default replication factor:\t${replication}`,
      ` Average block replication:\t${javaFloat(blocks === 0 ? 0 : this.replicas / blocks)}`,
      ` Missing blocks:\t\t${this.missingBlocks}`,
      ` Corrupt blocks:\t\t${this.corruptBlocks}`,
      ` Missing replicas:\t\t${this.missingReplicas}` +
        (this.replicas > 0 ? ` (${javaFloat((this.missingReplicas * 100) / this.expectedReplicas)} %)` : ''),
    ];
    if (this.decommissioned > 0) lines.push(` DecommissionedReplicas:\t${this.decommissioned}`);
    if (this.decommissioning > 0) lines.push(` DecommissioningReplicas:\t${this.decommissioning}`);
    if (this.enteringMaintenance > 0) lines.push(` EnteringMaintenanceReplicas:\t${this.enteringMaintenance}`);
    if (this.inMaintenance > 0) lines.push(` InMaintenanceReplicas:\t${this.inMaintenance}`);
    lines.push(` Blocks queued for replication:\t${this.queued}`);
    return lines.join('\n');
  }

  #trouble(share: (count: number) => string, minimum: number): readonly string[] {
    if (this.corruptFiles === 0 && this.underMinimum === 0) return [];
    const stars = '  ********************************';
    const lines = [stars];
    if (this.underMinimum > 0) {
      lines.push(`  UNDER MIN REPL'D BLOCKS:\t${this.underMinimum}${share(this.underMinimum)}`);
      lines.push(`  MINIMAL BLOCK REPLICATION:\t${minimum}`);
    }
    if (this.corruptFiles > 0) {
      lines.push(`  CORRUPT FILES:\t${this.corruptFiles}`);
      if (this.missingBytes > 0) {
        lines.push(`  MISSING BLOCKS:\t${this.missingBlocks}`, `  MISSING SIZE:\t\t${this.missingBytes} B`);
      }
      if (this.corruptBlocks > 0) {
        lines.push(`  CORRUPT BLOCKS: \t${this.corruptBlocks}`, `  CORRUPT SIZE:\t\t${this.corruptBytes} B`);
      }
    }
    lines.push(stars);
    return lines;
  }
}

/** There are no striped files. */
export const NO_BLOCK_GROUPS = [
  ' Total size:\t0 B',
  ' Total files:\t0',
  ' Total block groups (validated):\t0',
  ' Minimally erasure-coded block groups:\t0',
  ' Over-erasure-coded block groups:\t0',
  ' Under-erasure-coded block groups:\t0',
  ' Unsatisfactory placement block groups:\t0',
  ' Average block group size:\t0.0',
  ' Missing block groups:\t\t0',
  ' Corrupt block groups:\t\t0',
  ' Missing internal blocks:\t0',
  ' Blocks queued for replication:\t0',
].join('\n');
