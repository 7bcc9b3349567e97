// What an administrator wants of the DataNodes: who may be there, who is to leave and who is in maintenance. Holds the
// host lists, moves nodes between the states of admin-states.ts, and says who belongs into which report. Mirrors
// DatanodeManager.refreshDatanodes, DatanodeAdminManager and DatanodeManager.getDatanodeListForReport.
import { sometimes } from '../../../base/sometimes.ts';
import { Datanode, NOT_LEAVING, type Now } from '../datanode.ts';
import type { ManagerState } from '../state.ts';
import { AdminState } from '../storage-type.ts';
import { type AdminEvent, nextAdminState } from './admin-states.ts';
import { type HostAddress, type HostLists, NO_HOST_LISTS, type ResolvedHost } from './host-lists.ts';
import { LeavingNodes } from './leaving-nodes.ts';

export type DatanodeReportType = 'all' | 'live' | 'dead' | 'decommissioning' | 'enteringMaintenance' | 'inMaintenance';

/** Where a host that never registered would serve. */
export interface DefaultPorts {
  readonly xferPort: number;
  readonly infoPort: number;
  readonly infoSecurePort: number;
  readonly ipcPort: number;
}

const DEFAULT_PORTS: DefaultPorts = { xferPort: 9866, infoPort: 9864, infoSecurePort: 9865, ipcPort: 9867 };

export interface NodeAdminEvents {
  /** The node serves again, as every other. */
  readonly backInService: (node: Datanode) => void;
}

const EVENT_WORDS: Readonly<Record<AdminEvent, string>> = {
  startDecommission: 'Starting decommission of',
  stopDecommission: 'Stopping decommissioning of',
  startMaintenance: 'Starting maintenance of',
  stopMaintenance: 'Stopping maintenance of',
  replicated: 'Nothing is needed any more of',
};

export class NodeAdmin {
  readonly leaving: LeavingNodes;
  readonly #state: ManagerState;
  readonly #events: NodeAdminEvents;
  #lists: HostLists = NO_HOST_LISTS;

  constructor(state: ManagerState, events: NodeAdminEvents) {
    this.#state = state;
    this.#events = events;
    this.leaving = new LeavingNodes(state, {
      replicated: (node) => this.#handle(node, 'replicated'),
      maintenanceExpired: (node) => {
        sometimes('maintenance ended by its time');
        this.#handle(node, 'stopMaintenance');
      },
    });
  }

  isIncluded(node: HostAddress): boolean {
    return this.#lists.isIncluded(node);
  }

  /** New lists hold from now on, for those who are here too. */
  refresh(lists: HostLists, now: Now): void {
    this.#lists = lists;
    for (const node of this.#state.datanodes.all) {
      if (!lists.isIncluded(node.id)) {
        node.disallowed = true;
        continue;
      }
      node.disallowed = false;
      const until = lists.maintenanceUntilMs(node.id);
      if (now.wallMs < until) this.#startMaintenance(node, until);
      else if (lists.isExcluded(node.id)) this.#handle(node, 'startDecommission');
      else {
        this.#handle(node, 'stopMaintenance');
        this.#handle(node, 'stopDecommission');
      }
    }
  }

