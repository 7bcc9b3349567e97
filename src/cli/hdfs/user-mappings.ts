// hdfs groups, and dfsadmin -refreshServiceAcl, -refreshUserToGroupsMappings, -refreshSuperUserGroupsConfiguration and
// -refreshCallQueue, with Apache's text. Apache: GetGroups, DFSAdmin.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { UserMappings } from '../../client/user-mappings.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';

/** `user : group group`, a line for each user. */
export async function runGroups(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  users: readonly string[],
): Promise<number> {
  const mappings = new UserMappings(host, configuration);
  try {
    for (const user of users.length === 0 ? [mappings.user] : users) {
      const groups = await mappings.groupsOf(user);
      terminal.stdout.write(`${user} :${groups.map((group) => ` ${group}`).join('')}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    terminal.stderr.write(`groups: ${messageOf(error).split('\n', 1)[0]}\n`);
    return 1;
  } finally {
    mappings.close();
  }
}

/** By the word of dfsadmin. */
export const MAPPING_COMMANDS: Readonly<
  Record<string, { readonly done: string; readonly run: (mappings: UserMappings) => Promise<void> }>
> = {
  '-refreshServiceAcl': { done: 'Refresh service acl successful', run: (mappings) => mappings.refreshPolicy() },
  '-refreshUserToGroupsMappings': {
    done: 'Refresh user to groups mapping successful',
    run: (mappings) => mappings.refreshGroups(),
  },
  '-refreshCallQueue': { done: 'Refresh call queue successful', run: (mappings) => mappings.refreshCallQueue() },
  '-refreshSuperUserGroupsConfiguration': {
    done: 'Refresh super user groups configuration successful',
    run: (mappings) => mappings.refreshProxyUsers(),
  },
};
