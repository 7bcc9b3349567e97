// When a request to a web server is begun. Everything that a daemon does shares one thread: requests of one connection are
// begun one after the other, however many came in one packet, and those of all connections take no more than a share of a
// turn of the event loop, so that what else has come is looked at in between.
import type { Socket } from 'node:net';

type Task = () => Promise<void>;

/** After this long in one turn, requests wait for later ones; each of them then has a turn of its own. */
const SHARE_MS = 5;
/** Requests of a connection that wait for those before them; who sends more goes on without asking for answers. */
const MAX_WAITING = 100;

export class HttpTurns {
  readonly #ready: (() => void)[] = [];
  readonly #waiting = new WeakMap<Socket, Task[]>();
  /** When the first request of this turn was begun. */
  #begun: number | undefined;

  /** Begins it when those before it on its connection have ended. */
  add(socket: Socket, task: Task): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) {
      this.#waiting.set(socket, []);
      this.#begin(socket, task);
    } else if (waiting.length < MAX_WAITING) waiting.push(task);
    else socket.destroy();
  }

  #begin(socket: Socket, task: Task): void {
    const run = (): void => {
      // Who has gone away while it waited wants no answer.
      if (socket.destroyed) this.#next(socket);
      else void task().finally(() => this.#next(socket));
    };
    if (this.#ready.length > 0 || this.#isSpent()) this.#ready.push(run);
    else run();
  }

  #next(socket: Socket): void {
    const task = socket.destroyed ? undefined : this.#waiting.get(socket)?.shift();
    if (task === undefined) this.#waiting.delete(socket);
    else this.#begin(socket, task);
  }

  #isSpent(): boolean {
    if (this.#begun !== undefined) return performance.now() - this.#begun > SHARE_MS;
    this.#begun = performance.now();
    setImmediate(this.#turn);
    return false;
  }

  readonly #turn = (): void => {
    this.#begun = undefined;
    const run = this.#ready.shift();
    if (run === undefined) return;
    this.#begun = performance.now();
    setImmediate(this.#turn);
    run();
  };
}
