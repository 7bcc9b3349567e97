// What one run is made of, as plain data: how long, how many machines, who does what, and what is done to them. All of it
// is drawn from the seed; a minimiser makes it smaller, and a shape that was printed can be played again.
import type { SeededRandom } from '../src/base/random.ts';
import type { Keys } from './cluster.ts';
import { planSwaps } from './data-directories.ts';
import { type Fault, inOrder, type Machines, planBlackout, planFaults, planPower, type Scenario } from './faults.ts';
import { keysForLeaving, planLeaving } from './operator.ts';
import { planSwarm } from './swarm.ts';
import { DEFAULT_ROLES, type Role } from './workload.ts';

export interface Shape {
  readonly scenario: Scenario;
  /** How long clients and faults go on, milliseconds; 0: until each client has done `steps` things. */
  readonly spanMs: number;
  readonly steps: number;
  readonly dataNodes: number;
  readonly clients: number;
  readonly secondary?: boolean | undefined;
  /** Of the DataNodes, one after the other; undefined: all stand in one. */
  readonly racks?: readonly string[] | undefined;
  readonly roles: readonly Role[];
  readonly maxPauseMs: number;
  readonly minReplication: number;
  readonly keys: Keys;
  readonly faults: readonly Fault[];
}

const SCENARIOS: readonly Scenario[] = ['calm', 'blackout', 'faults', 'faults'];
const SHORT_CLIENTS = 3;
/** Within this, the faults of a short run begin. */
const SHORT_SPAN_MS = 15_000;
const VOLUMES = ['/data/1', '/data/2'];
const SPARE_NAME_DIRECTORY = '/name2';
const LONGEST_PAUSES_MS = [200, 1_000, 3_000];
const PLACEMENTS = ['default', 'first-rack', 'rack-spread'];
/** Readers ask a second replica where the first one is silent. */
const HEDGED: Keys = { 'dfs.client.hedged.read.threadpool.size': 3, 'dfs.client.hedged.read.threshold.millis': 100 };

export const machinesOf = (dataNodes: number, clients: number, secondary = false): Machines => ({
  nameNode: 'nn',
  dataNodes: Array.from({ length: dataNodes }, (_, i) => `dn${i}`),
  clients: Array.from({ length: clients }, (_, i) => `client${i}`),
  secondary: secondary ? 'snn' : undefined,
});

/** Some tens of seconds of one kind of trouble, or of none. */
export function shortShape(
  random: SeededRandom,
  {
    dataNodes,
    scenario,
    steps,
  }: { readonly dataNodes: number; readonly scenario?: Scenario | undefined; readonly steps: number },
): Shape {
  const chosen = scenario ?? SCENARIOS[random.below(SCENARIOS.length)] ?? 'calm';
  const machines = machinesOf(dataNodes, SHORT_CLIENTS);
  const faults =
    chosen === 'calm'
      ? []
      : chosen === 'blackout'
        ? planBlackout(random, machines, SHORT_SPAN_MS)
        : planFaults(random, machines, SHORT_SPAN_MS);
  return {
    scenario: chosen,
    spanMs: 0,
    steps,
    dataNodes,
    clients: SHORT_CLIENTS,
    roles: DEFAULT_ROLES,
    maxPauseMs: 600,
    minReplication: 1,
    keys: {},
    faults,
  };
}

/** Writers in a hurry while the power fails again and again; nothing of the log is kept that an image has made superfluous. */
export function powerShape(random: SeededRandom): Shape {
  const [dataNodes, clients, spanMs] = [3, 1, 15_000];
  return {
    scenario: 'power',
    spanMs,
    steps: 0,
    dataNodes,
    clients,
    roles: ['writer', 'writer', 'writer'],
    maxPauseMs: 20,
    minReplication: 3,
    keys: {
      'dfs.namenode.name.dir': `/name,${SPARE_NAME_DIRECTORY}`,
      'dfs.datanode.data.dir': VOLUMES.join(','),
      'dfs.client-write-packet-size': 4_096,
      // A last block that nobody tells of is given up when its holders count as dead; a DataNode may need a minute to see
      // that its NameNode was restarted.
      'dfs.namenode.heartbeat.recheck-interval': 40_000,
      'dfs.namenode.checkpoint.txns': 60,
      'dfs.namenode.checkpoint.check.period': 1,
      'dfs.namenode.num.extra.edits.retained': 0,
    },
    faults: planPower(random, machinesOf(dataNodes, clients), spanMs),
  };
}

