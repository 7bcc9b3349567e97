// What `tuskfs doctor` finds of DataNodes: whether they live, can be reached from here, and have room.
import { messageOf } from '../../base/errors.ts';
import type { DataNodeReport, HdfsAdmin } from '../../client/admin.ts';
import { parseHostPort } from '../../config/nameservices.ts';
import { type DoctorOptions, type Finding, failed, ok, TIMEOUT_MS, warning } from './finding.ts';

/** Connections tried at once. */
const PARALLEL = 16;
/** Nodes that are named; of more, only the number is told. */
const NAMED = 20;
const FULL = 0.98;
const STALE_MS = 30_000;

export async function* dataNodeFindings(
  { host, configuration }: DoctorOptions,
  admin: HdfsAdmin,
): AsyncGenerator<Finding, void, undefined> {
  const live = await admin.dataNodes('live');
  const dead = await admin.dataNodes('dead');
  if (live.length === 0) yield failed('datanodes', 'no DataNode lives', 'start them, and look into their logs');
  else yield ok('datanodes', `${live.length} live`);
  for (const { hostName, name } of dead.slice(0, NAMED)) {
    yield warning('datanodes', `${hostName} (${name}) is dead`, 'start it, or take it out of dfs.hosts');
  }
  if (dead.length > NAMED)
    yield warning('datanodes', `${dead.length - NAMED} more are dead`, 'hdfs dfsadmin -report -dead names them');
  const byName = configuration.getBoolean('dfs.client.use.datanode.hostname');
  const unreachable: { readonly node: DataNodeReport; readonly at: string; readonly why: string }[] = [];
  const waiting = [...live];
  const work = async (): Promise<void> => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      const { host: ip, port } = parseHostPort(node.name, node.name);
      const at = { host: byName ? node.hostName : ip, port };
      try {
        (await host.net.connect({ ...at, timeoutMs: TIMEOUT_MS })).destroy();
      } catch (error) {
        unreachable.push({ node, at: `${at.host}:${port}`, why: messageOf(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  for (const { node, at, why } of unreachable.slice(0, NAMED)) {
    const fix = byName
      ? `let ${node.hostName} lead to it from here, and open its port`
      : 'open its port from here; where it has another address outside, set dfs.client.use.datanode.hostname=true';
    yield failed('datanodes', `${node.hostName} lives, and cannot be reached at ${at}: ${why}`, fix);
  }
  if (live.length > 0 && unreachable.length === 0) yield ok('datanodes', 'each can be reached from here');
  const now = host.clock.now();
  for (const node of live) yield* nodeFindings(node, now);
}

function* nodeFindings(node: DataNodeReport, now: number): Generator<Finding, void, undefined> {
  const share = node.capacity === 0 ? 1 : 1 - node.remaining / node.capacity;
  if (node.capacity === 0)
    yield failed('disks', `${node.hostName} has no volume in service`, 'look at its dfs.datanode.data.dir, and into its log');
  else if (share > FULL)
    yield warning('disks', `${node.hostName} is full`, 'remove files, or give it another directory in dfs.datanode.data.dir');
  const silent = now - node.lastContactMs;
  if (silent > STALE_MS) {
    yield warning(
      'datanodes',
      `${node.hostName} was heard from ${Math.round(silent / 1000)} s ago`,
      'look at its load, and at the network between it and the NameNode',
    );
  }
}
