// Rows 14 to 19 and 21: the data path through Apache's own client: writes with three replicas, reads, positional reads, small
// files, flushes; DataNode CPU and memory. The figures and their meaning are the load generator's (databench).
import { join } from 'node:path';
import { chosenSystems, flag, measure, option, run, scratch, tool, withClusters, word } from './common.mjs';
import { processRssMib } from './load.mjs';

const mib = option('mib', 1024);
const wait = option('wait', 10);
/** dfs.datanode.synconclose, the same on both sides; rows 14, 18 and 19 are wanted with both. */
const sync = word('sync-on-close', 'true');
const systems = chosenSystems(scratch('data'));
const databench = tool('databench/databench');

const amount = (row, must, aim) => ({ row, figure: 'rate', better: 'more', must, aim, of: (result) => result.median });
const late = (row, quantile, must, aim) => ({
  row,
  figure: `p${quantile}, µs`,
  better: 'less',
  must,
  aim,
  of: (result) => result[`p${quantile}_us`],
});
const cpu = (row, must, aim) => ({
  row,
  figure: 'DataNode CPU',
  better: 'less',
  must,
  aim,
  of: (result) => result.cpu_dn,
});

const measures = [
  ...['write-r3', 'write4-r3'].map((op) => ({ op, figures: [amount(14, 1, 1.4), cpu(15, 0.9, 0.6)] })),
  ...['read', 'read4'].map((op) => ({ op, figures: [amount(16, 1, 1.3), cpu(15, 0.9, 0.6)] })),
  ...['pread-4k', 'pread-64k', 'pread-1m'].map((op) => ({ op, figures: [amount(17, 1, 1.5), late(17, 99)] })),
  ...['create-1', 'create-8', 'create-32', 'open-1', 'open-8', 'open-32'].map((op) => ({
    op,
    figures: [amount(18, 1.2, 2), late(18, 99)],
  })),
  ...['hflush', 'hsync'].map((op) => ({ op, figures: [late(19, 50, 1, 0.7), late(19, 99, 1, 0.7)] })),
];
const asked = process.env.OPS?.split(' ');

function once(system, op) {
  const args = [
    system.client,
    '--pids',
    join(system.dir, 'pids'),
    '--repeat',
    '1',
    '--mib',
    String(mib),
    '--wait',
    String(wait),
  ];
  const output = run(databench, [...args, op]);
  return JSON.parse(
    output
      .trim()
      .split('\n')
      .find((line) => line.startsWith('{')),
  );
}

const memory = (name, must, aim) =>
  measure(systems, name, [{ row: 21, figure: 'RSS, MiB', better: 'less', must, aim, of: (mebibytes) => mebibytes }], (system) =>
    processRssMib(system.pid('dn1')),
  );

await withClusters(systems, { keys: [`dfs.datanode.synconclose=${sync}`] }, async () => {
  if (!flag('no-memory')) await memory('an idle DataNode', 0.5, 0.3);
  for (const { op, figures } of measures) {
    if (asked !== undefined && !asked.includes(op)) continue;
    await measure(systems, `${op}, sync on close ${sync}`, figures, (system) => once(system, op));
  }
  if (!flag('no-memory')) await memory('a DataNode after this load', 0.5, 0.3);
});
