// Keys that name nameservices and their NameNodes. Most NameNode keys may carry the suffix .NAMESERVICE or
// .NAMESERVICE.NAMENODE; nameservices.ts resolves them.
import { bool, duration, int, type KeyTable, list, text } from '../key.ts';

export const HA_KEYS = {
  'dfs.nameservices': list(undefined, 'Names of the nameservices.', { deprecated: ['dfs.federation.nameservices'] }),
  'dfs.internal.nameservices': list(undefined, 'Nameservices that DataNodes report to; without it all of them.'),
  'dfs.nameservice.id': text(undefined, 'Nameservice of this daemon.', { deprecated: ['dfs.federation.nameservice.id'] }),
  'dfs.ha.namenodes': list(undefined, 'With a nameservice as suffix: ids of its NameNodes.'),
  'dfs.ha.namenode.id': text(undefined, 'Id of this NameNode within its nameservice.'),
  'dfs.client.failover.proxy.provider': text(
    undefined,
    'With a nameservice as suffix: how a client finds the active NameNode.',
  ),
  'dfs.client.failover.max.attempts': int('15', 'Failovers of one call before it fails.'),
  'dfs.client.failover.sleep.base.millis': duration('ms', '500', 'First pause before a failover; it doubles.'),
  'dfs.client.failover.sleep.max.millis': duration('ms', '15000', 'Longest pause before a failover.'),
  'dfs.client.failover.connection.retries': int('0', 'Tries to connect before failing over.'),
  'dfs.client.failover.connection.retries.on.timeouts': int('0', 'The same after time-outs.'),
  'dfs.client.failover.random.order': bool('true', 'Whether a client begins with a NameNode at random.'),
  'dfs.ha.automatic-failover.enabled': bool('false', 'Whether a failover controller decides who is active.'),
  'dfs.ha.allow.stale.reads': bool('false', 'Whether a standby answers reads.'),
  'dfs.ha.standby.checkpoints': bool('true', 'Whether a standby makes checkpoints.'),
  'dfs.ha.log-roll.period': duration('s', '120', 'How often a standby has the active roll its log.'),
  'dfs.ha.tail-edits.period': duration('s', '60', 'How often a standby reads the shared log.'),
  'dfs.ha.tail-edits.in-progress': bool('false', 'Whether a standby reads segments that are still written.'),
} as const satisfies KeyTable;
