// What the parts of one client share. Made by connect (index.ts), handed to readers, writers and the file system object.
import type { Host } from '../host/host.ts';
import type { RpcClient } from '../rpc/client.ts';
import type { PeerAddress, PeerPool } from '../transfer/peer.ts';
import type { DatanodeInfoProto } from '../wire/messages/hdfs.ts';
import type { DeadNodes } from './dead-nodes.ts';
import type { HedgePool } from './hedged-read.ts';
import type { LeaseRenewer } from './lease-renewer.ts';
import type { NameNode } from './namenode.ts';
import type { PacketBufferPool } from './packet-buffer.ts';
import type { ClientSettings } from './settings.ts';

/** Of every call: when the signal is aborted, the call is given up. */
export interface SignalOption {
  readonly signal?: AbortSignal | undefined;
}

export interface ClientContext {
  readonly host: Host;
  readonly settings: ClientSettings;
  readonly namenode: NameNode;
  readonly peers: PeerPool;
  readonly packets: PacketBufferPool;
  readonly leases: LeaseRenewer;
  readonly hedges: HedgePool;
  /** Undefined: each stream goes by what it has met itself. */
  readonly deadNodes: DeadNodes | undefined;
  /** Holder of this client's leases. */
  readonly clientName: string;
  readonly user: string;
  /** Aborted when the client is closed. */
  readonly closed: AbortSignal;
  /** Calls to the RPC port of a DataNode; the caller closes it. */
  dataNodeRpc(info: DatanodeInfoProto): RpcClient;
  /** Where a client reaches a DataNode, when not at its own address. */
  readonly mapHost: ((address: PeerAddress) => PeerAddress) | undefined;
}

/** Where blocks of a DataNode are read and written. */
export function transferAddressOf(context: ClientContext, info: DatanodeInfoProto): PeerAddress {
  const { useDatanodeHostname } = context.settings;
  const address = { host: useDatanodeHostname ? info.id.hostName : info.id.ipAddr, port: info.id.xferPort };
  return context.mapHost === undefined ? address : context.mapHost(address);
}

/** Stops with the reason of the caller's signal, or of the closed client. */
export function checkSignal(context: ClientContext, signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
  context.closed.throwIfAborted();
}
