// Who may use which protocol of a daemon, and from where, by hadoop-policy.xml; asked only while
// hadoop.security.authorization is on. Apache: ServiceAuthorizationManager, HDFSPolicyProvider.
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Host } from '../host/host.ts';
import { AccessList, type ListedUser } from './access-list.ts';
import type { Groups } from './groups.ts';
import { MachineList } from './machine-list.ts';

/** Key of each protocol, by its Java name. */
const SERVICE_KEYS: Readonly<Record<string, string>> = {
  'org.apache.hadoop.hdfs.protocol.ClientProtocol': 'security.client.protocol.acl',
  'org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol': 'security.client.datanode.protocol.acl',
  'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol': 'security.datanode.protocol.acl',
  'org.apache.hadoop.hdfs.server.protocol.InterDatanodeProtocol': 'security.inter.datanode.protocol.acl',
  'org.apache.hadoop.hdfs.server.protocol.NamenodeProtocol': 'security.namenode.protocol.acl',
  'org.apache.hadoop.ha.HAServiceProtocol': 'security.ha.service.protocol.acl',
  'org.apache.hadoop.ha.ZKFCProtocol': 'security.zkfc.protocol.acl',
  'org.apache.hadoop.hdfs.qjournal.protocol.QJournalProtocol': 'security.qjournal.service.protocol.acl',
  'org.apache.hadoop.hdfs.qjournal.protocol.InterQJournalProtocol': 'security.interqjournal.service.protocol.acl',
  'org.apache.hadoop.security.authorize.RefreshAuthorizationPolicyProtocol': 'security.refresh.policy.protocol.acl',
  'org.apache.hadoop.security.RefreshUserMappingsProtocol': 'security.refresh.user.mappings.protocol.acl',
  'org.apache.hadoop.tools.GetUserMappingsProtocol': 'security.get.user.mappings.protocol.acl',
  'org.apache.hadoop.ipc.RefreshCallQueueProtocol': 'security.refresh.callqueue.protocol.acl',
  'org.apache.hadoop.ipc.GenericRefreshProtocol': 'security.refresh.generic.protocol.acl',
  'org.apache.hadoop.hdfs.server.protocol.DatanodeLifelineProtocol': 'security.datanode.lifeline.protocol.acl',
  'org.apache.hadoop.hdfs.protocol.ReconfigurationProtocol': 'security.reconfiguration.protocol.acl',
};

const DEFAULT_KEY = 'security.service.authorization.default.acl';

/** Somebody who opens a connection. */
export interface ServiceUser extends ListedUser {
  /** Java name. */
  readonly protocol: string;
  /** Address that they come from. */
  readonly remoteHost: string;
}

interface Rule {
  readonly allowed: AccessList;
  readonly blocked: AccessList;
  readonly machines: MachineList;
  readonly blockedMachines: MachineList;
}

export class ServiceAuthorization {
  readonly #host: Pick<Host, 'dns' | 'log'>;
  readonly #groups: Groups;
  /** Undefined: it is switched off. */
  #rules: ReadonlyMap<string, Rule> | undefined;

  constructor(host: Pick<Host, 'dns' | 'log'>, groups: Groups) {
    this.#host = host;
    this.#groups = groups;
  }

  /** Goes by this configuration from now on; on an error by what it had. */
  async read(configuration: Configuration): Promise<void> {
    if (!configuration.getBoolean('hadoop.security.authorization')) {
      this.#rules = undefined;
      return;
    }
    const rules = new Map<string, Rule>();
    for (const [protocol, key] of Object.entries(SERVICE_KEYS)) {
      rules.set(protocol, await this.#rule(configuration, key));
    }
    this.#rules = rules;
  }

  /** Reads the policy again. Throws HdfsError EAUTHORIZE while there is none to go by. */
  async refresh(reload: () => Promise<Configuration>): Promise<void> {
    if (this.#rules === undefined) throw new HdfsError('EAUTHORIZE', 'Service Level Authorization not enabled!');
    await this.read(await reload());
  }

  async #rule(configuration: Configuration, key: string): Promise<Rule> {
    const value = (name: string, standard: string): string => configuration.untrimmed(name) ?? standard;
    const hostsOf = (name: string): string => `${name.slice(0, name.lastIndexOf('.'))}.hosts`;
    const [hosts, defaultHosts] = [hostsOf(key), hostsOf(DEFAULT_KEY)];
    const machines = (text: string): Promise<MachineList> => MachineList.read(this.#host, text);
    return {
      allowed: AccessList.parse(value(key, value(DEFAULT_KEY, '*'))),
      blocked: AccessList.parse(value(`${key}.blocked`, value(`${DEFAULT_KEY}.blocked`, ''))),
      machines: await machines(value(hosts, value(defaultHosts, '*'))),
      blockedMachines: await machines(value(`${hosts}.blocked`, value(`${defaultHosts}.blocked`, ''))),
    };
  }

  /** Throws HdfsError EAUTHORIZE for who may not; a promise where groups have to be asked for first. */
  check(who: ServiceUser): void | Promise<void> {
    if (this.#rules === undefined) return undefined;
    const rule = this.#rules.get(who.protocol);
    if (rule === undefined) throw new HdfsError('EAUTHORIZE', `Unknown protocol: ${who.protocol}`);
    const [allowed, blocked] = [rule.allowed.has(who), rule.blocked.has(who)];
    if (allowed !== undefined && blocked !== undefined) return decide(rule, who, allowed, blocked);
    const decideBy = (groups: readonly string[]): void =>
      decide(rule, who, allowed ?? rule.allowed.hasOneOf(groups), blocked ?? rule.blocked.hasOneOf(groups));
    const groups = this.#groups.cached(who.user);
    return groups !== undefined ? decideBy(groups) : this.#groups.of(who.user).then(decideBy);
  }
}

function decide(rule: Rule, who: ServiceUser, allowed: boolean, blocked: boolean): void {
  const { protocol, remoteHost } = who;
  if (!allowed || blocked) {
    throw new HdfsError(
      'EAUTHORIZE',
      `User ${shown(who)} is not authorized for protocol interface ${protocol}: denied by configured ACL`,
    );
  }
  if (!rule.machines.includes(remoteHost) || rule.blockedMachines.includes(remoteHost)) {
    throw new HdfsError('EAUTHORIZE', `Host ${remoteHost} is not authorized for protocol interface ${protocol}`);
  }
}

/** In Java's words for a user. */
function shown({ user, realUser }: ListedUser): string {
  return realUser === undefined ? `${user} (auth:SIMPLE)` : `${user} (auth:PROXY) via ${realUser} (auth:SIMPLE)`;
}
