// RpcActivityForPort… and RpcDetailedActivityForPort…: what an RPC server was asked, and how long calls waited and took.
// There is no lock here, and a queue of calls only where one is configured: those are truthfully zero.
import { Timing } from '../base/timing.ts';
import type { Clock } from '../host/host.ts';
import { addCallQueueBeans, type CallQueueSource } from './call-queue-beans.ts';
import type { Beans } from './jmx.ts';
import { type JmxValue, merged } from './json.ts';
import { rateAttributes } from './rates.ts';

/** What of an RPC server is shown. */
export interface RpcSource {
  readonly address: { readonly port: number };
  readonly connectionCount: number;
  readonly callsInFlight: number;
  readonly counters: {
    readonly calls: number;
    readonly failedCalls: number;
    readonly acceptedConnections: number;
    readonly droppedConnections: number;
    readonly authorizationFailures: number;
    readonly slowCalls: number;
  };
  readonly measures: {
    readonly receivedBytes: number;
    readonly sentBytes: number;
    readonly queue: Timing;
    readonly processing: Timing;
  };
  readonly methodTimings: ReadonlyMap<string, { readonly processing: Timing; readonly overall: Timing }>;
  /** Of calls that failed, by the simple name of their exception's class. */
  readonly failureTimings: ReadonlyMap<string, { readonly processing: Timing; readonly overall: Timing }>;
  /** Undefined: calls are handled as they come. */
  readonly callQueue?: CallQueueSource | undefined;
  connectionsByUser(): ReadonlyMap<string, number>;
}

/** What Hadoop counts and we have none of. */
const NONE = new Timing();

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export interface RpcBeanOptions {
  readonly service: string;
  /** Protocol that the server is named after. */
  readonly serverName: string;
  readonly hostName: string;
  readonly clock: Clock;
}

export function addRpcBeans(beans: Beans, rpc: RpcSource, { service, serverName, hostName, clock }: RpcBeanOptions): void {
  const { port } = rpc.address;
  const { measures, counters } = rpc;
  const rate = rateAttributes(clock);
  const tags = (context: string) => ({ 'tag.port': String(port), 'tag.Context': context, 'tag.Hostname': hostName });
  // Requests in the last whole second or more; as a count over a time it is an average as well.
  const second = { calls: 0, atMs: clock.monotonic(), value: 0 };
  const perSecond = (): number => {
    const passedMs = clock.monotonic() - second.atMs;
    if (passedMs < 1000) return second.value;
    second.value = Math.round(((counters.calls - second.calls) * 1000) / passedMs);
    second.calls = counters.calls;
    second.atMs += passedMs;
    return second.value;
  };
  beans.add({
    name: `Hadoop:service=${service},name=RpcActivityForPort${port}`,
    modelerType: `RpcActivityForPort${port}`,
    record: 'rpc',
    attributes: () => {
      const users = rpc.connectionsByUser();
      return {
        ...tags('rpc'),
        'tag.serverName': serverName,
        'tag.NumOpenConnectionsPerUser': JSON.stringify(Object.fromEntries(users)),
        ReceivedBytes: measures.receivedBytes,
        SentBytes: measures.sentBytes,
        ...rate('RpcEnQueueTime', NONE),
        ...rate('RpcQueueTime', measures.queue),
        ...rate('RpcLockWaitTime', NONE),
        ...rate('RpcProcessingTime', measures.processing),
        ...rate('RpcResponseTime', NONE),
        ...rate('DeferredRpcProcessingTime', NONE),
        RpcAuthenticationFailures: 0,
        RpcAuthenticationSuccesses: 0,
        RpcAuthorizationFailures: counters.authorizationFailures,
        RpcAuthorizationSuccesses: counters.acceptedConnections - counters.authorizationFailures,
        RpcClientBackoff: rpc.callQueue?.counters.backedOff ?? 0,
        RpcClientBackoffDisconnected: rpc.callQueue?.counters.disconnected ?? 0,
        RpcSlowCalls: counters.slowCalls,
        RpcRequeueCalls: 0,
        RpcCallSuccesses: counters.calls - counters.failedCalls,
        NumOpenConnections: rpc.connectionCount,
        NumInProcessHandler: rpc.callsInFlight,
        CallQueueLength: rpc.callQueue?.length ?? 0,
        NumDroppedConnections: counters.droppedConnections,
        TotalRequests: counters.calls,
        TotalRequestsPerSecond: perSecond(),
      };
    },
  });
  beans.add({
    name: `Hadoop:service=${service},name=RpcDetailedActivityForPort${port}`,
    modelerType: `RpcDetailedActivityForPort${port}`,
    record: 'rpcdetailed',
    attributes: () => {
      const parts: Readonly<Record<string, JmxValue>>[] = [tags('rpcdetailed')];
      for (const [method, { processing, overall }] of rpc.methodTimings) {
        const name = capitalized(method);
        parts.push(rate(name, processing), rate(`Overall${name}`, overall), rate(`Deferred${name}`, NONE));
      }
      for (const [exception, { processing, overall }] of rpc.failureTimings) {
        parts.push(rate(exception, processing), rate(`Overall${exception}`, overall));
      }
      return merged(parts);
    },
  });
  addCallQueueBeans(beans, () => rpc.callQueue, { service, port, hostName, rate });
}
