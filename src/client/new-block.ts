// A new block and its first pipeline: another block is asked for while no pipeline can be set up, each time without the node
// at fault. Apache: DataStreamer.setupPipelineForCreate.
import { HdfsError, messageOf } from '../base/errors.ts';
import { Stage } from '../core/pipeline/types.ts';
import { type PipelineConnection, type PipelineNode, PipelineSetupError } from '../transfer/pipeline-client.ts';
import type { ExtendedBlockProto } from '../wire/messages/hdfs.ts';
import type { TokenProto } from '../wire/messages/security.ts';
import type { PipelineCalls } from './pipeline-calls.ts';

export interface BlockPlace {
  block: ExtendedBlockProto;
  token: TokenProto;
  nodes: readonly PipelineNode[];
}

export interface NewBlockOptions {
  readonly path: string;
  /** dfs.client.block.write.retries. */
  readonly retries: number;
  /** Nodes with which a pipeline may begin when others fail; 0: all have to be there. */
  readonly minReplication: number;
  readonly isStopped: () => boolean;
}

export interface OpenedBlock {
  readonly block: BlockPlace;
  readonly connection: PipelineConnection;
}

/** Undefined: it was stopped meanwhile. */
export async function openNewBlock(
  calls: PipelineCalls,
  previous: ExtendedBlockProto | undefined,
  options: NewBlockOptions,
): Promise<OpenedBlock | undefined> {
  let failure: unknown;
  for (let attempt = 0; attempt <= options.retries; attempt++) {
    const { block, token, nodes } = await calls.addBlock(previous);
    if (options.isStopped()) return undefined;
    const place: BlockPlace = { block: { ...block, numBytes: 0 }, token, nodes };
    try {
      return { block: place, connection: await setUp(calls, place, options) };
    } catch (error) {
      if (!(error instanceof PipelineSetupError)) throw error;
      failure = error;
      await calls.abandon(place.block);
      if (options.isStopped()) return undefined;
    }
  }
  throw new HdfsError('EIO', `Unable to create new block. ${messageOf(failure)}`, { path: options.path, cause: failure });
}

/**
 * Without the nodes that fail it goes on only when min-replication is set and reached; else it rejects with
 * PipelineSetupError, for another block elsewhere.
 */
async function setUp(calls: PipelineCalls, place: BlockPlace, options: NewBlockOptions): Promise<PipelineConnection> {
  const { minReplication, isStopped } = options;
  for (let newGenStamp = 0; ; ) {
    try {
      const stage = Stage.PIPELINE_SETUP_CREATE;
      const connection = await calls.connect({ ...place, stage, newGenStamp, bytesAcked: 0, bytesSent: 0 });
      try {
        if (newGenStamp > 0) await calls.update(place.block, place.block, place.nodes);
      } catch (error) {
        connection.close();
        throw error;
      }
      return connection;
    } catch (error) {
      if (!(error instanceof PipelineSetupError)) throw error;
      calls.exclude(place.nodes[error.index]);
      const left = place.nodes.filter((_, index) => index !== error.index);
      if (minReplication <= 0 || left.length < minReplication || isStopped()) throw error;
      place.nodes = left;
    }
    const renewed = await calls.renew(place.block);
    newGenStamp = renewed.generationStamp;
    place.token = renewed.token;
    place.block = { ...place.block, generationStamp: newGenStamp };
  }
}
