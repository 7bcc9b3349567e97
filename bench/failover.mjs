// What Apache's client sees when a DataNode dies: the longest stall of one write or read of a large file whose DataNode is
// killed in the middle, and how long it takes until the blocks of a dead DataNode have their replicas again; Apache's
// daemons and ours in turns. The figures and their meaning are the probe's. Words KEY=VALUE are configuration of the daemons.
import { join } from 'node:path';
import { option, ourHdfs, report, run, scratch, tool } from './common.mjs';
import { median } from './statistics.mjs';

const mib = option('mib', 1024);
const repeat = option('repeat', 3);
const blocks = option('blocks', 1000);
const scenarios = (process.env.OPS ?? 'kill-dn-write kill-dn-read rereplicate').split(' ');
const dir = scratch('failover');
const cluster = tool('apache/bin/cluster');
const failover = tool('failover/failover');
const rereplicate = tool('failover/rereplicate');
const basePort = option('base-port', 31000);
// The same on both sides, whatever each has as its default.
const keys = ['dfs.datanode.synconclose=true', ...process.argv.slice(2).filter((word) => /^[a-z][^=]*=/.test(word))];
const systems = [
  { name: 'apache', port: basePort, env: {} },
  { name: 'tuskfs', port: basePort + 60, env: { HDFS: ourHdfs } },
];

/** Both, one after the other, so often as asked for: the fields of each answer. */
function inTurns(measure) {
  const rows = { apache: [], tuskfs: [] };
  for (let i = 0; i < repeat; i++) {
    for (const system of systems) {
      const row = measure(system);
      report({ system: system.name, ...row });
      rows[system.name].push(row);
    }
  }
  return rows;
}

function compare(name, rows, field) {
  const [apache, tuskfs] = systems.map((system) => rows[system.name].map((row) => row[field]));
  const figures = { apache: median(apache), tuskfs: median(tuskfs) };
  report({ figure: `${name} ${field}`, ...figures, ratio: figures.tuskfs / figures.apache, runs: { apache, tuskfs } });
}

/** The JSON objects of a line, as one. */
const parse = (output) => Object.assign({}, ...[...output.matchAll(/\{[^{}]*\}/g)].map(([text]) => JSON.parse(text)));

for (const scenario of scenarios) {
  if (scenario === 'rereplicate') {
    const rows = inTurns(({ name, port, env }) =>
      parse(
        run(
          rereplicate,
          [join(dir, `rereplicate-${name}`), '--blocks', String(blocks), '--base-port', String(port), ...keys],
          env,
        ),
      ),
    );
    // How many replicas the dead node had differs from run to run.
    for (const row of [...rows.apache, ...rows.tuskfs]) {
      row.ms_per_replica = (1000 * (row.full_s - row.detected_s)) / row.replicas_lost;
    }
    for (const field of ['detected_s', 'full_s', 'ms_per_replica']) compare('rereplicate', rows, field);
    continue;
  }
  // Four DataNodes, so that another one can take the place of the one that dies.
  for (const { name, port, env } of systems) {
    run(cluster, ['start', join(dir, name), '--datanodes', '4', '--base-port', String(port), ...keys], env);
  }
  try {
    const rows = inTurns(({ name, env }) =>
      parse(run(failover, [join(dir, name), scenario, '--repeat', '1', '--mib', String(mib)], env)),
    );
    for (const field of ['stall_ms', 'total_ms', 'failed']) compare(scenario, rows, field);
  } finally {
    for (const { name } of systems) run(cluster, ['stop', join(dir, name)]);
  }
}
