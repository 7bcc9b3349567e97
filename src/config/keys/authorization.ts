// Who may use which protocol: the keys of hadoop-policy.xml. Values are users and groups, `ann,bob staff`, or * for all;
// each key has companions that end in .blocked, and in .hosts in place of .acl. Apache: HDFSPolicyProvider.
import { type KeyTable, text } from '../key.ts';

const who = (what: string) => text(undefined, `Who may use ${what}; default: security.service.authorization.default.acl.`);

export const AUTHORIZATION_KEYS = {
  'security.service.authorization.default.acl': text('*', 'Who may use what has no list of its own.'),
  'security.client.protocol.acl': who('the file system'),
  'security.client.datanode.protocol.acl': who('DataNodes as a client'),
  'security.datanode.protocol.acl': who('the NameNode as a DataNode'),
  'security.inter.datanode.protocol.acl': who('a DataNode as another one'),
  'security.namenode.protocol.acl': who('the NameNode as a secondary or balancer'),
  'security.ha.service.protocol.acl': who('the state of high availability'),
  'security.zkfc.protocol.acl': who('the failover controller'),
  'security.qjournal.service.protocol.acl': who('JournalNodes as a NameNode'),
  'security.interqjournal.service.protocol.acl': who('a JournalNode as another one'),
  'security.refresh.policy.protocol.acl': who('the refresh of this policy'),
  'security.refresh.user.mappings.protocol.acl': who('the refresh of groups and proxy users'),
  'security.get.user.mappings.protocol.acl': who('the look-up of groups'),
  'security.refresh.callqueue.protocol.acl': who('the refresh of call queues'),
  'security.refresh.generic.protocol.acl': who('refreshes of other kinds'),
  'security.datanode.lifeline.protocol.acl': who('lifelines of DataNodes'),
  'security.reconfiguration.protocol.acl': who('changes of a running configuration'),
} satisfies KeyTable;
