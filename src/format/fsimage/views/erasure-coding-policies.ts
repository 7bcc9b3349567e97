// The erasure coding policies that every Hadoop has, by the numbers under which images name them. Apache:
// SystemErasureCodingPolicies.

export interface SystemPolicy {
  readonly name: string;
  readonly codecName: string;
  readonly dataUnits: number;
  readonly parityUnits: number;
  readonly cellSize: number;
}

const CELL = 1024 * 1024;
const policy = (codecName: string, dataUnits: number, parityUnits: number): SystemPolicy => ({
  name: `${codecName.toUpperCase()}-${dataUnits}-${parityUnits}-1024k`,
  codecName,
  dataUnits,
  parityUnits,
  cellSize: CELL,
});

const POLICIES: Readonly<Record<number, SystemPolicy>> = {
  1: policy('rs', 6, 3),
  2: policy('rs', 3, 2),
  3: policy('rs-legacy', 6, 3),
  4: policy('xor', 2, 1),
  5: policy('rs', 10, 4),
};

/** Undefined: one that somebody added. */
export const systemPolicy = (id: number): SystemPolicy | undefined => POLICIES[id];
