// How a simulated process listens and connects; its connections end with it.
import { HdfsError } from '../../base/errors.ts';
import type { Connection, ConnectOptions, Listener, ListenOptions, Net } from '../host.ts';
import { failure, SimConnection } from './connection.ts';
import { key, type Machine, type Network } from './network.ts';
import type { Life } from './scheduler.ts';

/** A kernel gives up making a connection after this long. */
const CONNECT_GIVE_UP_MS = 127_000;

export interface SimListener {
  readonly machine: Machine;
  readonly life: Life;
  readonly options: ListenOptions;
  readonly onConnection: (connection: Connection) => void;
}

/** Connections and listeners of one process, to be closed when it dies. */
export class SimNet implements Net {
  private readonly network: Network;
  private readonly machine: Machine;
  private readonly life: Life;
  private readonly connections: SimConnection[] = [];
  private readonly ports = new Set<string>();

  constructor(network: Network, machine: Machine, life: Life) {
    this.network = network;
    this.machine = machine;
    this.life = life;
  }

  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener> {
    const port = options.port === 0 ? this.network.freePort() : options.port;
    const [host] = this.network.resolve(options.host);
    const bound = options.host === '0.0.0.0' || options.host === '::' ? '0.0.0.0' : host;
    const own =
      bound === '0.0.0.0' || bound?.startsWith('127.') || (bound !== undefined && this.machine.addresses.includes(bound));
    if (bound === undefined || !own) {
      const error = new Error(`cannot listen on ${options.host}:${port}: this machine does not have the address`);
      return Promise.reject(Object.assign(error, { code: 'EADDRNOTAVAIL' }));
    }
    const name = key(this.machine, bound, port);
    if (this.network.listeners.has(name)) {
      const error = new Error(`cannot listen on ${options.host}:${port}: the port is already in use`);
      return Promise.reject(Object.assign(error, { code: 'EADDRINUSE' }));
    }
    this.network.listeners.set(name, { machine: this.machine, life: this.life, options, onConnection });
    this.ports.add(name);
    return Promise.resolve({
      address: { host: bound, port },
      close: () => {
        this.network.listeners.delete(name);
        this.ports.delete(name);
        return Promise.resolve();
      },
    });
  }

  connect(options: ConnectOptions): Promise<Connection> {
    const { network, machine, life } = this;
    return new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      let settled = false;
      const settle = (fn: () => void): void => {
        if (settled) return;
        settled = true;
        giveUp.cancel();
        stopWaiting?.();
        signal?.removeEventListener('abort', onAbort);
        fn();
      };
      let stopWaiting: (() => void) | undefined;
      const onAbort = (): void => settle(() => reject(signal?.reason));
      signal?.addEventListener('abort', onAbort, { once: true });
      const limitMs = options.timeoutMs !== undefined && options.timeoutMs > 0 ? options.timeoutMs : CONNECT_GIVE_UP_MS;
      const giveUp = network.scheduler.after(limitMs, life, 'tcp connect timeout', () =>
        settle(() =>
          reject(new HdfsError('ETIMEDOUT', `${limitMs} millis timeout while connecting to ${options.host}:${options.port}`)),
        ),
      );
      const [target] = network.resolve(options.host);
      const other = target === undefined || target.startsWith('127.') ? machine : network.machine(target);
      if (target === undefined || other === undefined) {
        network.scheduler.after(0, life, 'tcp unknown host', () => settle(() => reject(failure('unknown host', options))));
        return;
      }
      const attempt = (): void => {
        network.scheduler.after(network.delay(), undefined, `tcp connect ${machine.name}>${other.name}`, () => {
          if (settled || !life.alive) return;
          if (network.isCut(machine, other) || network.isCut(other, machine) || !other.powered) {
            // Tried again when the way may be open; a machine that was switched on announces itself the same way.
            stopWaiting ??= network.whenHealed(attempt);
            return;
          }
          const waitMs = Math.max(network.clogged(machine, other), network.clogged(other, machine));
          if (waitMs > 0) {
            network.scheduler.after(waitMs, undefined, 'tcp connect', attempt);
            return;
          }
          const listener = network.listenerAt({ host: target, port: options.port }, other);
          if (listener === undefined || !listener.life.alive) {
            network.scheduler.after(network.delay(), life, 'tcp refused', () =>
              settle(() => reject(failure('Connection refused', options))),
            );
            return;
          }
          this.accept(listener, other, target, options, (connection) => {
            if (settled) connection.destroy();
            else settle(() => resolve(connection));
          });
        });
      };
      attempt();
    });
  }

  private accept(
    listener: SimListener,
    other: Machine,
    target: string,
    options: ConnectOptions,
    done: (connection: Connection) => void,
  ): void {
    const { network, machine, life } = this;
    const source = options.localAddress ?? (target.startsWith('127.') ? target : (machine.addresses[0] ?? target));
    const here = { host: source, port: network.freePort() };
    const there = { host: target, port: options.port };
    const mine = new SimConnection(network, { machine, life, address: here, slabBytes: options.slabBytes }, there);
    const theirs = new SimConnection(
      network,
      { machine: other, life: listener.life, address: there, slabBytes: listener.options.slabBytes },
      here,
    );
    SimConnection.join(mine, theirs);
    this.keep(mine);
    nets.get(listener.life)?.keep(theirs);
    network.scheduler.after(0, listener.life, 'tcp accept', () => listener.onConnection(theirs));
    network.scheduler.after(network.delay(), life, 'tcp connected', () => done(mine));
  }

  private keep(connection: SimConnection): void {
    this.connections.push(connection);
    // Forget the dead ones now and then, so that a long run does not collect them.
    if (this.connections.length % 64 === 0) {
      const living = this.connections.filter((kept) => !kept.destroyed);
      this.connections.splice(0, this.connections.length, ...living);
    }
  }

  register(): void {
    nets.set(this.life, this);
  }

  /** Resets our ends of all connections to a machine; the other ends find out when they send. */
  resetConnections(to: Machine): void {
    for (const connection of [...this.connections]) if (connection.leadsTo(to)) connection.reset();
  }

  /** The process has ended. */
  abandon(how: 'process' | 'power'): void {
    for (const name of this.ports) this.network.listeners.delete(name);
    this.ports.clear();
    for (const connection of this.connections) connection.abandon(how);
    this.connections.length = 0;
  }
}

/** The network side of each living process. */
const nets = new WeakMap<Life, SimNet>();
