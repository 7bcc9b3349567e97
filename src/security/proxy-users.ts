// Who may act for whom, and from where: hadoop.proxyuser.NAME.users, .groups and .hosts. Without such keys nobody may act
// for another. Apache: ProxyUsers, DefaultImpersonationProvider.
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Host } from '../host/host.ts';
import { AccessList } from './access-list.ts';
import type { Groups } from './groups.ts';
import { MachineList } from './machine-list.ts';

const PREFIX = 'hadoop.proxyuser.';
const KEY = /^(\S+)\.(?:users|groups|hosts)$/;

interface Rule {
  /** For whom it may act. */
  readonly users: AccessList;
  /** Undefined: from nowhere. */
  readonly hosts: MachineList | undefined;
}

/** Somebody who acts for another. */
export interface ProxyIdentity {
  readonly user: string;
  readonly realUser: string;
  /** Address that they come from. */
  readonly remoteHost: string;
}

export class ProxyUsers {
  readonly #host: Pick<Host, 'dns' | 'log'>;
  readonly #groups: Groups;
  #rules: ReadonlyMap<string, Rule> = new Map();

  readonly #prefix: string;

  /** HttpFS has keys of its own. */
  constructor(host: Pick<Host, 'dns' | 'log'>, groups: Groups, prefix = PREFIX) {
    this.#host = host;
    this.#groups = groups;
    this.#prefix = prefix;
  }

  /** Goes by this configuration from now on; on an error by what it had. */
  async read(configuration: Configuration): Promise<void> {
    const rules = new Map<string, Rule>();
    for (const key of configuration.names()) {
      const name = key.startsWith(this.#prefix) ? KEY.exec(key.slice(this.#prefix.length))?.[1] : undefined;
      if (name === undefined || rules.has(name)) continue;
      const named = (what: string): string | undefined => configuration.get(`${this.#prefix}${name}.${what}`);
      const hosts = named('hosts');
      rules.set(name, {
        users: new AccessList(named('users'), named('groups')),
        hosts: hosts === undefined ? undefined : await MachineList.read(this.#host, hosts),
      });
    }
    this.#rules = rules;
  }

  /**
   * Throws HdfsError EAUTHORIZE unless the one may act for the other from there; a promise where the groups of the other
   * have to be asked for first.
   */
  check(identity: ProxyIdentity): void | Promise<void> {
    const rule = this.#rules.get(identity.realUser);
    if (rule === undefined) throw notAllowed(identity);
    const allowed = rule.users.has(identity);
    if (allowed !== undefined) return decide(rule, identity, allowed);
    const groups = this.#groups.cached(identity.user);
    if (groups !== undefined) return decide(rule, identity, rule.users.hasOneOf(groups));
    return this.#groups.of(identity.user).then((found) => decide(rule, identity, rule.users.hasOneOf(found)));
  }
}

function decide({ hosts }: Rule, identity: ProxyIdentity, allowed: boolean): void {
  if (!allowed) throw notAllowed(identity);
  const { realUser, remoteHost } = identity;
  if (hosts?.includes(remoteHost) === true) return;
  // In Java's words for an address.
  throw new HdfsError('EAUTHORIZE', `Unauthorized connection for super-user: ${realUser} from IP /${remoteHost}`);
}

function notAllowed({ realUser, user }: ProxyIdentity): HdfsError {
  return new HdfsError('EAUTHORIZE', `User: ${realUser} is not allowed to impersonate ${user}`);
}
