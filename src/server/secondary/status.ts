// What the secondary NameNode shows of itself: its bean, as Hadoop's monitoring reads it, and a plain page. Apache:
// SecondaryNameNodeInfoMXBean.
import type { Configuration } from '../../config/configuration.ts';
import { formatHostPort } from '../../config/nameservices.ts';
import type { Address } from '../../host/host.ts';
import { Beans } from '../../web/jmx.ts';
import { formatBytes, type StatusPage } from '../../web/page.ts';
import { SOFTWARE_VERSION } from '../namenode/identity.ts';
import type { Checkpointed } from './checkpoint.ts';
import type { CheckpointStorage } from './checkpoint-storage.ts';

export interface SecondaryView {
  readonly nameNode: Address;
  /** Wall clock, milliseconds. */
  readonly startedMs: number;
  readonly nowMonotonicMs: number;
  readonly last: { readonly monotonicMs: number; readonly wallMs: number; readonly done: Checkpointed } | undefined;
  readonly lastFailure: string | undefined;
  readonly storage: CheckpointStorage | undefined;
  readonly configuration: Configuration;
}

const roots = (view: SecondaryView, what: 'image' | 'edits'): string[] =>
  (view.storage?.all ?? []).filter((directory) => directory[what]).map(({ root }) => `file://${root}`);

export function secondaryBeans(view: () => SecondaryView): Beans {
  const beans = new Beans();
  beans.add({
    name: 'Hadoop:service=SecondaryNameNode,name=SecondaryNameNodeInfo',
    modelerType: 'org.apache.hadoop.hdfs.server.namenode.SecondaryNameNode',
    attributes: () => {
      const now = view();
      return {
        HostAndPort: formatHostPort(now.nameNode),
        SecurityEnabled: false,
        StartTime: now.startedMs,
        LastCheckpointTime: now.last?.wallMs ?? 0,
        LastCheckpointDeltaMs: now.last === undefined ? -1 : Math.round(now.nowMonotonicMs - now.last.monotonicMs),
        CheckpointDirectories: roots(now, 'image'),
        CheckpointEditlogDirectories: roots(now, 'edits'),
        SoftwareVersion: SOFTWARE_VERSION,
      };
    },
  });
  return beans;
}

export function secondaryPage(view: SecondaryView): StatusPage {
  const { last, configuration } = view;
  return {
    title: `SecondaryNameNode of ${formatHostPort(view.nameNode)}`,
    facts: [
      ['Health', view.lastFailure === undefined ? 'All is well.' : `The last checkpoint failed: ${view.lastFailure}`],
      [
        'Last checkpoint',
        last === undefined
          ? 'none yet'
          : `${Math.round((view.nowMonotonicMs - last.monotonicMs) / 1000)} s ago, transaction ${last.done.txid}, ` +
            `${formatBytes(last.done.bytes)}, ${last.done.upload.kind === 'taken' ? 'taken by the NameNode' : last.done.upload.reason}`,
      ],
      ['Checkpoint period', `${configuration.getDuration('dfs.namenode.checkpoint.period') / 1000} s`],
      ['Checkpoint transactions', configuration.getLong('dfs.namenode.checkpoint.txns')],
    ],
    tables: [
      {
        title: 'Checkpoint directories',
        columns: ['Directory', 'State'],
        rows: (view.storage?.storage.states ?? []).map(({ directory, failed }) => [directory.root, failed ?? 'in use']),
      },
    ],
    links: [
      ['/jmx', 'JMX'],
      ['/prom', 'Metrics'],
      ['/conf', 'Configuration'],
    ],
  };
}
