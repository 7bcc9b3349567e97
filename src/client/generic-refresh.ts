// Asks a daemon to refresh what somebody registered there under a name. Apache: GenericRefreshProtocol.
import type { Configuration } from '../config/configuration.ts';
import { parseHostPort } from '../config/nameservices.ts';
import { rpcClientLimits } from '../config/rpc-client.ts';
import type { Host } from '../host/host.ts';
import { RpcClient } from '../rpc/client.ts';
import { GenericRefreshProtocolService } from '../wire/messages/admin.ts';
import { callerName } from './caller.ts';

export interface RefreshResponse {
  /** 0: it succeeded. */
  readonly returnCode: number;
  readonly message: string | undefined;
  readonly sender: string | undefined;
}

export async function genericRefresh(
  host: Host,
  configuration: Configuration,
  address: string,
  identifier: string,
  args: readonly string[],
): Promise<readonly RefreshResponse[]> {
  const client = new RpcClient(host, {
    address: parseHostPort(address, 'the address of the daemon'),
    protocol: 'org.apache.hadoop.ipc.GenericRefreshProtocol',
    user: callerName(host),
    ...rpcClientLimits(configuration),
  });
  try {
    const { responses } = await client.call(GenericRefreshProtocolService, 'refresh', { identifier, args });
    return responses.map(({ exitStatus, userMessage, senderName }) => ({
      returnCode: exitStatus ?? 0,
      message: userMessage,
      sender: senderName,
    }));
  } finally {
    client.close();
  }
}
