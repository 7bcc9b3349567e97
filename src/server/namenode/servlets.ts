// Pages that only a NameNode serves: /isActive and /topology, in the form of Hadoop's servlets.
import type { Datanode } from '../../core/blocks/datanode.ts';
import { ROOT_SCOPE } from '../../core/placement/topology.ts';
import { nameOfAddress } from '../../host/address-name.ts';
import type { HttpRequest, HttpResponse } from '../../host/host.ts';
import { type Route, text } from '../../web/server.ts';
import type { NameSystem } from './namesystem.ts';

/** DataNodes by rack, both sorted. */
function racksOf(nodes: Iterable<Datanode>): readonly (readonly [string, readonly Datanode[]])[] {
  const racks = new Map<string, Datanode[]>();
  for (const node of nodes) {
    const rack = racks.get(node.location);
    if (rack === undefined) racks.set(node.location, [node]);
    else rack.push(node);
  }
  const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...racks]
    .sort(([a], [b]) => byText(a, b))
    .map(([rack, found]) => [rack, found.sort((a, b) => byText(a.xferAddress, b.xferAddress))] as const);
}

async function topology({ blockManager, host }: NameSystem, request: HttpRequest): Promise<HttpResponse> {
  const racks = racksOf(blockManager.datanodes.topology.nodesIn(ROOT_SCOPE));
  const accept = request.headers.accept;
  const json = typeof accept === 'string' && accept.includes('json');
  const headers = { 'Content-Type': json ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8' };
  if (racks.length === 0) return { status: 200, headers, body: 'No DataNodes' };
  const answer: Record<string, { ip: string; hostname: string }[]>[] = [];
  let body = '';
  for (const [rack, nodes] of racks) {
    const entries: { ip: string; hostname: string }[] = [];
    body += `Rack: ${rack}\n`;
    for (const { id, xferAddress } of nodes) {
      const hostname = await nameOfAddress(host.dns, id.ipAddr);
      entries.push({ ip: xferAddress, hostname });
      body += `   ${xferAddress} (${hostname})\n`;
    }
    body += '\n';
    answer.push({ [rack]: entries });
  }
  return { status: 200, headers, body: json ? JSON.stringify(answer) : body };
}

/** Pages that ask the namespace. */
export function nameNodeServlets(system: NameSystem): readonly Route[] {
  return [
    { method: 'GET', path: '/isActive', handler: () => text(200, 'I am Active!') },
    { method: 'GET', path: '/topology', handler: (request) => topology(system, request) },
  ];
}
