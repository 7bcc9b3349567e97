// The RPC server: listens, holds the connections to their bounds, finds the method that a call names, and closes what
// idles. What happens on one connection is in server-connection.ts.
import { type AssertionError, assert } from '../base/assert.ts';
import { HdfsError, messageOf } from '../base/errors.ts';
import { Timing } from '../base/timing.ts';
import type { Address, Host, Listener, Timer } from '../host/host.ts';
import type { Identity } from '../wire/ipc/acceptor.ts';
import { FrameMemory } from '../wire/ipc/frame.ts';
import { ErrorDetail, type Failure } from '../wire/ipc/headers.ts';
import type { RequestHeaderProto } from '../wire/messages/ipc.ts';
import { isBrokenInvariant, noSuchMethod, noSuchProtocol, refusedMethod, wrongProtocolVersion } from './answers.ts';
import { CallQueue, type CallQueueSettings } from './call-queue.ts';
import type { MethodTimings, RpcMeasures } from './measures.ts';
import { protocolInfoService } from './protocol-info.ts';
import { type ConnectionLimits, type ConnectionOwner, ServerConnection } from './server-connection.ts';
import type { ReplyGate, RpcCall, RpcService } from './service.ts';
import { isSlowCall, NO_SLOW_CALLS, type SlowCallSettings } from './slow-calls.ts';
import { type Target, TargetCache } from './target-cache.ts';

/** All connections read into one buffer of this size. */
const READ_BYTES = 64 * 1024;

export interface RpcServerLimits extends ConnectionLimits {
  /** ipc.server.max.connections; 0 is no bound. */
  readonly maxConnections: number;
  /** ipc.server.listen.queue.size. */
  readonly listenQueue: number;
  /** ipc.client.idlethreshold: with fewer connections, idle ones are left alone. */
  readonly idleThreshold: number;
  /** Twice ipc.client.connection.maxidletime, as Apache's server has it. */
  readonly maxIdleMs: number;
  /** ipc.client.connection.idle-scan-interval.ms. */
  readonly idleScanIntervalMs: number;
  /** ipc.server.purge.interval: after so long, whoever takes nothing of the answers that wait for him is let go. */
  readonly purgeMs: number;
  /** ipc.client.kill.max: most idle connections closed by one scan. */
  readonly maxClosedPerScan: number;
  /** A connection that has not named its user after this long is closed. */
  readonly handshakeTimeoutMs: number;
}

export const DEFAULT_RPC_SERVER_LIMITS: RpcServerLimits = {
  maxDataBytes: 128 * 1024 * 1024,
  maxHandshakeBytes: 64 * 1024,
  maxCallsInFlight: 1024,
  maxQueuedBytes: 4 * 1024 * 1024,
  largeAnswerBytes: 1024 * 1024,
  maxConnections: 0,
  listenQueue: 256,
  idleThreshold: 4000,
  maxIdleMs: 20_000,
  idleScanIntervalMs: 10_000,
  purgeMs: 15 * 60_000,
  maxClosedPerScan: 10,
  handshakeTimeoutMs: 60_000,
};

export interface RpcServerOptions {
  /** For the log, e.g. `NameNode`. */
  readonly name: string;
  readonly address: Address;
  readonly services: readonly RpcService[];
  readonly gate?: ReplyGate | undefined;
  readonly limits?: Partial<RpcServerLimits> | undefined;
  /** Which calls the log names; without it none. */
  readonly slowCalls?: SlowCallSettings | undefined;
  /**
   * May this user connect, or `realUser` act for `user`? Throws HdfsError (EAUTHORIZE) when not. Without it anybody may
   * connect and nobody may act for another, as Apache without hadoop.proxyuser keys.
   */
  readonly authorize?: ((identity: Identity, remote: Address) => void | Promise<void>) | undefined;
  /** Put into each answer, for clients that follow the state of a namespace. */
  readonly stateId?: (() => number | undefined) | undefined;
  /** After each call; for metrics and the audit log. */
  readonly onCallDone?: ((call: RpcCall, error: unknown) => void) | undefined;
  /** An invariant of ours is broken. Without it the error is thrown, which ends a process. */
  readonly onBug?: ((error: AssertionError) => void) | undefined;
}

export interface RpcServerCounters {
  calls: number;
  failedCalls: number;
  acceptedConnections: number;
  droppedConnections: number;
  authorizationFailures: number;
  slowCalls: number;
}

