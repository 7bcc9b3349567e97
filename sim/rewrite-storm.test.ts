// If this fails, a file that is appended to, cut and taken over while machines die and links are cut has other bytes than
// some order of what its clients asked for leaves, or does not close once all is well again.
import { expect, test } from 'vitest';
import type { SeededRandom } from '../src/base/random.ts';
import { type Hdfs, HdfsError } from '../src/client/index.ts';
import { SimCluster } from './cluster.ts';

const BLOCK = 4_096;
const STEPS = 12;
const FILE = '/f';

/** One thing at a time breaks, and is mended after a while. */
async function trouble(cluster: SimCluster, random: SeededRandom, over: () => boolean): Promise<void> {
  const { simulation } = cluster;
  const { clock } = simulation.node('nemesis').host;
  const dataNode = (): string => `dn${random.below(4)}`;
  while (!over()) {
    await clock.sleep(random.below(1_500));
    const lastsMs = 200 + random.below(15_000);
    const kind = random.below(6);
    if (kind < 3) {
      const name = kind === 0 ? 'nn' : dataNode();
      cluster.crash(name, random.below(2) === 0 ? 'process' : 'power', random.below(2) === 0);
      await clock.sleep(lastsMs);
      cluster.restart(name);
    } else {
      const names = kind === 3 ? ['nn', dataNode()] : kind === 4 ? [dataNode(), dataNode()] : ['client0', dataNode()];
      const [from, to] = names.map((name) => simulation.node(name));
      if (from === undefined || to === undefined || from === to) continue;
      simulation.cut(from, to);
      await clock.sleep(lastsMs);
      simulation.heal(from, to);
    }
  }
}

/** Bytes that no other step writes. */
function bytesOf(random: SeededRandom, most: number): Buffer {
  return random.bytes(1 + random.below(most));
}

const unlessRefused = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work;
    return true;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    return false;
  }
};

class Storm {
  readonly cluster: SimCluster;
  readonly #random: SeededRandom;
  readonly #copies: boolean;
  #content: Buffer = Buffer.alloc(0);
  readonly done = new Map<string, number>();

  constructor(seed: number) {
    this.cluster = new SimCluster({ seed, dataNodes: 4, clients: 2, keys: { 'dfs.blocksize': BLOCK } });
    this.#copies = seed % 2 === 1;
    this.#random = this.cluster.simulation.random('storm');
  }

