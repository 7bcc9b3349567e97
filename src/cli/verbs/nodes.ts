// tuskfs nodes [ls] [--state …]: the DataNodes, and how each one is.
import { HdfsError } from '../../base/errors.ts';
import type { DataNodeReport, HdfsAdmin } from '../../client/admin.ts';
import { columns, humanSize } from '../human.ts';
import { oneOf, type Verb } from './verb.ts';

/** In the words of `--state`. */
const STATES = ['live', 'dead', 'decommissioning', 'decommissioned', 'entering-maintenance', 'in-maintenance'] as const;
type State = (typeof STATES)[number];

const ADMIN_STATES: Readonly<Record<DataNodeReport['adminState'], State | undefined>> = {
  normal: undefined,
  decommissioning: 'decommissioning',
  decommissioned: 'decommissioned',
  enteringMaintenance: 'entering-maintenance',
  inMaintenance: 'in-maintenance',
};

export interface ShownNode extends DataNodeReport {
  readonly live: boolean;
  /** What an administrator wants of it. */
  readonly leaving: State | undefined;
}

/** All nodes, the live ones first, each by its name. */
export async function shownNodes(admin: HdfsAdmin): Promise<readonly ShownNode[]> {
  const all: ShownNode[] = [];
  for (const filter of ['live', 'dead'] as const) {
    const found = [...(await admin.dataNodes(filter))].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    for (const node of found) all.push({ ...node, live: filter === 'live', leaving: ADMIN_STATES[node.adminState] });
  }
  return all;
}

const nameOf = ({ hostName, name }: DataNodeReport): string => `${hostName} ${name}`;

export const nodes: Verb = {
  name: 'nodes',
  summary: 'the DataNodes and how they are: ls',
  declare(command) {
    command.argument('[action]', 'ls').option('--state <state>', `only those that are ${STATES.join(', ')}`);
  },
  async run(context, [action], { state }) {
    if (action !== undefined && action !== 'ls') {
      throw new HdfsError('EINVAL', `nodes ${String(action)} is not known: ls. What leaves is named by dfs.hosts.exclude`);
    }
    const wanted = state === undefined ? undefined : oneOf(STATES, state);
    const now = context.host.clock.now();
    const rows = [['Node', 'Address', 'Rack', 'State', 'Size', 'Used', 'Free', 'Use%', 'Blocks', 'Heard of']];
    for (const node of await shownNodes(await context.admin())) {
      const { live, leaving, name, hostName, rack, capacity, dfsUsed, nonDfsUsed, remaining, blocks, xceivers } = node;
      if (wanted !== undefined && wanted !== leaving && wanted !== (live ? 'live' : 'dead')) continue;
      const words = [live ? 'live' : 'dead', ...(leaving === undefined ? [] : [leaving])];
      if (context.json) {
        const { lastContactMs } = node;
        const json = { address: name, rack, live, state: leaving ?? 'normal', capacity, used: dfsUsed, nonDfsUsed, remaining };
        await context.answer({ host: hostName, ...json, blocks, xceivers, lastContactMs }, () => '');
      } else {
        const share = capacity === 0 ? '-' : `${Math.round((dfsUsed / capacity) * 100)}%`;
        const sizes = [capacity, dfsUsed, remaining].map(humanSize);
        const age = `${Math.max(0, Math.round((now - node.lastContactMs) / 1000))}s ago`;
        rows.push([hostName, name, rack, words.join(', '), ...sizes, share, String(blocks), age]);
      }
    }
    if (context.json) return;
    for (const line of columns(rows, [4, 5, 6, 7, 8, 9])) context.terminal.stdout.write(`${line}\n`);
    await context.terminal.stdout.ready();
  },
};
