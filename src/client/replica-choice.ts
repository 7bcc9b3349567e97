// From which replica of a block a reader takes its bytes: the nearest one that has not failed; when all have, the locations
// are asked for again after a pause, and at last the reader is told that the block is missing. Also who is told of damage.
// Apache: DFSInputStream.chooseDataNode, refetchLocations and reportCheckSumFailure.
import { HdfsError, messageOf } from '../base/errors.ts';
import type { PipelineNode } from '../transfer/pipeline-client.ts';
import type { DatanodeInfoProto } from '../wire/messages/hdfs.ts';
import type { ClientContext } from './context.ts';
import type { Suspicion } from './dead-nodes.ts';
import { blockName, type Located, nodeKey, nodeName } from './located.ts';
import type { FileLocations } from './locations.ts';

/** How long a reader waits until the NameNode has heard of a damaged replica. */
const REPORT_WAIT_MS = 2000;

/** What the read of one block has seen: replicas that failed, and how often it began anew with all of them. */
export interface Attempts {
  /** Offset of the block in the file. */
  readonly block: number;
  readonly failed: Set<string>;
  /** Replicas whose bytes did not fit their checksums, and who is still to be told. */
  readonly damaged: Map<string, PipelineNode>;
  /** Set while each replica that failed in this round did so because its bytes do not fit their checksums. */
  damage: HdfsError | undefined;
  rounds: number;
}

export class ReplicaChoice {
  readonly #context: ClientContext;
  readonly #locations: FileLocations;
  /** DataNodes that failed in this file: taken last. */
  readonly #dead = new Map<string, Suspicion>();

  constructor(context: ClientContext, locations: FileLocations) {
    this.#context = context;
    this.#locations = locations;
  }

  begin(block: Located): Attempts {
    return { block: block.offset, failed: new Set(), damaged: new Map(), damage: undefined, rounds: 0 };
  }

  /** A replica that has not failed and is not in `busy`, or undefined. */
  untried(block: Located, attempts: Attempts, busy: ReadonlySet<string> = new Set()): PipelineNode | undefined {
    const left = block.nodes.filter(({ info }) => !attempts.failed.has(nodeKey(info)) && !busy.has(nodeKey(info)));
    return left.find(({ info }) => !this.#isAvoided(info)) ?? left[0];
  }

  #isAvoided(info: DatanodeInfoProto): boolean {
    const own = this.#dead.get(nodeKey(info));
    return (own !== undefined && own.state !== 'cleared') || this.#context.deadNodes?.isDead(info) === true;
  }

  /** A DataNode for `block`, or undefined after a pause in which the locations were asked for again. */
  async choose(
    block: Located,
    attempts: Attempts,
    at: number,
    signal: AbortSignal | undefined,
  ): Promise<PipelineNode | undefined> {
    const node = this.untried(block, attempts);
    if (node !== undefined) return node;
    const { settings, host } = this.#context;
    const { path } = this.#locations;
    if (attempts.rounds >= settings.maxBlockAcquireFailures) {
      await this.#report(block, attempts);
      // That the bytes are there, and wrong, says more than that nobody has them.
      if (attempts.damage !== undefined) throw attempts.damage;
      const nodes = block.nodes.map((each) => nodeName(each.info)).join(', ');
      const why =
        block.nodes.length === 0
          ? 'No live nodes contain current block'
          : `No live nodes contain block after checking nodes = [${nodes}]`;
      throw new HdfsError('EBLOCKMISSING', `Could not obtain block: ${blockName(block.block)} file=${path} ${why}`, { path });
    }
    // The window grows with each round, and a random part keeps many readers from coming back at once.
    const window = settings.retryWindowMs;
    const waitMs = window * attempts.rounds + window * (attempts.rounds + 1) * host.random.fraction();
    host.log.log('warn', 'client', 'no replica could be read, asking for locations again', {
      path,
      block: blockName(block.block),
      waitMs: Math.round(waitMs),
    });
    await host.clock.sleep(waitMs, signal ?? this.#context.closed);
    attempts.rounds++;
    attempts.failed.clear();
    this.#dead.clear();
    await this.#locations.refresh(at, signal);
    return undefined;
  }

  failed(block: Located, node: PipelineNode, attempts: Attempts, error: unknown): void {
    const key = nodeKey(node.info);
    const damage = error instanceof HdfsError && error.code === 'ECHECKSUM' ? error : undefined;
    if (damage !== undefined) attempts.damaged.set(key, node);
    attempts.damage = attempts.failed.size === 0 ? damage : attempts.damage && damage;
    attempts.failed.add(key);
    this.#dead.set(key, this.#context.deadNodes?.suspect(node.info) ?? { state: 'suspected' });
    this.#context.host.log.log('warn', 'client', 'a replica could not be read', {
      path: this.#locations.path,
      block: blockName(block.block),
      datanode: nodeName(node.info),
      reason: messageOf(error),
    });
  }

  /** A replica gave bytes, so it is a good one: what failed before may have recovered meanwhile, what was damaged is so. */
  async succeeded(block: Located, attempts: Attempts): Promise<void> {
    attempts.rounds = 0;
    if (attempts.damaged.size > 0) await this.#report(block, attempts);
  }

  /**
   * Tells the NameNode of damaged replicas, unless every one of several was: then it may be the reader's machine that
   * damages what it reads.
   */
  async #report(block: Located, attempts: Attempts): Promise<void> {
    const { namenode, host } = this.#context;
    const damaged = [...attempts.damaged.values()];
    attempts.damaged.clear();
    if (damaged.length === 0 || (damaged.length >= block.nodes.length && block.nodes.length > 1)) return;
    const told = namenode
      .call('reportBadBlocks', {
        blocks: [
          {
            b: block.block,
            offset: block.offset,
            locs: damaged.map((node) => node.info),
            corrupt: false,
            blockToken: block.token,
            storageTypes: damaged.map((node) => node.storageType),
            storageIDs: damaged.map((node) => node.storageId),
          },
        ],
      })
      .catch((error: unknown) => {
        // The read goes on with another replica; the DataNode's own scanner finds the damage too.
        host.log.log('warn', 'client', 'could not report a damaged replica', {
          path: this.#locations.path,
          reason: messageOf(error),
        });
      });
    // Waited for, since the reader may end the program behind its last byte; not for longer, since it has to get its bytes.
    const waited = new AbortController();
    const enough = host.clock.sleep(REPORT_WAIT_MS, waited.signal).catch(() => undefined);
    await Promise.race([told, enough]);
    waited.abort();
  }
}
