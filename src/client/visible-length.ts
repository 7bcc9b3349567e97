// The length of a block that is still being written: only its DataNodes know it. Apache: DFSInputStream.readBlockLength.
import { HdfsError, messageOf } from '../base/errors.ts';
import type { RpcClient } from '../rpc/client.ts';
import { ClientDatanodeProtocolService } from '../wire/messages/client-datanode.ts';
import type { DatanodeInfoProto } from '../wire/messages/hdfs.ts';
import { type ClientContext, checkSignal } from './context.ts';
import { blockName, type Located } from './located.ts';

/** Pause before a DataNode that could not tell yet is asked again. */
const ASK_AGAIN_MS = 500;

export async function visibleLength(
  context: ClientContext,
  located: Located,
  path: string,
  signal?: AbortSignal,
): Promise<number> {
  const { host, settings, closed } = context;
  const giveUpAt = host.clock.monotonic() + settings.socketTimeoutMs;
  let unknown = 0;
  const failures: string[] = [];
  for (let nodes = located.nodes.map(({ info }) => info); ; ) {
    const later: DatanodeInfoProto[] = [];
    for (const info of nodes) {
      try {
        const length = await ask(context, located, info, signal);
        if (length >= 0) return length;
      } catch (error) {
        checkSignal(context, signal);
        const code = error instanceof HdfsError ? error.code : undefined;
        if (code === 'ENOREPLICA') unknown++;
        else if (code === 'ERETRY') later.push(info);
        failures.push(messageOf(error));
      }
    }
    if (later.length === 0 || host.clock.monotonic() >= giveUpAt) break;
    await host.clock.sleep(ASK_AGAIN_MS, signal ?? closed);
    nodes = later;
  }
  // No DataNode has the replica yet: the pipeline is just being set up, and nothing was written. Where the NameNode knows of
  // bytes it was there, and is gone: Apache's client shows a file that ends before it all the same.
  if (unknown === located.nodes.length && located.length === 0) return 0;
  throw new HdfsError('EIO', `Cannot obtain block length for ${blockName(located.block)} of ${path}: ${failures.join('; ')}`, {
    path,
  });
}

async function ask(
  context: ClientContext,
  located: Located,
  info: DatanodeInfoProto,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { closed } = context;
  let client: RpcClient | undefined;
  const end = (): void => client?.close();
  closed.addEventListener('abort', end, { once: true });
  try {
    client = context.dataNodeRpc(info);
    const { length } = await client.call(
      ClientDatanodeProtocolService,
      'getReplicaVisibleLength',
      { block: located.block },
      { signal, timeoutMs: context.settings.socketTimeoutMs },
    );
    return length ?? -1;
  } finally {
    closed.removeEventListener('abort', end);
    client?.close();
  }
}
