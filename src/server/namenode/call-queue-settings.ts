// The keys of a server's call queue. Those that begin with ipc.PORT hold for the server on that port; some have a form
// without the port, for all. Apache: Server.getQueueClass and its like, CallQueueManager, DecayRpcScheduler.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { parseDuration } from '../../config/values.ts';
import { type DecayOptions, defaultBackOffTimes, defaultThresholds } from '../../core/callqueue/decay-scheduler.ts';
import { defaultWeights } from '../../core/callqueue/fair-queue.ts';
import type { CallQueueSettings } from '../../rpc/call-queue.ts';

const QUEUES: Readonly<Record<string, 'plain' | 'fair'>> = {
  'java.util.concurrent.LinkedBlockingQueue': 'plain',
  'org.apache.hadoop.ipc.FairCallQueue': 'fair',
};
const SCHEDULERS: Readonly<Record<string, 'plain' | 'decay'>> = {
  'org.apache.hadoop.ipc.DefaultRpcScheduler': 'plain',
  'org.apache.hadoop.ipc.DecayRpcScheduler': 'decay',
};
/** What else Hadoop lets a class decide; only its own default does here. */
const ONLY: Readonly<Record<string, string>> = {
  'cost-provider.impl': 'org.apache.hadoop.ipc.DefaultCostProvider',
  'identity-provider.impl': 'org.apache.hadoop.ipc.UserIdentityProvider',
};

/** The key of one server that says whether who finds no room is sent away. */
export const backOffKey = (port: number): string => `ipc.${port}.backoff.enable`;

class PortKeys {
  readonly #configuration: Configuration;
  readonly #port: number;

  constructor(configuration: Configuration, port: number) {
    this.#configuration = configuration;
    this.#port = port;
  }

  /** Its name for this port, or an older one that is set. */
  name(key: string, old?: string): string {
    const now = `ipc.${this.#port}.${key}`;
    const before = `ipc.${this.#port}.${old}`;
    return old !== undefined && this.#configuration.isSet(before) ? before : now;
  }

  /** Of this port, or of all. */
  shared(key: string): string | undefined {
    return this.#configuration.get(`ipc.${this.#port}.${key}`) ?? this.#configuration.get(`ipc.${key}`);
  }

  numbers(name: string): readonly number[] {
    return this.#configuration.getStrings(name).map((text) => {
      const value = Number(text);
      if (Number.isInteger(value)) return value;
      throw new HdfsError('EILLEGAL', `${name}: For input string: "${text}"`);
    });
  }
}

/** Throws HdfsError EILLEGAL for what makes no sense, as Apache's server does not start then. */
export function callQueueSettings(configuration: Configuration, port: number): CallQueueSettings {
  const keys = new PortKeys(configuration, port);
  const known = <T>(key: string, table: Readonly<Record<string, T>>, standard: string): T => {
    const name = keys.shared(key) || standard;
    const found = Object.hasOwn(table, name) ? table[name] : undefined;
    if (found !== undefined) return found;
    throw new HdfsError(
      'EILLEGAL',
      `ipc.${port}.${key} is ${name}, which is not known; ${Object.keys(table).join(' and ')} are`,
    );
  };
  for (const [key, standard] of Object.entries(ONLY)) known(key, { [standard]: true }, standard);
  const queue = known('callqueue.impl', QUEUES, 'java.util.concurrent.LinkedBlockingQueue');
  const fallback = queue === 'fair' ? 'DecayRpcScheduler' : 'DefaultRpcScheduler';
  const scheduler = known('scheduler.impl', SCHEDULERS, `org.apache.hadoop.ipc.${fallback}`);
  const levels = configuration.getInt(keys.name('scheduler.priority.levels', 'faircallqueue.priority-levels'), 4);
  if (levels < 1) throw new HdfsError('EILLEGAL', 'numLevels must be at least 1');
  const capacity = configuration.getInt('dfs.namenode.handler.count') * configuration.getInt('ipc.server.handler.queue.size');
  return {
    queue:
      queue === 'fair'
        ? {
            levels,
            capacity,
            weights: weightsOf(keys, 'faircallqueue.multiplexer.weights', levels, defaultWeights(levels)),
            capacityWeights: weightsOf(keys, 'callqueue.capacity.weights', levels, Array(levels).fill(1)),
          }
        : { levels: 1, capacity, weights: [1], capacityWeights: [1] },
    decay: scheduler === 'decay' ? decayOptions(configuration, keys, levels) : undefined,
    backOff: configuration.getBoolean(backOffKey(port), configuration.getBoolean('ipc.backoff.enable')),
    overflowFailsOver: /^true$/i.test(keys.shared('callqueue.overflow.trigger.failover') ?? 'false'),
  };
}

function weightsOf(keys: PortKeys, key: string, levels: number, standard: readonly number[]): readonly number[] {
  const name = keys.name(key);
  const weights = keys.numbers(name);
  if (weights.length === 0) return standard;
  if (weights.length !== levels) {
    throw new HdfsError('EILLEGAL', `${name} must specify exactly ${levels} weights: one for each priority level.`);
  }
  const wrong = weights.find((weight) => weight <= 0);
  if (wrong === undefined) return weights;
  throw new HdfsError('EILLEGAL', `${name} only takes positive weights. ${wrong} capacity weight found`);
}

function decayOptions(configuration: Configuration, keys: PortKeys, levels: number): DecayOptions {
  const own = (key: string): string => keys.name(`decay-scheduler.${key}`, `faircallqueue.decay-scheduler.${key}`);
  const periodMs = configuration.getLong(own('period-ms'), 5000);
  if (periodMs <= 0) throw new HdfsError('EILLEGAL', 'Period millis must be >= 0');
  const factor = configuration.getFloat(own('decay-factor'), 0.5);
  if (factor <= 0 || factor >= 1) throw new HdfsError('EILLEGAL', 'Decay Factor must be between 0 and 1');
  const percentages = keys.numbers(own('thresholds'));
  if (percentages.length > 0 && percentages.length !== levels - 1) {
    throw new HdfsError('EILLEGAL', `Number of thresholds should be ${levels - 1}. Was: ${percentages.length}`);
  }
  return {
    levels,
    periodMs,
    factor,
    thresholds: percentages.length > 0 ? percentages.map((percent) => percent / 100) : defaultThresholds(levels),
    serviceUsers: new Set(configuration.getStrings(keys.name('decay-scheduler.service-users'))),
    backOffTimesMs: configuration.getBoolean(keys.name('decay-scheduler.backoff.responsetime.enable'), false)
      ? backOffTimes(configuration, keys.name('decay-scheduler.backoff.responsetime.thresholds'), levels)
      : undefined,
  };
}

function backOffTimes(configuration: Configuration, name: string, levels: number): readonly number[] {
  const texts = configuration.getStrings(name);
  if (texts.length === 0) return defaultBackOffTimes(levels);
  if (texts.length !== levels) {
    throw new HdfsError('EILLEGAL', 'responseTimeThresholds must match with the number of priority levels');
  }
  return texts.map((text) => {
    const ms = parseDuration(text, 'ms');
    if (ms !== undefined && ms > 0) return ms;
    throw new HdfsError('EILLEGAL', 'responseTimeThreshold millis must be >= 0');
  });
}