  async run(): Promise<void> {
    const { cluster } = this;
    const { simulation } = cluster;
    await cluster.start();
    const [first, second] = cluster.clients;
    if (first === undefined || second === undefined) throw new Error('the cluster has no clients');
    const writer = await simulation.run(cluster.connect(first));
    const other = await simulation.run(cluster.connect(second));
    this.#content = bytesOf(this.#random, 3 * BLOCK);
    await simulation.run(writer.writeFile(FILE, this.#content, { replication: 3 }));
    let over = false;
    const nemesis = trouble(cluster, simulation.random('trouble'), () => over);
    for (let step = 0; step < STEPS; step++) await simulation.run(this.#step(writer, other), 3_600_000);
    over = true;
    await simulation.run(nemesis, 120_000);
    simulation.healAll();
    expect(await cluster.until(() => cluster.ready, 300_000), 'the cluster recovers').toBe(true);
    await simulation.run(this.#settle(other), 600_000);
    // Every replica by itself, once all have been made equal.
    await simulation.advance(120_000);
    for (const { name } of cluster.dataNodes) {
      const rest = cluster.dataNodes.filter((each) => each.name !== name);
      for (const each of rest) simulation.cut(second, each.machine);
      const read = await simulation.run(unlessRefused(this.#expectNow(other)), 600_000);
      this.#count(read ? 'read of one replica' : 'no replica');
      simulation.healAll();
    }
    expect(cluster.violations.found).toEqual([]);
  }

  async #step(writer: Hdfs, other: Hdfs): Promise<void> {
    const before = this.#content;
    // As during an upgrade: blocks are cut as copies.
    const ns = this.cluster.nameNode.running?.system.namespace;
    if (ns !== undefined) ns.keepsOldBlocks = () => this.#copies;
    const kind = this.#random.below(5);
    if (kind < 2) {
      const data = bytesOf(this.#random, 2 * BLOCK);
      const flushAt = this.#random.below(data.length);
      let flushed = 0;
      const work = async (): Promise<void> => {
        const handle = await writer.open(FILE, 'a');
        await handle.write(data.subarray(0, flushAt));
        await handle.hsync();
        flushed = flushAt;
        await handle.write(data.subarray(flushAt));
        await handle.close();
      };
      const attempt = unlessRefused(work());
      if (this.#random.below(3) === 0) await this.#takeOver(other);
      const done = await attempt;
      this.#count(done ? 'appended' : 'append failed');
      await this.#settle(other);
      const now = await this.#read(other);
      expect(now.length).toBeGreaterThanOrEqual(before.length + (done ? data.length : flushed));
      expect(now.length).toBeLessThanOrEqual(before.length + data.length);
      expect(now.equals(Buffer.concat([before, data]).subarray(0, now.length)), 'an append').toBe(true);
      this.#content = now;
      return;
    }
    if (kind < 4) {
      const length = this.#random.below(before.length + 1);
      const attempt = unlessRefused(writer.truncate(FILE, length));
      if (this.#random.below(3) === 0) await this.#takeOver(other);
      const done = await attempt;
      this.#count(done ? 'cut' : 'cut failed');
      await this.#settle(other);
      const now = await this.#read(other);
      if (done) expect(now.length).toBe(length);
      expect([before.length, length]).toContain(now.length);
      expect(now.equals(before.subarray(0, now.length)), 'a cut').toBe(true);
      this.#content = now;
      return;
    }
    await this.#takeOver(other);
    await this.#settle(other);
    await this.#expectNow(other);
  }

  #count(what: string): void {
    this.done.set(what, (this.done.get(what) ?? 0) + 1);
  }

  async #takeOver(client: Hdfs): Promise<void> {
    await this.cluster.simulation.node('client1').host.clock.sleep(this.#random.below(300));
    await unlessRefused(client.recoverLease(FILE));
  }

  /** Nobody has the file open. */
  async #settle(client: Hdfs): Promise<void> {
    const { clock } = this.cluster.simulation.node('client1').host;
    for (;;) {
      let closed = false;
      await unlessRefused(client.recoverLease(FILE).then((answer) => (closed = answer)));
      if (closed) return;
      await clock.sleep(1_000);
    }
  }

  async #read(client: Hdfs): Promise<Buffer> {
    const { clock } = this.cluster.simulation.node('client1').host;
    for (;;) {
      let found: Buffer | undefined;
      await unlessRefused(client.readFile(FILE).then((bytes) => (found = bytes)));
      if (found !== undefined) return found;
      await clock.sleep(1_000);
    }
  }

  async #expectNow(client: Hdfs): Promise<void> {
    const found = await client.readFile(FILE);
    expect(found.equals(this.#content), 'the same as before').toBe(true);
  }
}

/** STORM_FROM and STORM_SEEDS choose others. 213: a client's append took back the stamp of a recovery. */
function seeds(): readonly number[] {
  const { STORM_FROM, STORM_SEEDS } = process.env;
  if (STORM_SEEDS === undefined) return [1, 2, 3, 4, 213];
  return Array.from({ length: Number(STORM_SEEDS) }, (_, i) => Number(STORM_FROM ?? 1) + i);
}

test('what was acknowledged stays, and nothing else comes in', async () => {
  const all = new Map<string, number>();
  for (const seed of seeds()) {
    const storm = new Storm(seed);
    await storm.run().catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
    for (const [what, count] of storm.done) all.set(what, (all.get(what) ?? 0) + count);
  }
  for (const what of ['appended', 'append failed', 'cut', 'read of one replica'])
    expect(all.get(what), what).toBeGreaterThan(0);
});
