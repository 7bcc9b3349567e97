// The rows of the comparison: what is measured, and by which program. Those without one are not built yet.

export const rows = [
  { number: 1, title: 'Reads: operations per second', program: 'metadata' },
  { number: 2, title: 'Reads: NameNode CPU per operation', program: 'metadata' },
  { number: 3, title: 'Reads, one at a time: latency', program: 'metadata' },
  { number: 4, title: 'Changes, durable: operations per second, CPU', program: 'metadata' },
  { number: 5, title: 'Changes, one at a time: latency', program: 'metadata' },
  { number: 6, title: 'Mixed load', program: 'metadata' },
  { number: 6, title: 'Mixed load by Apache’s client', program: 'apache-client' },
  { number: 7, title: 'Latency at 70 % of the load while checkpoints and reports are made', program: 'under-load' },
  { number: 8, title: 'Longest stall under that load', program: 'under-load' },
  { number: 9, title: 'NameNode memory for 1 M files', program: 'memory' },
  { number: 10, title: 'NameNode memory for 100 M blocks', program: 'many-blocks' },
  { number: 11, title: 'Restart of a NameNode', program: 'restart' },
  { number: 12, title: 'Full block report of 1 M blocks', program: 'block-report' },
  { number: 13, title: 'Death of a DataNode with 1 M blocks', program: 'dead-datanode' },
  { number: 14, title: 'Write of 1 GiB, three replicas', program: 'data' },
  { number: 15, title: 'DataNode CPU per GiB', program: 'data' },
  { number: 16, title: 'Read of 1 GiB', program: 'data' },
  { number: 17, title: 'Positional reads', program: 'data' },
  { number: 18, title: 'Small files', program: 'data' },
  { number: 19, title: 'hflush and hsync', program: 'data' },
  { number: 20, title: 'Our client against Apache’s, on our cluster', program: 'client' },
  { number: 21, title: 'Memory of a DataNode', program: 'data' },
  { number: 22, title: 'Start of a cluster, and of a command', program: 'start' },
  { number: 23, title: 'How cost grows with the number of files', program: 'growth' },
  { number: 24, title: 'Many DataNodes, connections and writers', program: 'crowd' },
  { number: 25, title: 'A DataNode with 1 M blocks on its disk', program: 'disk-blocks' },
];

/** Each program once, in the order of the rows. */
export const programs = [...new Set(rows.map(({ program }) => program).filter((program) => program !== undefined))];
