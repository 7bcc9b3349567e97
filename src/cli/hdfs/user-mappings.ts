// hdfs groups, and dfsadmin -refreshServiceAcl, -refreshUserToGroupsMappings, -refreshSuperUserGroupsConfiguration and
// -refreshCallQueue, with Apache's text. Apache: GetGroups, DFSAdmin.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { UserMappings } from '../../client/user-mappings.ts';
import type { Configuration } from '../../config/configuration.ts';
import { defaultFileSystem } from '../../config/default-file-system.ts';
import type { Host } from '../../host/host.ts';
import { requireKnownHost } from '../known-host.ts';
import type { Terminal } from '../terminal.ts';
import { isHelpWord } from './help-word.ts';

const GROUPS_USAGE = `Usage: hdfs groups [username ...]
Asks the NameNode for the groups of these users, or of the user that asks.
`;

/** `user : group group`, a line for each user. */
export async function runGroups(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  users: readonly string[],
): Promise<number> {
  if (isHelpWord(users)) {
    terminal.stdout.write(GROUPS_USAGE);
    return 0;
  }
  const uri = defaultFileSystem(configuration);
  if (!/^hdfs:\/\/[^/]/.test(uri)) {
    const wrong = /^[\w+.-]+:\/\/[^/]/.test(uri) ? "is not of scheme 'hdfs'." : 'has no authority.';
    terminal.stderr.write(
      `java.lang.IllegalArgumentException: Invalid URI for NameNode address (check fs.defaultFS): ${uri} ${wrong}\n`,
    );
    return 1;
  }
  const mappings = new UserMappings(host, configuration);
  try {
    await requireKnownHost(host, configuration);
    for (const user of users.length === 0 ? [mappings.user] : users) {
      const groups = await mappings.groupsOf(user);
      terminal.stdout.write(`${user} :${groups.map((group) => ` ${group}`).join('')}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    const where = error.code === 'EILLEGAL' ? error.javaClass : 'groups';
    terminal.stderr.write(`${where}: ${messageOf(error).split('\n', 1)[0]}\n`);
    return 1;
  } finally {
    mappings.close();
  }
}

/** By the word of dfsadmin. */
export const MAPPING_COMMANDS: Readonly<
  Record<
    string,
    {
      readonly done: string;
      /** Whether words behind it are a mistake; Apache's passes over them with the others. */
      readonly isStrict: boolean;
      readonly run: (mappings: UserMappings) => Promise<void>;
    }
  >
> = {
  '-refreshServiceAcl': {
    done: 'Refresh service acl successful',
    isStrict: true,
    run: (mappings) => mappings.refreshPolicy(),
  },
  '-refreshUserToGroupsMappings': {
    done: 'Refresh user to groups mapping successful',
    isStrict: true,
    run: (mappings) => mappings.refreshGroups(),
  },
  '-refreshCallQueue': {
    done: 'Refresh call queue successful',
    isStrict: false,
    run: (mappings) => mappings.refreshCallQueue(),
  },
  '-refreshSuperUserGroupsConfiguration': {
    done: 'Refresh super user groups configuration successful',
    isStrict: false,
    run: (mappings) => mappings.refreshProxyUsers(),
  },
};