/** Minutes of all kinds of trouble that the seed draws. What operators do is drawn apart, from `operators`. */
export function swarmShape(random: SeededRandom, operators: SeededRandom, spanMs: number): Shape {
  const dataNodes = 3 + random.below(4);
  const clients = 2 + random.below(3);
  const many = (role: Role, least: number, most: number): Role[] =>
    Array.from({ length: least + random.below(most - least + 1) }, () => role);
  const drawn = [
    ...many('writer', 1, 5),
    ...many('reader', 1, 3),
    ...many('renamer', 0, 2),
    ...many('deleter', 0, 2),
    ...many('admin', 0, 2),
  ];
  const secondary = random.below(3) === 0;
  const around = { ...machinesOf(dataNodes, clients, secondary), volumes: VOLUMES, spareNameDirectory: SPARE_NAME_DIRECTORY };
  const { faults, destructive } = planSwarm(random, around, spanMs);
  const maxPauseMs = LONGEST_PAUSES_MS[random.below(LONGEST_PAUSES_MS.length)] as number;
  const drawnReplication = destructive ? 3 : 1 + random.below(2);
  const common = swarmKeys(random);
  const roles = [...drawn, ...many('rewriter', 0, 2)];
  const reading = random.below(3) === 0 ? HEDGED : {};
  const racks = random.below(2) === 0 ? Array.from({ length: dataNodes }, () => `/rack${random.below(3)}`) : undefined;
  const placing: Keys =
    racks === undefined ? {} : { 'dfs.block.replicator.classname': PLACEMENTS[random.below(PLACEMENTS.length)] as string };
  const leaving = planLeaving(operators, around.dataNodes, spanMs);
  const swaps = planSwaps(operators, around, spanMs);
  // What lies in a directory that was let go of is out of reach.
  const minReplication = swaps.length > 0 ? 3 : drawnReplication;
  const keys = { ...common, ...reading, ...placing, ...keysForLeaving(leaving) };
  return {
    scenario: 'swarm',
    spanMs,
    steps: 0,
    dataNodes,
    clients,
    secondary,
    racks,
    roles,
    maxPauseMs,
    minReplication,
    keys,
    faults: inOrder([...faults, ...leaving, ...swaps]),
  };
}

/** Not all clusters are configured alike. */
function swarmKeys(random: SeededRandom): Keys {
  return {
    'dfs.namenode.name.dir': `/name,${SPARE_NAME_DIRECTORY}`,
    'dfs.datanode.data.dir': VOLUMES.join(','),
    'dfs.datanode.failed.volumes.tolerated': random.below(2),
    // Rotten blocks and files that went away are found within the heal.
    'dfs.datanode.scan.period.hours': '120s',
    'dfs.datanode.directoryscan.interval': '90s',
    'dfs.namenode.checkpoint.txns': [50, 150, 1000][random.below(3)] as number,
    'dfs.client.block.write.replace-datanode-on-failure.policy': ['DEFAULT', 'NEVER', 'ALWAYS'][random.below(3)] as string,
    'dfs.client.block.write.replace-datanode-on-failure.best-effort': random.below(2) === 0,
    'dfs.client-write-packet-size': [512, 2_048, 65_536][random.below(3)] as number,
    'dfs.namenode.lease-hard-limit-sec': [60, 90][random.below(2)] as number,
    'fs.trash.interval': random.below(2) === 0 ? 0 : 60,
  };
}
