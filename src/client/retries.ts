// What a client does after a call to its NameNode failed: ask the same one again, the next one of the nameservice, or give up.
// Every ClientProtocol method is idempotent or protected by the server's retry cache, so that a lost connection never forbids
// another try. Apache: RetryPolicies.FailoverOnNetworkExceptionRetry, MultipleLinearRandomRetry, RetryUtils, and
// Client.Connection's retries of connects.
import { HdfsError } from '../base/errors.ts';
import { isCallTimeout } from '../rpc/network-errors.ts';

/** Exported for its test. */
export type RetryPlan = { readonly kind: 'fail' } | Retry;

interface Retry {
  readonly kind: 'retry';
  readonly failover: boolean;
  readonly delayMs: number;
  readonly because: 'failover' | 'no connection' | 'connecting took too long' | 'busy' | 'policy';
}

/** So many tries, each after about this pause. */
export interface Pauses {
  readonly pauseMs: number;
  readonly tries: number;
}

/** By Hadoop's keys. */
export interface RetrySettings {
  readonly failoverAttempts: number;
  readonly failoverSleepMs: number;
  readonly failoverMaxSleepMs: number;
  /** Tries of a call after RetriableException. */
  readonly busyRetries: number;
  readonly connectRetries: number;
  readonly connectRetriesOnTimeouts: number;
  readonly connectRetryIntervalMs: number;
  /** The same of one NameNode among several, before the next one is asked. */
  readonly failoverConnectRetries: number;
  readonly failoverConnectRetriesOnTimeouts: number;
  /** How an only NameNode is waited for that cannot be reached or is in safe mode; undefined: as connectRetries says. */
  readonly policy: readonly Pauses[] | undefined;
}

/** The tries of one call so far. */
export class Tries {
  readonly namenodes: number;
  failovers = 0;
  /** At the NameNode that is asked now. */
  refused = 0;
  timeouts = 0;
  busy = 0;
  byPolicy = 0;

  constructor(namenodes: number) {
    this.namenodes = namenodes;
  }

  note({ because }: Retry): void {
    switch (because) {
      case 'failover':
        this.failovers++;
        this.refused = 0;
        this.timeouts = 0;
        break;
      case 'no connection':
        this.refused++;
        break;
      case 'connecting took too long':
        this.timeouts++;
        break;
      case 'busy':
        this.busy++;
        break;
      case 'policy':
        this.byPolicy++;
    }
  }
}

const FAIL: RetryPlan = { kind: 'fail' };

/** `chance`: in [0, 1), spreads the clients. */
export function planRetry(error: unknown, tries: Tries, chance: number, settings: RetrySettings): RetryPlan {
  if (!(error instanceof HdfsError)) return FAIL;
  const back = (times: number): number =>
    times === 0 ? 0 : Math.min(settings.failoverSleepMs * 2 ** times, settings.failoverMaxSleepMs) * (0.5 + chance);
  const waitsInSafeMode = settings.policy !== undefined && tries.namenodes === 1;
  switch (error.code) {
    case 'ESTANDBY':
    case 'ECONN':
    case 'ETIMEDOUT':
      return tries.namenodes > 1 ? amongSeveral(error, tries, settings, back) : atTheOnlyOne(error, tries, chance, settings);
    case 'ESAFEMODE':
      return waitsInSafeMode ? byPolicy(tries, chance, settings.policy) : FAIL;
    case 'ERETRY':
      if (waitsInSafeMode) return byPolicy(tries, chance, settings.policy);
      if (tries.busy >= settings.busyRetries) return FAIL;
      return { kind: 'retry', failover: false, delayMs: back(tries.busy), because: 'busy' };
    default:
      return FAIL;
  }
}

function amongSeveral(error: HdfsError, tries: Tries, settings: RetrySettings, back: (times: number) => number): RetryPlan {
  const again = connectingAgain(error, tries, {
    refused: settings.failoverConnectRetries,
    timeouts: settings.failoverConnectRetriesOnTimeouts,
    answers: 0,
    pauseMs: settings.connectRetryIntervalMs,
  });
  if (again !== undefined) return again;
  if (tries.failovers >= settings.failoverAttempts) return FAIL;
  const delayMs = back(Math.floor(tries.failovers / tries.namenodes));
  return { kind: 'retry', failover: true, delayMs, because: 'failover' };
}

function atTheOnlyOne(error: HdfsError, tries: Tries, chance: number, settings: RetrySettings): RetryPlan {
  if (settings.policy !== undefined && error.code !== 'ESTANDBY') return byPolicy(tries, chance, settings.policy);
  const again = connectingAgain(error, tries, {
    refused: settings.connectRetries,
    timeouts: settings.connectRetriesOnTimeouts,
    // An answer that does not come is asked for again, where Apache's client gives up: the NameNode may have been replaced.
    answers: settings.connectRetries,
    pauseMs: settings.connectRetryIntervalMs,
  });
  return again ?? FAIL;
}

interface Limits {
  readonly refused: number;
  readonly timeouts: number;
  readonly answers: number;
  readonly pauseMs: number;
}

function connectingAgain(error: HdfsError, tries: Tries, limits: Limits): Retry | undefined {
  if (error.code === 'ESTANDBY') return undefined;
  const again = { kind: 'retry', failover: false, delayMs: limits.pauseMs } as const;
  if (error.code === 'ETIMEDOUT' && !isCallTimeout(error)) {
    return tries.timeouts < limits.timeouts ? { ...again, because: 'connecting took too long' } : undefined;
  }
  const limit = error.code === 'ETIMEDOUT' ? limits.answers : limits.refused;
  return tries.refused < limit ? { ...again, because: 'no connection' } : undefined;
}

function byPolicy(tries: Tries, chance: number, policy: readonly Pauses[] = []): RetryPlan {
  let before = 0;
  for (const { pauseMs, tries: some } of policy) {
    before += some;
    if (tries.byPolicy < before) {
      return { kind: 'retry', failover: false, delayMs: pauseMs * (0.5 + chance), because: 'policy' };
    }
  }
  return FAIL;
}

/** From `pause,tries,pause,tries`; undefined for what cannot be meant. */
export function parsePauses(text: string): readonly Pauses[] | undefined {
  const numbers = text.split(',').map((part) => (/^\+?\d{1,10}$/.test(part.trim()) ? Number(part) : 0));
  if (numbers.length % 2 !== 0 || numbers.some((number) => number < 1 || number > 0x7fff_ffff)) return undefined;
  return Array.from({ length: numbers.length / 2 }, (_, i) => ({
    pauseMs: numbers[2 * i] as number,
    tries: numbers[2 * i + 1] as number,
  }));
}
