// The service that every RPC server has besides its own: it tells which protocols, versions and methods there are.
// Mirrors ProtocolMetaInfoServerSideTranslatorPB and the fingerprints of ProtocolSignature.
import { HdfsError } from '../base/errors.ts';
import { ProtocolInfoService } from '../wire/messages/ipc.ts';
import { defineService, type JavaNames, type RpcService } from './service.ts';

export const PROTOCOL_INFO = 'org.apache.hadoop.ipc.ProtocolMetaInfoPB';
const RPC_KINDS = ['RPC_BUILTIN', 'RPC_WRITABLE', 'RPC_PROTOCOL_BUFFER'] as const;
const CONTROLLER = 'org.apache.hadoop.thirdparty.protobuf.RpcController';

/** String.hashCode of Java. */
function javaHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** ProtocolSignature.getFingerprint of `Response name(RpcController, Request)`. */
export function methodFingerprint(name: string, response: string, request: string): number {
  let hash = (javaHash(name) + Math.imul(31, javaHash(response))) | 0;
  for (const parameter of [CONTROLLER, request]) hash = Math.imul(31, hash) ^ javaHash(parameter);
  return hash;
}

function fingerprints(service: RpcService, java: JavaNames): number[] {
  return [...service.methods.values()].map(
    (method) =>
      // Fields of type uint32 carry Java's negative ints as unsigned.
      methodFingerprint(method.name, java.messageClass(method.response.name), java.messageClass(method.request.name)) >>> 0,
  );
}

/** `services` is read at each call, so that those registered later are seen. */
export function protocolInfoService(services: () => Iterable<RpcService>): RpcService {
  const find = (protocol: string): RpcService[] => {
    const found = [...services()].filter((s) => s.protocol === protocol || s.java?.interfaceClass === protocol);
    // Apache names the Java class that it cannot load.
    if (found.length === 0) throw new HdfsError('EREMOTE', protocol, { remoteClass: 'java.lang.ClassNotFoundException' });
    return found;
  };
  return defineService({
    protocol: PROTOCOL_INFO,
    version: 1,
    methods: ProtocolInfoService,
    handlers: {
      getProtocolVersions({ protocol }) {
        const versions = find(protocol ?? '').map((service) => service.version);
        return {
          protocolVersions: RPC_KINDS.map((kind) => ({
            rpcKind: kind,
            versions: kind === 'RPC_PROTOCOL_BUFFER' ? versions : [],
          })),
        };
      },
      getProtocolSignature({ protocol, rpcKind }) {
        if (rpcKind !== 'RPC_PROTOCOL_BUFFER') return { protocolSignature: [] };
        return {
          protocolSignature: find(protocol ?? '').map((service) => ({
            version: service.version,
            methods: service.java === undefined ? [] : fingerprints(service, service.java),
          })),
        };
      },
    },
  });
}
