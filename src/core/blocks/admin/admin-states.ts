// The states in which an administrator puts a DataNode, and what each order makes of them: one table, total. Who gives the
// orders is node-admin.ts. Mirrors DatanodeAdminManager and the parts of HeartbeatManager that it calls.
import { AdminState } from '../storage-type.ts';

export type AdminEvent =
  | 'startDecommission'
  | 'stopDecommission'
  | 'startMaintenance'
  | 'stopMaintenance'
  /** All blocks of the node have replicas enough without it. */
  | 'replicated';

export interface AdminSituation {
  readonly alive: boolean;
  /** dfs.namenode.maintenance.replication.min. */
  readonly minMaintenanceReplication: number;
}

type Next = AdminState | ((situation: AdminSituation) => AdminState);

const { NORMAL, DECOMMISSION_INPROGRESS, DECOMMISSIONED, ENTERING_MAINTENANCE, IN_MAINTENANCE } = AdminState;

/** From a dead node nothing can be copied: it has left already. */
const leave: Next = ({ alive }) => (alive ? DECOMMISSION_INPROGRESS : DECOMMISSIONED);
const pause: Next = ({ alive, minMaintenanceReplication }) =>
  alive && minMaintenanceReplication > 0 ? ENTERING_MAINTENANCE : IN_MAINTENANCE;

const TABLE: Readonly<Record<AdminState, Readonly<Record<AdminEvent, Next>>>> = {
  [NORMAL]: {
    startDecommission: leave,
    stopDecommission: NORMAL,
    startMaintenance: pause,
    stopMaintenance: NORMAL,
    replicated: NORMAL,
  },
  [DECOMMISSION_INPROGRESS]: {
    startDecommission: DECOMMISSION_INPROGRESS,
    stopDecommission: NORMAL,
    startMaintenance: pause,
    stopMaintenance: DECOMMISSION_INPROGRESS,
    replicated: DECOMMISSIONED,
  },
  [DECOMMISSIONED]: {
    startDecommission: DECOMMISSIONED,
    stopDecommission: NORMAL,
    // Its blocks are elsewhere: nothing has to be copied first.
    startMaintenance: IN_MAINTENANCE,
    stopMaintenance: DECOMMISSIONED,
    replicated: DECOMMISSIONED,
  },
  [ENTERING_MAINTENANCE]: {
    startDecommission: leave,
    stopDecommission: ENTERING_MAINTENANCE,
    startMaintenance: ENTERING_MAINTENANCE,
    stopMaintenance: NORMAL,
    replicated: IN_MAINTENANCE,
  },
  [IN_MAINTENANCE]: {
    startDecommission: leave,
    stopDecommission: IN_MAINTENANCE,
    startMaintenance: IN_MAINTENANCE,
    stopMaintenance: NORMAL,
    replicated: IN_MAINTENANCE,
  },
};

export function nextAdminState(state: AdminState, event: AdminEvent, situation: AdminSituation): AdminState {
  const next = TABLE[state][event];
  return typeof next === 'function' ? next(situation) : next;
}

/** Apache: AdminStates.toString. */
export const ADMIN_STATE_NAMES: Readonly<Record<AdminState, string>> = {
  [NORMAL]: 'In Service',
  [DECOMMISSION_INPROGRESS]: 'Decommission In Progress',
  [DECOMMISSIONED]: 'Decommissioned',
  [ENTERING_MAINTENANCE]: 'Entering Maintenance',
  [IN_MAINTENANCE]: 'In Maintenance',
};

export interface Sufficiency {
  readonly live: number;
  /** What the block must have, replicas in maintenance counted in its favour. */
  readonly required: number;
  readonly placementSatisfied: boolean;
  /** The block is the last one of a file that is being written. */
  readonly lastOfOpenFile: boolean;
  readonly decommission: boolean;
  readonly maintenance: boolean;
  /** dfs.namenode.replication.min. */
  readonly minReplication: number;
  /** dfs.replication. */
  readonly defaultReplication: number;
  /** dfs.namenode.maintenance.replication.min, at most what the file wants. */
  readonly minMaintenanceReplication: number;
}

/** Whether a node may leave as far as one of its blocks is concerned. Apache: DatanodeAdminManager.isSufficient. */
export function isSufficient(block: Sufficiency): boolean {
  if (block.live >= block.required && block.placementSatisfied) return true;
  if (block.decommission && block.required > block.live) {
    // What is being written gets its replicas from its writer; a file that wants very many need not have them all.
    if (block.live >= (block.lastOfOpenFile ? block.minReplication : block.defaultReplication)) return true;
  }
  return block.maintenance && block.live >= block.minMaintenanceReplication;
}