export class RpcServer {
  readonly counters: RpcServerCounters = {
    calls: 0,
    failedCalls: 0,
    acceptedConnections: 0,
    droppedConnections: 0,
    authorizationFailures: 0,
    slowCalls: 0,
  };
  readonly measures: RpcMeasures = { receivedBytes: 0, sentBytes: 0, queue: new Timing(), processing: new Timing() };
  /** May change while it serves. */
  slowCalls: SlowCallSettings;
  /** Of every method of the protocols that are served; of two with one name both together. Refused ones stay at zero. */
  readonly methodTimings = new Map<string, MethodTimings>();
  /** Of calls that failed, by the simple name of their exception's class. Apache counts them there, and not with their method. */
  readonly failureTimings = new Map<string, MethodTimings>();
  private readonly host: Host;
  private readonly options: RpcServerOptions;
  private readonly limits: RpcServerLimits;
  private readonly owner: ConnectionOwner;
  private readonly targets = new TargetCache();
  private readonly connections = new Set<ServerConnection>();
  private readonly services = new Map<string, RpcService[]>();
  private listener: Listener | undefined;
  private scan: Timer | undefined;
  private closed = false;

  constructor(host: Host, options: RpcServerOptions) {
    this.host = host;
    this.options = options;
    this.slowCalls = options.slowCalls ?? NO_SLOW_CALLS;
    this.limits = { ...DEFAULT_RPC_SERVER_LIMITS, ...options.limits };
    for (const service of options.services) this.addService(service);
    this.addService(protocolInfoService(() => [...this.services.values()].flat()));
    this.owner = {
      limits: this.limits,
      gate: options.gate,
      frameMemory: new FrameMemory(),
      resolve: (header) => this.resolve(header),
      authorize: (identity, connection) => this.authorize(identity, connection),
      stateId: options.stateId ?? (() => undefined),
      measures: this.measures,
      queue: undefined,
      onClosed: (connection, reason) => {
        this.connections.delete(connection);
        this.log('debug', `connection of ${connection.remote.host}:${connection.remote.port} ended: ${reason}`);
      },
      onCallDone: (call, error, ms, waitedMs) => {
        this.counters.calls++;
        if (error !== undefined) this.counters.failedCalls++;
        if (this.slowCalls.log && isSlowCall(this.measures.processing, ms, this.slowCalls.thresholdMs)) {
          this.tellSlow(call, ms, waitedMs);
        }
        options.onCallDone?.(call, error);
      },
      timingsOf: (failure) => this.timingsOf(failure),
      logFailure: (call, error) => this.logFailure(call, error),
      onLargeAnswer: (call, bytes) => this.log('warn', `Large response size ${bytes} for call ${clientOf(call)}`),
      onBug: (error) => this.onBug(error),
      now: () => host.clock.monotonic(),
      setTimer: (ms, fn) => host.clock.setTimer(ms, fn),
      defer: (fn) => host.clock.defer(fn),
    };
  }

  /** Calls go through such a queue from now on. A plain one is made only to take the place of another. */
  configureQueue(settings: CallQueueSettings): void {
    const { owner, host } = this;
    if (owner.queue !== undefined) owner.queue.configure(settings);
    else if (settings.decay !== undefined || settings.queue.levels > 1 || settings.backOff) {
      owner.queue = new CallQueue(host.clock, settings);
    }
  }

  /** Undefined: calls are handled as they come. */
  get callQueue(): CallQueue | undefined {
    return this.owner.queue;
  }

  /** A second version of a protocol stands beside the first. */
  private addService(service: RpcService): void {
    const versions = this.services.get(service.protocol) ?? [];
    versions.push(service);
    versions.sort((a, b) => b.version - a.version);
    this.services.set(service.protocol, versions);
    for (const name of service.methods.keys()) {
      if (!this.methodTimings.has(name)) this.methodTimings.set(name, { processing: new Timing(), overall: new Timing() });
    }
  }

  async start(): Promise<void> {
    const { address } = this.options;
    const options = { ...address, backlog: this.limits.listenQueue, slabBytes: READ_BYTES };
    this.listener = await this.host.net.listen(options, (socket) => {
      if (this.closed || (this.limits.maxConnections > 0 && this.connections.size >= this.limits.maxConnections)) {
        this.counters.droppedConnections++;
        socket.destroy();
        return;
      }
      this.counters.acceptedConnections++;
      const connection = new ServerConnection(socket, this.owner, this.targets);
      this.connections.add(connection);
      connection.start();
    });
    this.scan = this.host.clock.setPeriodic(this.limits.idleScanIntervalMs, () => this.closeIdle());
  }

  /** Where it listens; for port 0, the port that it got. */
  get address(): Address {
    return this.listener?.address ?? this.options.address;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** How many connections each user has. */
  connectionsByUser(): ReadonlyMap<string, number> {
    const users = new Map<string, number>();
    for (const { identity } of this.connections) {
      if (identity !== undefined) users.set(identity.user, (users.get(identity.user) ?? 0) + 1);
    }
    return users;
  }

  /** Calls that are handled or wait for durability now. */
  get callsInFlight(): number {
    let calls = 0;
    for (const connection of this.connections) calls += connection.callsInFlight;
    return calls;
  }

  /** Stops accepting, then drops all connections. */
  async close(): Promise<void> {
    this.closed = true;
    this.scan?.cancel();
    this.owner.queue?.close();
    await this.listener?.close();
    for (const connection of [...this.connections]) connection.destroy('the server stops');
  }

  private log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.host.log.log(level, 'rpc', `${this.options.name}: ${message}`, fields);
  }