  /** The node has registered. */
  registered(node: Datanode, now: Now): void {
    const until = this.#lists.maintenanceUntilMs(node.id);
    if (this.#lists.isExcluded(node.id)) this.#handle(node, 'startDecommission');
    else if (now.wallMs < until) this.#startMaintenance(node, until);
  }

  forgotten(node: Datanode): void {
    this.leaving.untrack(node);
  }

  /** The nodes of a report by their addresses; among the dead also hosts that are expected and never came. */
  list(type: DatanodeReportType, ports: DefaultPorts = DEFAULT_PORTS): Datanode[] {
    const found: Datanode[] = [];
    const known = new Map<string, Set<number>>();
    for (const node of this.#state.datanodes.all) {
      const seen = known.get(node.id.ipAddr);
      if (seen === undefined) known.set(node.id.ipAddr, new Set([node.id.xferPort]));
      else seen.add(node.id.xferPort);
      if (belongs(node, type) && this.#lists.isIncluded(node.id)) found.push(node);
    }
    found.sort((a, b) => (a.xferAddress < b.xferAddress ? -1 : 1));
    if (type !== 'all' && type !== 'dead') return found;
    for (const host of this.#lists.includes) {
      const seen = known.get(host.address);
      if (seen !== undefined && (host.port === 0 || seen.has(host.port))) continue;
      found.push(this.#neverSeen(host, ports));
    }
    return found;
  }

  #neverSeen({ address, hostName, port }: ResolvedHost, ports: DefaultPorts): Datanode {
    const id = { ...ports, ipAddr: address, hostName, datanodeUuid: '', xferPort: port === 0 ? ports.xferPort : port };
    const node = new Datanode(id, '/default-rack', '');
    if (this.#lists.isExcluded(id)) node.adminState = AdminState.DECOMMISSIONED;
    return node;
  }

  #startMaintenance(node: Datanode, untilMs: number): void {
    node.maintenanceUntilMs = untilMs;
    this.#handle(node, 'startMaintenance');
    // Also one that is there already, so that its end is noticed.
    this.leaving.track(node);
  }

  #handle(node: Datanode, event: AdminEvent): void {
    const { datanodes, log, now, options } = this.#state;
    const before = node.adminState;
    const after = nextAdminState(before, event, {
      alive: node.alive,
      minMaintenanceReplication: options.minMaintenanceReplication,
    });
    if (after === before) return;
    mark(node, before, after, event);
    datanodes.setAdminState(node, after);
    switch (after) {
      case AdminState.NORMAL:
        log(`${EVENT_WORDS[event]} ${node.alive ? 'live' : 'dead'} node ${node.xferAddress}`);
        node.leaving = NOT_LEAVING;
        this.leaving.untrack(node);
        if (node.alive) this.#events.backInService(node);
        return;
      case AdminState.DECOMMISSION_INPROGRESS:
      case AdminState.ENTERING_MAINTENANCE:
        log(`${EVENT_WORDS[event]} ${node.xferAddress} with ${node.blockCount} blocks`);
        node.leaving = { ...NOT_LEAVING, startedMonotonicMs: now.monotonicMs };
        this.leaving.untrack(node);
        this.leaving.track(node);
        return;
      case AdminState.DECOMMISSIONED:
        log(`Decommissioning complete for node ${node.xferAddress}`);
        this.leaving.untrack(node);
        return;
      case AdminState.IN_MAINTENANCE:
        log(`Node ${node.xferAddress} has entered maintenance mode.`);
        return;
    }
  }
}

/** `node` is still as it was before. */
function mark(node: Datanode, before: AdminState, after: AdminState, event: AdminEvent): void {
  if (event === 'replicated' && after === AdminState.DECOMMISSIONED) sometimes('decommission ended with all blocks elsewhere');
  if (event === 'replicated' && after === AdminState.IN_MAINTENANCE) sometimes('maintenance begun with all blocks elsewhere');
  if (after !== AdminState.NORMAL) return;
  if (before === AdminState.DECOMMISSION_INPROGRESS) sometimes('decommission called off before its end');
  if (before === AdminState.IN_MAINTENANCE && !node.alive) sometimes('maintenance ended while its DataNode was dead');
}

function belongs(node: Datanode, type: DatanodeReportType): boolean {
  switch (type) {
    case 'all':
      return true;
    case 'live':
      return node.alive;
    case 'dead':
      return !node.alive;
    case 'decommissioning':
      return node.decommissioning;
    case 'enteringMaintenance':
      return node.enteringMaintenance;
    case 'inMaintenance':
      return node.inMaintenance;
  }
}
