// The three questions by which operators have a running daemon read its configuration again: ReconfigurationProtocol, which
// both kinds of daemon serve, and the same methods of ClientDatanodeProtocol.
import { ReconfigurationProtocolService } from '../wire/messages/reconfiguration.ts';
import { defineService, type Handlers, type RpcCall, type RpcService } from './service.ts';

/** What is asked; config/reconfiguration.ts is one. */
export interface Reconfigurable {
  start(): void;
  readonly status: {
    readonly startTime: number;
    readonly endTime: number | undefined;
    readonly changes: readonly {
      readonly name: string;
      readonly oldValue: string;
      readonly newValue: string | undefined;
      readonly error: string | undefined;
    }[];
  };
  readonly properties: readonly string[];
}

/** Runs `work` unless the caller may not; `operation` names it in the refusal. */
export type Guard = <R>(call: RpcCall, operation: string, work: () => R) => R | Promise<R>;

export function reconfigurationHandlers(
  { node, guard }: { readonly node: Reconfigurable; readonly guard: Guard },
  /** Between the verb and the noun of an operation's name. */
  daemon: string,
): Required<Handlers<typeof ReconfigurationProtocolService>> {
  return {
    startReconfiguration: (_request, call) =>
      guard(call, `start${daemon}Reconfiguration`, () => {
        node.start();
        return {};
      }),
    getReconfigurationStatus: (_request, call) =>
      guard(call, `get${daemon}ReconfigurationStatus`, () => {
        const { startTime, endTime, changes } = node.status;
        return {
          startTime,
          endTime,
          changes: changes.map(({ name, oldValue, newValue, error }) => ({ name, oldValue, newValue, errorMessage: error })),
        };
      }),
    listReconfigurableProperties: (_request, call) =>
      guard(call, `list${daemon}ReconfigurableProperties`, () => ({ name: [...node.properties] })),
  };
}

export function reconfigurationService(node: Reconfigurable, guard: Guard, daemon: string): RpcService {
  return defineService({
    protocol: 'org.apache.hadoop.hdfs.protocol.ReconfigurationProtocol',
    version: 1,
    methods: ReconfigurationProtocolService,
    handlers: reconfigurationHandlers({ node, guard }, daemon),
  });
}