  private resolve(header: RequestHeaderProto): Target {
    const protocol = header.declaringClassProtocolName ?? '';
    const versions = this.services.get(protocol);
    if (versions === undefined) throw noSuchProtocol(protocol);
    const service = versions.find((candidate) => candidate.version === header.clientProtocolVersion);
    const [highest] = versions;
    if (service === undefined) throw wrongProtocolVersion(protocol, header.clientProtocolVersion ?? 0, highest?.version ?? 0);
    const name = header.methodName ?? '';
    const method = service.methods.get(name);
    if (method === undefined) throw noSuchMethod(name, protocol);
    if (method.handler === undefined) {
      throw method.refusal === undefined ? noSuchMethod(name, protocol) : refusedMethod(name, protocol, method.refusal);
    }
    const timings = this.methodTimings.get(name);
    assert(timings !== undefined, 'every method that is served has its timings');
    return { protocol, method, handler: method.handler, timings };
  }

  private timingsOf({ javaClass }: Failure): MethodTimings {
    const name = javaClass.slice(Math.max(javaClass.lastIndexOf('.'), javaClass.lastIndexOf('$')) + 1);
    const known = this.failureTimings.get(name);
    if (known !== undefined) return known;
    const timings = { processing: new Timing(), overall: new Timing() };
    this.failureTimings.set(name, timings);
    return timings;
  }

  private authorize(identity: Identity, connection: ServerConnection): Failure | undefined | Promise<Failure | undefined> {
    const refused = (error: unknown): Failure => {
      if (!(error instanceof HdfsError)) throw error;
      this.counters.authorizationFailures++;
      this.log('info', `connection of ${identity.user} from ${connection.remote.host} refused: ${error.message}`);
      return { javaClass: error.javaClass, message: error.message, detail: ErrorDetail.FATAL_UNAUTHORIZED, fatal: true };
    };
    try {
      if (this.options.authorize !== undefined) {
        const asked = this.options.authorize(identity, connection.remote);
        if (asked instanceof Promise) return asked.then(() => undefined, refused);
      } else if (identity.realUser !== undefined) {
        throw new HdfsError('EAUTHORIZE', `User: ${identity.realUser} is not allowed to impersonate ${identity.user}`);
      }
      return undefined;
    } catch (error) {
      return refused(error);
    }
  }

  private tellSlow(call: RpcCall, ms: number, waitedMs: number): void {
    this.counters.slowCalls++;
    const { method } = call;
    const client = clientOf(call);
    const detail = `queueTime=${Math.floor(waitedMs)} processingTime=${Math.floor(ms)}`;
    this.log(
      'warn',
      `Slow RPC : ${method} took ${Math.floor(ms)} MILLISECONDS to process from client ${client}, ` +
        `the processing detail is ${detail}, and the threshold time is ${this.slowCalls.thresholdMs} MILLISECONDS.`,
    );
  }

  private logFailure(call: RpcCall, error: unknown): void {
    this.log('error', `${call.protocol}.${call.method} of ${call.user} failed: ${messageOf(error)}`, {
      stack: error instanceof Error ? error.stack : undefined,
    });
  }

  private onBug(error: Error): void {
    this.log('error', `a broken invariant: ${error.message}`, { stack: error.stack });
    if (this.options.onBug !== undefined && isBrokenInvariant(error)) {
      this.options.onBug(error);
      return;
    }
    this.host.clock.defer(() => {
      throw error;
    });
  }

  private closeIdle(): void {
    const now = this.host.clock.monotonic();
    let toClose = this.limits.maxClosedPerScan;
    for (const connection of this.connections) {
      if (!connection.isEstablished) {
        if (now - connection.openedMs > this.limits.handshakeTimeoutMs) connection.destroy('it never named its user');
        continue;
      }
      if (connection.unfetchedMs(now) > this.limits.purgeMs) {
        connection.destroy('its client does not take its answers');
        continue;
      }
      if (toClose === 0 || this.connections.size < this.limits.idleThreshold) continue;
      if (connection.isIdle && now - connection.lastContactMs > this.limits.maxIdleMs) {
        toClose--;
        connection.destroy('idle');
      }
    }
  }
}

/** A call in the log, as Apache's Server.Call prints it. */
function clientOf({ method, protocol, callId, retryCount, remote }: RpcCall): string {
  return `Call#${callId} Retry#${retryCount} ${protocol}.${method} from ${remote.host}:${remote.port}`;
}
