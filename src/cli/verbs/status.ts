// tuskfs status: whether the cluster is well, on one screen; the exit code says it too.
import { HdfsError } from '../../base/errors.ts';
import type { FsStats } from '../../client/index.ts';
import { EXIT } from '../errors.ts';
import { columns, counted, humanSize } from '../human.ts';
import { type ShownNode, shownNodes } from './nodes.ts';
import type { Verb } from './verb.ts';

/** Less free space than this part is worth a word. */
const LITTLE_FREE = 0.05;

interface Health {
  readonly state: 'well' | 'degraded' | 'failed';
  readonly reasons: readonly string[];
}

export const status: Verb = {
  name: 'status',
  summary: 'whether the cluster is well: safe mode, space, nodes, blocks',
  declare() {
    // No arguments: a cluster is one file system.
  },
  async run(context) {
    const hdfs = await context.hdfs();
    const admin = await context.admin();
    const stats = await hdfs.statfs();
    const safeMode = await admin.safeMode('get');
    const nodes = await visibleNodes(() => shownNodes(admin));
    const { state, reasons } = healthOf(stats, safeMode, nodes);
    if (state === 'failed') context.exitCode = EXIT.failed;
    const { capacity, used, remaining, ...blocks } = stats;
    const live = nodes?.filter((node) => node.live);
    const counts = nodes && live && { live: live.length, dead: nodes.length - live.length, leaving: leaving(nodes).length };
    const json = { uri: hdfs.uri, health: state, reasons, safeMode, capacity, used, remaining, nodes: counts, blocks };
    await context.answer(json, () => {
      const share = capacity === 0 ? '-' : `${Math.round((used / capacity) * 100)}%`;
      const rows = [
        ['Cluster', hdfs.uri],
        ['Health', [state, ...reasons].join('; ')],
        ['Safe mode', safeMode ? 'on: nothing can be changed' : 'off'],
        ['Space', `${humanSize(capacity)}, ${share} used, ${humanSize(remaining)} free`],
        ['Nodes', counts ? `${counts.live} live, ${counts.dead} dead, ${counts.leaving} leaving` : 'shown to superusers only'],
        [
          'Blocks',
          `${blocks.missingBlocks} missing, ${blocks.corruptBlocks} corrupt, ${blocks.underReplicated} with too few replicas`,
        ],
      ];
      return columns(rows).join('\n');
    });
  },
};

const leaving = (nodes: readonly ShownNode[]): readonly ShownNode[] => nodes.filter((node) => node.leaving !== undefined);

/** Undefined: the caller may not see them. */
async function visibleNodes(ask: () => Promise<readonly ShownNode[]>): Promise<readonly ShownNode[] | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EACCES') return undefined;
    throw error;
  }
}

function healthOf(stats: FsStats, safeMode: boolean, nodes: readonly ShownNode[] | undefined): Health {
  const failed: string[] = [];
  const degraded: string[] = [];
  const { capacity, remaining, missingBlocks, corruptBlocks, underReplicated } = stats;
  if (safeMode) failed.push('safe mode is on');
  const live = nodes?.filter((node) => node.live).length;
  if (live === 0) failed.push('no DataNode is live');
  if (missingBlocks > 0) failed.push(`${counted(missingBlocks, 'block')} without a good replica`);
  if (nodes !== undefined && live !== undefined && live > 0 && live < nodes.length) {
    degraded.push(`${counted(nodes.length - live, 'DataNode')} dead`);
  }
  if (corruptBlocks > missingBlocks) degraded.push(`${counted(corruptBlocks, 'block')} with a damaged replica`);
  if (underReplicated > 0) degraded.push(`${counted(underReplicated, 'block')} with too few replicas`);
  if (capacity > 0 && remaining < capacity * LITTLE_FREE) degraded.push('little space is free');
  const reasons = [...failed, ...degraded];
  return { state: failed.length > 0 ? 'failed' : reasons.length > 0 ? 'degraded' : 'well', reasons };
}
