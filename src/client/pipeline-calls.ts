// What one file's pipelines need from the NameNode and from single DataNodes: blocks, nodes in place of failed ones with a
// copy of what was written, new generation stamps, and the connection itself. In which order is block-stream.ts.
import { assert } from '../base/assert.ts';
import { HdfsError, messageOf, ProtocolError } from '../base/errors.ts';
import type { Stage } from '../core/pipeline/types.ts';
import { PipelineConnection, type PipelineNode, PipelineSetupError, transferReplica } from '../transfer/pipeline-client.ts';
import type { AddBlockFlagProto } from '../wire/messages/client-namenode.ts';
import type { DatanodeInfoProto, ExtendedBlockProto } from '../wire/messages/hdfs.ts';
import type { TokenProto } from '../wire/messages/security.ts';
import { type ClientContext, transferAddressOf } from './context.ts';
import { delayAfter } from './delays.ts';
import { type Located, located, nodeKey, nodeName } from './located.ts';

/** Added to the socket timeout for each further node of a pipeline. Apache: HdfsConstants.READ_TIMEOUT_EXTENSION. */
const TIMEOUT_PER_NODE_MS = 5000;
/** Reports of closed replicas come within milliseconds. */
const LATE_REPORT_MS = [20, 80, 200];
/** New nodes that are tried when copying to them fails. */
const REPLACEMENT_TRIES = 3;
/** A copy is given so much more time for each so many packets of it. Apache: DataStreamer.computeTransferReadTimeout. */
const PACKETS_PER_EXTENSION = 200;

export interface BlockStreamFile {
  readonly path: string;
  readonly fileId: number;
  readonly blockSize: number;
  readonly replication: number;
  readonly favoredNodes: readonly string[];
  readonly flags: readonly AddBlockFlagProto[];
  /** Replicas may stay in memory for a while: the file's storage policy is LAZY_PERSIST. */
  readonly lazyPersist: boolean;
  /** The file was opened to append to it. */
  readonly appended: boolean;
}

export interface PipelineSetup {
  readonly block: ExtendedBlockProto;
  readonly token: TokenProto;
  readonly nodes: readonly PipelineNode[];
  readonly stage: Stage;
  readonly newGenStamp: number;
  readonly bytesAcked: number;
  readonly bytesSent: number;
}

export class PipelineCalls {
  readonly #context: ClientContext;
  readonly #file: BlockStreamFile;
  /** DataNodes to be avoided, with the time until which they are. */
  readonly #avoided = new Map<
    string,
    { readonly info: DatanodeInfoProto; readonly until: number; readonly suspect: boolean }
  >();

  constructor(context: ClientContext, file: BlockStreamFile) {
    this.#context = context;
    this.#file = file;
  }

  // ------------------------------------------------------------------------------------------------------ new blocks

  /** A node with which no pipeline could be set up gets no further block of this file for a while. */
  exclude(node: PipelineNode | undefined): void {
    if (node !== undefined) this.#avoid(node, this.#context.settings.excludedNodesExpiryMs, false);
  }

  /** A node that failed later may only have been begun again: it is avoided for a short time, and where there is a choice. */
  suspect(node: PipelineNode | undefined): void {
    if (node !== undefined && this.#avoided.get(nodeKey(node.info))?.suspect !== false) {
      this.#avoid(node, this.#context.settings.socketTimeoutMs, true);
    }
  }

