// If these fail, a failover stops or spins, a restart of the NameNode breaks clients that were told to wait for it, or they wait
// longer, or shorter, than an operator set.
import { describe, expect, it } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { Configuration } from '../config/configuration.ts';
import { CallTimeout } from '../rpc/network-errors.ts';
import { parsePauses, planRetry, type RetrySettings, Tries } from './retries.ts';
import { clientSettings } from './settings.ts';

const settings = clientSettings(new Configuration());
const withKeys = (keys: Readonly<Record<string, string | number | boolean>>): RetrySettings =>
  clientSettings(Configuration.of(keys));

const refused = new HdfsError('ECONN', 'x');
const late = new HdfsError('ETIMEDOUT', 'x');
const unanswered = new HdfsError('ETIMEDOUT', 'x', { cause: new CallTimeout() });

/** What follows when the same error comes again and again: pauses, in milliseconds, and F for another NameNode. */
function course(error: HdfsError, namenodes: number, options: RetrySettings = settings): readonly (number | string)[] {
  const tries = new Tries(namenodes);
  const seen: (number | string)[] = [];
  for (;;) {
    const plan = planRetry(error, tries, 0.5, options);
    if (plan.kind === 'fail') return seen;
    seen.push(plan.failover ? `F${plan.delayMs}` : plan.delayMs);
    tries.note(plan);
  }
}

describe('a client of several NameNodes', () => {
  it('moves on from a standby or dead one, at once while there is one that was not asked', () => {
    for (const error of [new HdfsError('ESTANDBY', 'x'), refused, late, unanswered]) {
      const moves = course(error, 2);
      expect(moves.slice(0, 5)).toEqual(['F0', 'F0', 'F1000', 'F1000', 'F2000']);
      expect([moves.length, moves.at(-1)]).toEqual([15, 'F15000']);
    }
  });

  it('asks one that cannot be reached as often as is set before it moves on', () => {
    const keys = { 'dfs.client.failover.connection.retries': 2, 'dfs.client.failover.max.attempts': 1 };
    expect(course(refused, 2, withKeys(keys))).toEqual([1000, 1000, 'F0', 1000, 1000]);
    expect(course(late, 2, withKeys(keys))).toEqual(['F0']);
    const onTimeouts = { 'dfs.client.failover.connection.retries.on.timeouts': 1, 'dfs.client.failover.max.attempts': 1 };
    expect(course(late, 2, withKeys(onTimeouts))).toEqual([1000, 'F0', 1000]);
    expect(course(refused, 2, withKeys(onTimeouts))).toEqual(['F0']);
  });
});

describe('a client of one NameNode', () => {
  it('asks it again for a while, and never repeats what it refused', () => {
    expect(course(refused, 1)).toEqual(Array.from({ length: 10 }, () => 1000));
    expect(course(late, 1)).toHaveLength(45);
    expect(course(unanswered, 1)).toHaveLength(10);
    for (const code of ['ESTANDBY', 'EACCES', 'ENOENT', 'ESAFEMODE', 'EIO'] as const) {
      expect(course(new HdfsError(code, 'x'), 1)).toEqual([]);
    }
    expect(planRetry(new Error('bug'), new Tries(1), 0.5, settings)).toEqual({ kind: 'fail' });
  });

  it('comes again to a busy one', () => {
    const busy = new HdfsError('ERETRY', 'x');
    expect(course(busy, 1)).toHaveLength(10);
    expect(course(busy, 1, withKeys({ 'dfs.client.retry.max.attempts': 3 }))).toEqual([0, 1000, 2000]);
  });

  it('waits as the policy says, in safe mode too, where there is one', () => {
    const keys = { 'dfs.client.retry.policy.enabled': true, 'dfs.client.retry.policy.spec': '200,2, 5000,1' };
    for (const error of [refused, late, new HdfsError('ESAFEMODE', 'x'), new HdfsError('ERETRY', 'x')]) {
      expect(course(error, 1, withKeys(keys))).toEqual([200, 200, 5000]);
    }
    expect(course(new HdfsError('EACCES', 'x'), 1, withKeys(keys))).toEqual([]);
    // One of several NameNodes is in safe mode for itself.
    expect(course(new HdfsError('ESAFEMODE', 'x'), 2, withKeys(keys))).toEqual([]);
    expect(course(refused, 1, withKeys({ ...keys, 'dfs.client.retry.policy.spec': 'nonsense' }))).toHaveLength(16);
  });

  it('understands pairs of pause and tries only', () => {
    expect(parsePauses('10000,6,60000,10')).toEqual([
      { pauseMs: 10_000, tries: 6 },
      { pauseMs: 60_000, tries: 10 },
    ]);
    for (const wrong of ['', '1', '1,2,3', '0,1', '1,-1', 'a,b', '1,2147483648']) expect(parsePauses(wrong)).toBeUndefined();
  });
});
