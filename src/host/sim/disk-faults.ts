// Rules about a machine's disk calls: which fail, take longer or lie, how often and how long. Given to a machine as its
// `diskFault`; a fault plan adds rules and takes them away again.
import type { SeededRandom } from '../../base/random.ts';
import type { DiskErrorCode } from '../host.ts';
import type { DiskFaultAnswer } from './disk.ts';

export type DiskOperations = 'all' | 'read' | 'write' | 'sync';

export interface DiskRule {
  /** Calls on this path and all below it. */
  readonly path: string;
  readonly operations: DiskOperations;
  readonly error?: DiskErrorCode | undefined;
  readonly delayMs?: number | undefined;
  readonly lies?: boolean | undefined;
  /** It is over after so many calls; default never. */
  readonly times?: number | undefined;
  /** It meets one call in so many; default each. */
  readonly every?: number | undefined;
}

const READS: ReadonlySet<string> = new Set(['read', 'open', 'stat', 'fstat', 'readdir']);
const WRITES: ReadonlySet<string> = new Set(['write', 'truncate', 'rename', 'unlink', 'mkdir', 'link', 'rm', 'chmod', 'lock']);
const SYNCS: ReadonlySet<string> = new Set(['fsync', 'fdatasync']);

function concerns(operations: DiskOperations, operation: string): boolean {
  switch (operations) {
    case 'all':
      return true;
    case 'read':
      return READS.has(operation);
    case 'write':
      return WRITES.has(operation);
    case 'sync':
      return SYNCS.has(operation);
  }
}

const isBelow = (path: string, top: string): boolean => path === top || path.startsWith(top === '/' ? top : `${top}/`);

export class DiskFaults {
  private readonly random: SeededRandom;
  private readonly rules = new Map<DiskRule, { left: number }>();
  /** Calls that a rule has met. */
  met = 0;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  /** Holds from now on. The answer takes it away. */
  add(rule: DiskRule): () => void {
    this.rules.set(rule, { left: rule.times ?? Number.POSITIVE_INFINITY });
    return () => this.rules.delete(rule);
  }

  clear(): void {
    this.rules.clear();
  }

  /** The first rule that concerns a call decides. */
  decide(call: { readonly operation: string; readonly path: string }): DiskFaultAnswer | undefined {
    if (this.rules.size === 0) return undefined;
    for (const [rule, state] of this.rules) {
      if (!isBelow(call.path, rule.path) || !concerns(rule.operations, call.operation)) continue;
      if (rule.every !== undefined && this.random.below(rule.every) > 0) continue;
      if (--state.left <= 0) this.rules.delete(rule);
      this.met++;
      return rule;
    }
    return undefined;
  }
}
