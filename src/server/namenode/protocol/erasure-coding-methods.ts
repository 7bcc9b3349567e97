// ClientProtocol's questions about erasure coding: policies, codecs, and whether the cluster could carry a policy. No file
// is striped, and policies cannot be changed.
import { HdfsError } from '../../../base/errors.ts';
import { CODECS, type TopologyVerdict, verifyTopology } from '../../../core/namespace/erasure-coding.ts';
import { isExactReservedName, nameIs, SNAPSHOT_NAME } from '../../../core/namespace/paths.ts';
import { readablePath } from '../../../core/namespace/queries/access.ts';
import { policyProto } from '../../../format/fsimage/erasure-coding.ts';
import type { Handlers } from '../../../rpc/service.ts';
import type { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import type { NameSystem } from '../namesystem.ts';

/** For the named policies, or for all that are enabled. */
export function topologyVerdict({ blockManager, namespace }: NameSystem, names: readonly string[] = []): TopologyVerdict {
  const { datanodes } = blockManager;
  const { erasureCoding } = namespace;
  const policies = names.length === 0 ? erasureCoding.enabled : names.map((name) => erasureCoding.named(name));
  return verifyTopology(policies, [...datanodes.all].length, datanodes.topology.rackCount);
}

export function erasureCodingMethods(system: NameSystem): Handlers<typeof ClientNamenodeProtocol> {
  const { namespace: ns } = system;
  return {
    getErasureCodingPolicies: () => ({ ecPolicies: ns.erasureCoding.all.map(policyProto) }),

    getErasureCodingCodecs: () => ({ codec: CODECS }),

    getECTopologyResultForPolicies: ({ policies }, call) =>
      system.as(call, (caller) => {
        system.requireSuperuser(caller, 'getECTopologyResultForPolicies');
        return { response: topologyVerdict(system, policies) };
      }),

    getErasureCodingPolicy: ({ src }, call) =>
      isExactReservedName(src)
        ? {}
        : system.ask(call, (caller) => {
            const path = readablePath(ns, caller, src);
            if (path.last === 0 && !nameIs(path.name, SNAPSHOT_NAME))
              throw new HdfsError('ENOENT', `Path not found: ${src}`, { path: src });
            return { path, value: {} };
          }),
  };
}
