// Network locations of DataNodes: from a table file (`net.topology.table.file.name`), from the administrator's script
// (`net.topology.script.file.name`), else everything on one rack. Apache: CachedDNSToSwitchMapping over
// ScriptBasedMapping or TableMapping.
import { messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';

/** Apache: NetworkTopology.DEFAULT_RACK. */
export const DEFAULT_RACK = '/default-rack';
const SCRIPT_TIMEOUT_MS = 30_000;
/** Bound of the cache of names, beyond any cluster. */
const MAX_CACHED = 1_000_000;

export class RackResolver {
  private readonly host: Host;
  private readonly script: string | undefined;
  private readonly table: string | undefined;
  private readonly cache = new Map<string, string>();

  constructor(host: Host, configuration: Configuration) {
    this.host = host;
    this.script = configuration.get('net.topology.script.file.name') || undefined;
    this.table = configuration.get('net.topology.table.file.name') || undefined;
  }

  /** Whether an administrator says which rack a name is on. */
  get isConfigured(): boolean {
    return this.script !== undefined || this.table !== undefined;
  }

  /** Rack known without running anything, or undefined. */
  cached(name: string): string | undefined {
    if (!this.isConfigured) return DEFAULT_RACK;
    return this.cache.get(name);
  }

  /** Rack of a DataNode's address or name. A script that fails puts it on the default rack, with a warning. */
  async resolve(name: string): Promise<string> {
    return this.cached(name) ?? (await this.ask(name)) ?? DEFAULT_RACK;
  }

  /** As `resolve`, but asks anew: a DataNode that registers may have moved. When nobody can tell, the old place holds. */
  async resolveAgain(name: string): Promise<string> {
    if (!this.isConfigured) return DEFAULT_RACK;
    return (await this.ask(name)) ?? this.cache.get(name) ?? DEFAULT_RACK;
  }

  private async ask(name: string): Promise<string | undefined> {
    const rack = this.table !== undefined ? await this.fromTable(this.table, name) : await this.fromScript(name);
    if (rack === undefined) return undefined;
    if (this.cache.size >= MAX_CACHED) this.cache.clear();
    this.cache.set(name, rack);
    return rack;
  }

  private async fromTable(path: string, name: string): Promise<string | undefined> {
    try {
      const text = (await this.host.disk.readFile(path)).toString('utf8');
      for (const line of text.split('\n')) {
        const trimmed = line.trim();
        if (trimmed === '' || trimmed.startsWith('#')) continue;
        const [host, rack, ...rest] = trimmed.split(/\s+/);
        if (rack === undefined || rest.length > 0) {
          this.host.log.log('warn', 'topology', `line ignored in ${path}: ${trimmed}`);
        } else if (host === name) return normalize(rack);
      }
      return DEFAULT_RACK;
    } catch (error) {
      this.host.log.log('warn', 'topology', `cannot read ${path}: ${messageOf(error)}; ${name} is put on ${DEFAULT_RACK}`);
      return undefined;
    }
  }

  private async fromScript(name: string): Promise<string | undefined> {
    const script = this.script as string;
    try {
      const { exitCode, stdout, stderr } = await this.host.commands.run(script, [name], { timeoutMs: SCRIPT_TIMEOUT_MS });
      const rack = stdout.trim().split(/\s+/)[0];
      if (exitCode !== 0 || rack === undefined || rack === '') {
        this.host.log.log(
          'warn',
          'topology',
          `${script} ${name} gave exit code ${exitCode} and ${JSON.stringify(stdout)}: ${stderr}`,
        );
        return undefined;
      }
      return normalize(rack);
    } catch (error) {
      this.host.log.log('warn', 'topology', `cannot run ${script}: ${messageOf(error)}; ${name} is put on ${DEFAULT_RACK}`);
      return undefined;
    }
  }
}

/** One leading slash, none at the end. */
function normalize(rack: string): string {
  const parts = rack.split('/').filter((part) => part !== '');
  return parts.length === 0 ? DEFAULT_RACK : `/${parts.join('/')}`;
}
