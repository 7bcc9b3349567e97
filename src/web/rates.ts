// Rates as beans show them: how often something was counted since the start, and its average in the last stretch of time. As
// Hadoop's MutableRate.
import { type Rate, RecentAverage } from '../base/timing.ts';
import type { Clock } from '../host/host.ts';
import { JavaDouble, type JmxValue } from './json.ts';

/** As the period of Hadoop's metrics system, in which averages stand. */
const STRETCH_MS = 10_000;

export type RateAttributes = (name: string, rate: Rate, what?: string) => Readonly<Record<string, JmxValue>>;

/** Remembers of each rate what it was at the last look. */
export function rateAttributes(clock: Pick<Clock, 'monotonic'>): RateAttributes {
  const averages = new Map<Rate, RecentAverage>();
  return (name, rate, what = 'Time') => {
    let average = averages.get(rate);
    if (average === undefined) {
      average = new RecentAverage(rate, STRETCH_MS);
      averages.set(rate, average);
    }
    return { [`${name}NumOps`]: rate.count, [`${name}Avg${what}`]: new JavaDouble(average.at(clock.monotonic())) };
  };
}
