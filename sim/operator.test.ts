// If these fail, DataNodes that leave and come back, and directories that are let go of, are no part of the chaos, or a cluster
// does not go on through them.
import { expect, test } from 'vitest';
import type { Fault } from './faults.ts';
import { keysForLeaving } from './operator.ts';
import { drawShape, runSeed } from './run.ts';
import type { Shape } from './shape.ts';

const FAULTS: readonly Fault[] = [
  { kind: 'maintenance', node: 'dn1', forMs: 10_000, atMs: 5_000, lastsMs: 30_000 },
  { kind: 'directories', node: 'dn0', paths: ['/data/2', '/data/3'], atMs: 12_000, lastsMs: 8_000 },
  { kind: 'decommission', node: 'dn3', atMs: 22_000, lastsMs: 20_000 },
  { kind: 'maintenance', node: 'dn2', atMs: 24_000, lastsMs: 45_000 },
  { kind: 'crash', node: 'dn2', how: 'process', luck: false, atMs: 40_000, lastsMs: 45_000 },
  // The NameNode cannot be told for a while.
  { kind: 'crash', node: 'nn', how: 'power', luck: false, atMs: 27_000, lastsMs: 3_000 },
  { kind: 'decommission', node: 'dn4', atMs: 50_000, lastsMs: 1_500 },
  { kind: 'directories', node: 'dn4', paths: ['/data/1', '/data/3'], atMs: 55_000, lastsMs: 5_000 },
];

const SHAPE: Shape = {
  scenario: 'swarm',
  spanMs: 90_000,
  steps: 0,
  dataNodes: 6,
  clients: 2,
  roles: ['writer', 'writer', 'reader', 'rewriter', 'deleter'],
  maxPauseMs: 1_000,
  minReplication: 3,
  keys: {
    'dfs.datanode.data.dir': '/data/1,/data/2',
    // Of two replicas that a returning directory makes of one, the scanner deletes the worse.
    'dfs.datanode.directoryscan.interval': '90s',
    ...keysForLeaving(FAULTS),
  },
  faults: FAULTS,
};

test('DataNodes leave and come back, directories go and return, and nothing is lost', { timeout: 300_000 }, async () => {
  const result = await runSeed({ seed: 1, shape: SHAPE });
  expect(result.violations).toEqual([]);
  expect(Object.fromEntries(result.done)).toEqual({ maintenance: 2, directories: 2, decommission: 2, crash: 2 });
  for (const situation of [
    'maintenance begun with all blocks elsewhere',
    'maintenance ended by its time',
    'maintenance ended while its DataNode was dead',
    'decommission ended with all blocks elsewhere',
    'decommission called off before its end',
    'data directory let go of while a block was written to it',
  ] as const)
    expect(result.reached, situation).toContain(situation);
  expect((await runSeed({ seed: 1, shape: SHAPE })).hash).toBe(result.hash);
});

test('some seeds draw what operators do, with the keys that it takes, and the others are what they were without it', () => {
  const shapes = Array.from({ length: 60 }, (_, i) => drawShape({ seed: i, scenario: 'swarm' }));
  const having = (kind: Fault['kind']): Shape[] => shapes.filter(({ faults }) => faults.some((fault) => fault.kind === kind));
  for (const kind of ['decommission', 'maintenance', 'directories'] as const) {
    expect(having(kind).length).toBeGreaterThan(5);
    expect(having(kind).length).toBeLessThan(30);
  }
  const leaving = new Set([...having('decommission'), ...having('maintenance')]);
  for (const shape of shapes) {
    const isTold = 'dfs.hosts' in shape.keys || 'dfs.hosts.exclude' in shape.keys;
    expect(isTold).toBe(leaving.has(shape));
  }
  for (const { minReplication } of having('directories')) expect(minReplication).toBe(3);
});
