// How much of a volume is left to others than HDFS. Apache: ReservedSpaceCalculator, whose class names are the choices of
// dfs.datanode.du.reserved.calculator.

export type ReservedCalculator = 'absolute' | 'percentage' | 'conservative' | 'aggressive';

const PREFIX = 'org.apache.hadoop.hdfs.server.datanode.fsdataset.impl.ReservedSpaceCalculator$ReservedSpaceCalculator';

/** Undefined for a class that is none of Apache's. */
export function reservedCalculatorOf(className: string): ReservedCalculator | undefined {
  switch (className) {
    case `${PREFIX}Absolute`:
      return 'absolute';
    case `${PREFIX}Percentage`:
      return 'percentage';
    case `${PREFIX}Conservative`:
      return 'conservative';
    case `${PREFIX}Aggressive`:
      return 'aggressive';
    default:
      return undefined;
  }
}

export interface Reservation {
  readonly calculator: ReservedCalculator;
  /** dfs.datanode.du.reserved. */
  readonly bytes: number;
  /** dfs.datanode.du.reserved.pct. */
  readonly percent: number;
}

/** absolute: bytes; percentage: percent of the capacity; conservative, aggressive: the larger, the smaller of the two. */
export function reservedBytes({ calculator, bytes, percent }: Reservation, capacityBytes: number): number {
  const part = Math.floor((capacityBytes * percent) / 100);
  switch (calculator) {
    case 'absolute':
      return bytes;
    case 'percentage':
      return part;
    case 'conservative':
      return Math.max(bytes, part);
    case 'aggressive':
      return Math.min(bytes, part);
  }
}