  #avoid(node: PipelineNode, forMs: number, suspect: boolean): void {
    const until = this.#context.host.clock.monotonic() + forMs;
    this.#avoided.set(nodeKey(node.info), { info: node.info, until, suspect });
  }

  async addBlock(previous: ExtendedBlockProto | undefined): Promise<Located> {
    const { settings, host, closed } = this.#context;
    const now = host.clock.monotonic();
    for (const [key, { until }] of this.#avoided) if (until <= now) this.#avoided.delete(key);
    for (let attempt = 0; ; attempt++) {
      try {
        const place = await this.#askForBlock(previous);
        // Rather all replicas, one of them maybe on a node that is well again, than fewer.
        if (place.nodes.length >= this.#file.replication || !this.#forgetSuspects()) return place;
        await this.abandon(place.block);
      } catch (error) {
        if (!(error instanceof HdfsError)) throw error;
        if (error.message.includes('could only be written to') && this.#forgetSuspects()) continue;
        // The block before is not reported by enough DataNodes yet: usually a matter of milliseconds.
        const delayMs = error.code === 'ENOTREPLICATED' ? delayAfter(attempt, settings) : undefined;
        if (delayMs === undefined) throw error;
        await host.clock.sleep(delayMs, closed);
      }
    }
  }

  async #askForBlock(previous: ExtendedBlockProto | undefined): Promise<Located> {
    const { namenode, clientName } = this.#context;
    const { path, fileId, favoredNodes, flags } = this.#file;
    const excludeNodes = [...this.#avoided.values()].map(({ info }) => info);
    const { block } = await namenode.call('addBlock', {
      src: path,
      clientName,
      previous,
      excludeNodes,
      fileId,
      favoredNodes,
      flags,
    });
    const place = located(block);
    if (place.nodes.length === 0) throw new ProtocolError('a new block without DataNodes');
    return place;
  }

  /** Nodes that we only suspect are avoided no more; false: there were none. */
  #forgetSuspects(): boolean {
    const suspects = [...this.#avoided].filter(([, { suspect }]) => suspect);
    for (const [key] of suspects) this.#avoided.delete(key);
    return suspects.length > 0;
  }

  async abandon(block: ExtendedBlockProto): Promise<void> {
    const { namenode, clientName } = this.#context;
    const { path, fileId } = this.#file;
    await namenode.call('abandonBlock', { b: block, src: path, holder: clientName, fileId });
  }

  // ---------------------------------------------------------------------------------------------------- other nodes

  /** A new generation stamp for the block, and a token that goes with it. */
  async renew(block: ExtendedBlockProto): Promise<{ readonly generationStamp: number; readonly token: TokenProto }> {
    const { namenode, clientName } = this.#context;
    const answer = await namenode.call('updateBlockForPipeline', { block, clientName });
    const { block: renewed, token } = located(answer.block);
    return { generationStamp: renewed.generationStamp, token };
  }

  /** Tells the NameNode which nodes have the block under its new generation stamp. */
  async update(oldBlock: ExtendedBlockProto, newBlock: ExtendedBlockProto, nodes: readonly PipelineNode[]): Promise<void> {
    const { namenode, clientName } = this.#context;
    await namenode.call('updatePipeline', {
      clientName,
      oldBlock,
      newBlock,
      newNodes: nodes.map((node) => node.info.id),
      storageIDs: nodes.map((node) => node.storageId),
    });
  }

  /**
   * The nodes of the last block of a file that was opened to append to it, when some of them reported it only after it was
   * opened: a copy for a new node could be sent to one that has it already. `nodes` again, when none comes soon, or where the
   * writer cannot ask: it goes by the file's name, which may have changed, and may not be allowed to read.
   */
  async lateNodes(block: ExtendedBlockProto, nodes: readonly PipelineNode[]): Promise<readonly PipelineNode[]> {
    const { host, closed } = this.#context;
    const { replication } = this.#file;
    for (const delayMs of LATE_REPORT_MS) {
      await host.clock.sleep(delayMs, closed);
      const last = await this.#lastBlockNow();
      if (last?.block.blockId !== block.blockId || last.block.generationStamp !== block.generationStamp) return nodes;
      if (last.nodes.length >= replication) return last.nodes;
    }
    return nodes;
  }

  async #lastBlockNow(): Promise<Located | undefined> {
    const { namenode } = this.#context;
    try {
      const { locations } = await namenode.call('getBlockLocations', { src: this.#file.path, offset: 0, length: 1 });
      return locations?.lastBlock === undefined ? undefined : located(locations.lastBlock);
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      return undefined;
    }
  }

  /**
   * Takes a further node into the pipeline, with a copy of the block: none of `failed`, and one of `failedBefore` only where
   * there is no other. Rejects when there is none. Unlike Apache's client, which never takes a node again that has failed
   * once in a file, and so ends up without any in a file that stays open for long.
   */
  async addNode(
    open: { readonly block: ExtendedBlockProto; readonly nodes: readonly PipelineNode[] },
    failed: readonly PipelineNode[],
    failedBefore: readonly PipelineNode[],
    bytesSent: number,
  ): Promise<readonly PipelineNode[]> {
    let passed: readonly PipelineNode[] = failedBefore;
    const excluded = [...failed];
    const known = new Set(open.nodes.map((node) => nodeKey(node.info)));
    for (let tried = 0; ; ) {
      const place = await this.#additionalNode(open, [...excluded, ...passed]);
      const added = place.nodes.find((node) => !known.has(nodeKey(node.info)));
      if (added === undefined || place.nodes.length !== open.nodes.length + 1) {
        if (passed.length === 0) throw this.#noMoreNodes(place.nodes, open.nodes);
        passed = [];
        continue;
      }
      const source = open.nodes[tried % open.nodes.length];
      assert(source !== undefined, 'there is a node to copy from');
      try {
        await this.#copy(open.block, place.token, source, added, bytesSent);
        return place.nodes;
      } catch (error) {
        const { host, closed } = this.#context;
        closed.throwIfAborted();
        host.log.log('warn', 'client', `copying to a new node of the pipeline failed: ${messageOf(error)}`, {
          path: this.#file.path,
          from: nodeName(source.info),
          to: nodeName(added.info),
        });
        excluded.push(added);
        if (++tried >= REPLACEMENT_TRIES) throw error;
      }
    }
  }

  async #additionalNode(
    open: { readonly block: ExtendedBlockProto; readonly nodes: readonly PipelineNode[] },
    excluded: readonly PipelineNode[],
  ): Promise<Located> {
    const { namenode, clientName } = this.#context;
    const { path, fileId } = this.#file;
    const answer = await namenode.call('getAdditionalDatanode', {
      src: path,
      fileId,
      blk: open.block,
      existings: open.nodes.map((node) => node.info),
      existingStorageUuids: open.nodes.map((node) => node.storageId),
      excludes: excluded.map((node) => node.info),
      numAdditionalNodes: 1,
      clientName,
    });
    return located(answer.block);
  }

  #noMoreNodes(current: readonly PipelineNode[], original: readonly PipelineNode[]): HdfsError {
    const names = (nodes: readonly PipelineNode[]): string => nodes.map((node) => nodeName(node.info)).join(', ');
    return new HdfsError(
      'EIO',
      'Failed to replace a bad datanode on the existing pipeline due to no more good datanodes being available to try. ' +
        `(Nodes: current=[${names(current)}], original=[${names(original)}]). The current failed datanode replacement policy ` +
        `is ${this.#context.settings.replace.policy}, and a client may configure this via ` +
        "'dfs.client.block.write.replace-datanode-on-failure.policy' in its configuration.",
      { path: this.#file.path },
    );
  }

  async #copy(
    block: ExtendedBlockProto,
    token: TokenProto,
    source: PipelineNode,
    target: PipelineNode,
    bytesSent: number,
  ): Promise<void> {
    const { settings, peers, clientName, closed } = this.#context;
    const extensions = 2 + Math.floor(Math.floor(bytesSent / settings.writePacketSize) / PACKETS_PER_EXTENSION);
    const peer = await peers.open(transferAddressOf(this.#context, source.info), this.#timeout(extensions), closed);
    try {
      await transferReplica(peer, { block, token, clientName }, [target]);
    } finally {
      peer.connection.destroy();
    }
  }

  // ----------------------------------------------------------------------------------------------------- connecting

  #timeout(nodes: number): number {
    const { socketTimeoutMs } = this.#context.settings;
    return socketTimeoutMs === 0 ? 0 : socketTimeoutMs + TIMEOUT_PER_NODE_MS * nodes;
  }

  /** Rejects with PipelineSetupError. */
  async connect(setup: PipelineSetup): Promise<PipelineConnection> {
    const { settings, peers, clientName, closed } = this.#context;
    const { blockSize, lazyPersist } = this.#file;
    const { block, nodes } = setup;
    const first = nodes[0];
    assert(first !== undefined, 'a pipeline has a node');
    const address = transferAddressOf(this.#context, first.info);
    const peer = await peers.open(address, this.#timeout(nodes.length), closed).catch((error: unknown) => {
      closed.throwIfAborted();
      throw new PipelineSetupError(error, 0, false);
    });
    return PipelineConnection.open(peer, {
      // The DataNodes learn here how long the block may become.
      block: { ...block, numBytes: blockSize },
      token: setup.token,
      clientName,
      nodes,
      stage: setup.stage,
      minBytesReceived: setup.bytesAcked,
      maxBytesReceived: setup.bytesSent,
      newGenStamp: setup.newGenStamp,
      checksum: { type: settings.checksumType, bytesPerChecksum: settings.bytesPerChecksum },
      caching: settings.writeCaching,
      lazyPersist,
      pinned: this.#pinned(nodes),
    });
  }

  /** Replicas on nodes that the caller asked for by name are not moved by a balancer. */
  #pinned(nodes: readonly PipelineNode[]): readonly boolean[] {
    const favored = new Set(this.#file.favoredNodes);
    return nodes.map(({ info }) => favored.has(`${info.id.hostName}:${info.id.xferPort}`));
  }
}
