// BENCHMARKS.md, written anew from a run.
import { reasons } from './reasons.mjs';
import { rows } from './rows.mjs';
import { markdown, verdict } from './table.mjs';

const titles = (numbers) =>
  rows.filter(({ number }) => numbers.includes(number)).map(({ number, title }) => `${number}. ${title}`);

const list = (items) => items.map((item) => `- ${item}`).join('\n');

/** Rows of these that something is known of. */
const explained = (losses) => [...new Set(losses.map(({ row }) => row))].filter((row) => reasons[row] !== undefined);

export function page(result) {
  const { machine, measurements, notMeasured, notBuilt, failures, noisy } = result;
  const losses = measurements.filter((each) => verdict(each) === 'not yet');
  const parts = [
    '# Benchmarks',
    `<!-- Written by \`npm run bench -- --against apache --write\`; do not edit. The words are in bench/page.mjs. -->`,
    'tuskfs against Apache Hadoop 3.5.0, both in one run on one machine.',
    noisy === undefined
      ? ''
      : `**Not a quiet machine:** ${noisy}. Ratios of CPU time survive that, rates and latencies less. To be measured again.`,
    '## How it is measured',
    list([
      'Both systems run side by side and are measured in turns, A B A B; a ratio is that of the two runs of a pair, and the table shows the median of the pairs, and the smallest and largest.',
      'The same neutral client drives both: a load generator over Hadoop RPC for the NameNode, Apache’s own client for data. A failed call ends the run.',
      'Nothing is switched off to win: edits are synced, checksums verified, permissions checked. Both sides have the same configuration keys.',
      'Server CPU for each operation stands beside the rate: it survives a noisy machine, rates do not. A NameNode’s CPU and memory are those of its process.',
      `For rows 1 to 6 the JVM is warmed up first, by ${result.warmupSeconds} seconds of load; it takes some 20 to be at full speed. Memory, restart and block reports are measured on a NameNode that has just started, so on a cold JVM.`,
      'With one call in flight both sides are pinned to a core of their own.',
      'Where the machine controls congestion by BBR, our DataNodes send to peers on the same machine without its pacing, and Apache’s do not (ARCHITECTURE.md, “Peers on the same machine”). With a way that does not pace for both, reading 1 GiB was 1.72 times as fast for 0.47 of the processor time in one run, so that row 16 does not hang on it.',
      'Ratios are tuskfs divided by Apache. “Must” and “Aim” are what we want of the row, of the ratio or, where there is none, of our figure; what is not reached is said.',
      'Rows are measured on different days (“Measured”), and each with its pairs in one run.',
    ]),
    '## The machine',
    list([
      `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB; Linux ${machine.kernel}`,
      `Node ${machine.node}; Java: ${machine.java}`,
      `tuskfs ${result.version}, ${result.began.slice(0, 10)}`,
    ]),
    '## The table',
    markdown(measurements),
    losses.length === 0 ? '' : '### Not yet what it must be',
    list(losses.map(({ row, name, figure }) => `row ${row}: ${name}, ${figure}`)),
    ...explained(losses).map((row) => `**Row ${row}:** ${reasons[row]}`),
    notMeasured.length + notBuilt.length === 0 ? '' : '### Not measured',
    notMeasured.length === 0 ? '' : `Built, but not part of this run:\n\n${list(titles(notMeasured))}`,
    notBuilt.length === 0 ? '' : `Not built yet:\n\n${list(titles(notBuilt))}`,
    failures.length === 0 ? '' : `Failed in this run: ${failures.join('; ')}.`,
    '## How to repeat it',
    `With Java 17, Maven and Go, and the comparison tools in \`TUSKFS_BENCH_TOOLS\` (bench/README.md says which), on a machine that does nothing else:\n\n\`\`\`\nnpm run bench -- --against apache --write\n\`\`\`\n\nThis table: \`${result.command}\`.`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
