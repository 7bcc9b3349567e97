// The length of a block that is still being written: only its DataNodes know it. Apache: DFSInputStream.readBlockLength.
import { HdfsError, messageOf } from '../base/errors.ts';
import type { RpcClient } from '../rpc/client.ts';
import { ClientDatanodeProtocolService } from '../wire/messages/client-datanode.ts';
import type { ClientContext } from './context.ts';
import { blockName, type Located } from './located.ts';

export async function visibleLength(
  context: ClientContext,
  located: Located,
  path: string,
  signal?: AbortSignal,
): Promise<number> {
  let unknown = 0;
  const failures: string[] = [];
  for (const { info } of located.nodes) {
    let client: RpcClient | undefined;
    try {
      client = context.dataNodeRpc(info);
      const { length } = await client.call(
        ClientDatanodeProtocolService,
        'getReplicaVisibleLength',
        { block: located.block },
        { signal, timeoutMs: context.settings.socketTimeoutMs },
      );
      if (length !== undefined && length >= 0) return length;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof HdfsError && error.code === 'ENOREPLICA') unknown++;
      failures.push(messageOf(error));
    } finally {
      client?.close();
    }
  }
  // No DataNode has the replica yet: the pipeline is just being set up, and nothing was written.
  if (unknown === located.nodes.length) return 0;
  throw new HdfsError('EIO', `Cannot obtain block length for ${blockName(located.block)} of ${path}: ${failures.join('; ')}`, {
    path,
  });
}
