// What an operator wants done on a machine, by a command there: tried until it succeeds, whatever happens to the machine
// meanwhile. A command dies with its machine, and its promise stays open then.
import { HdfsError } from '../src/base/errors.ts';
import type { Host } from '../src/host/host.ts';
import type { SimNode } from '../src/host/sim/index.ts';
import type { SimCluster } from './cluster.ts';

const PERIOD_MS = 1_000;

export class Errand {
  private readonly cluster: SimCluster;
  private readonly machine: SimNode;
  /** Does it for all that was wanted when it began. Rejects with HdfsError: it is to be tried again. */
  private readonly command: (host: Host) => Promise<void>;
  private wanted = 0;
  private done = 0;
  /** The life of the machine in which a try goes on. */
  private trying: Host | undefined;
  private isPlanned = false;

  constructor(cluster: SimCluster, machine: SimNode, command: (host: Host) => Promise<void>) {
    this.cluster = cluster;
    this.machine = machine;
    this.command = command;
  }

  get isDone(): boolean {
    return this.done === this.wanted;
  }

  /** It has to be done again, from now on. */
  want(): void {
    this.wanted++;
    if (!this.isPlanned) this.look();
  }

  private look(): void {
    this.isPlanned = !this.isDone;
    if (this.isDone) return;
    this.cluster.simulation.scheduler.after(PERIOD_MS, undefined, `operator at ${this.machine.name}`, () => this.look());
    const { machine } = this;
    if (!machine.isAlive || this.trying === machine.host) return;
    this.trying = machine.host;
    void this.try(machine.host, this.wanted);
  }

  private async try(host: Host, upTo: number): Promise<void> {
    try {
      await this.command(host);
      this.done = Math.max(this.done, upTo);
    } catch (error) {
      if (error instanceof HdfsError) return;
      this.cluster.violations.add('X2', `an operator's command at ${this.machine.name} broke off: ${error}`);
    } finally {
      if (this.trying === host) this.trying = undefined;
    }
  }
}
