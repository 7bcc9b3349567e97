// Network locations of DataNodes, by `net.topology.node.switch.mapping.impl`: from the administrator's script
// (`net.topology.script.file.name`) or a table file (`net.topology.table.file.name`), else everything on one rack. The
// script is run once at a time, for all the names that wait (up to net.topology.script.number.args). Apache:
// CachedDNSToSwitchMapping over ScriptBasedMapping or TableMapping.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';

/** Apache: NetworkTopology.DEFAULT_RACK. */
export const DEFAULT_RACK = '/default-rack';
const SCRIPT_TIMEOUT_MS = 30_000;
/** Bound of the cache of names, beyond any cluster. */
const MAX_CACHED = 1_000_000;

const IMPLEMENTATION = 'net.topology.node.switch.mapping.impl';
const BY_SCRIPT = 'org.apache.hadoop.net.ScriptBasedMapping';
const BY_TABLE = 'org.apache.hadoop.net.TableMapping';
const NUMBER_ARGS = 'net.topology.script.number.args';

export class RackResolver {
  private readonly host: Host;
  private readonly script: string | undefined;
  private readonly table: string | undefined;
  private readonly namesPerRun: number;
  private readonly rejectsUnresolved: boolean;
  private readonly cache = new Map<string, string>();
  /** Names that wait for the next run of the script, and who wants to know. */
  private waiting = new Map<string, ((rack: string | undefined) => void)[]>();
  private isRunning = false;

  /** Throws HdfsError EINVAL for a mapping that is not known. */
  constructor(host: Host, configuration: Configuration) {
    const implementation = configuration.require(IMPLEMENTATION);
    if (implementation !== BY_SCRIPT && implementation !== BY_TABLE) {
      throw new HdfsError(
        'EINVAL',
        `${IMPLEMENTATION} is ${implementation}: no such mapping is known. Known: ${BY_SCRIPT}, ${BY_TABLE}`,
      );
    }
    this.host = host;
    const setting = (name: string): string | undefined => configuration.get(name) || undefined;
    this.script = implementation === BY_SCRIPT ? setting('net.topology.script.file.name') : undefined;
    this.table = implementation === BY_TABLE ? setting('net.topology.table.file.name') : undefined;
    this.namesPerRun = configuration.getInt(NUMBER_ARGS);
    this.rejectsUnresolved = configuration.getBoolean('dfs.namenode.reject-unresolved-dn-topology-mapping');
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

  /**
   * Rack of a DataNode that registers; it may have moved since. Where nobody can tell, now or before, it is the default one,
   * or the node is refused: rejects with HdfsError EUNRESOLVED.
   */
  async locate({ ipAddr, hostName }: { readonly ipAddr: string; readonly hostName: string }): Promise<string> {
    if (!this.isConfigured) return DEFAULT_RACK;
    const rack = (await this.ask(ipAddr)) ?? this.cache.get(ipAddr);
    if (rack !== undefined) return rack;
    if (this.rejectsUnresolved) throw new HdfsError('EUNRESOLVED', `Unresolved topology mapping for host ${hostName}`);
    this.host.log.log('error', 'topology', `Unresolved topology mapping. Using ${DEFAULT_RACK} for host ${hostName}`);
    return DEFAULT_RACK;
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
      this.host.log.log('warn', 'topology', `cannot read ${path}: ${messageOf(error)}; nothing is known of ${name}`);
      return DEFAULT_RACK;
    }
  }

  private fromScript(name: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const known = this.waiting.get(name);
      if (known === undefined) this.waiting.set(name, [resolve]);
      else known.push(resolve);
      void this.runScript();
    });
  }

  private async runScript(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      while (this.waiting.size > 0) {
        const names = [...this.waiting.keys()].slice(0, Math.max(1, this.namesPerRun));
        const racks = (await this.racksOf(names)) ?? (names.length > 1 ? await this.oneByOne(names) : []);
        names.forEach((name, i) => {
          const wanted = this.waiting.get(name) ?? [];
          this.waiting.delete(name);
          for (const resolve of wanted) resolve(racks[i]);
        });
      }
    } finally {
      this.isRunning = false;
    }
  }

  /** Of some names the script could not tell all at once: one that it does not know shall not take the others with it. */
  private async oneByOne(names: readonly string[]): Promise<readonly (string | undefined)[]> {
    const racks: (string | undefined)[] = [];
    for (const name of names) racks.push((await this.racksOf([name]))?.[0]);
    return racks;
  }

  /** Undefined: it failed, or gave another number of racks than of names. */
  private async racksOf(names: readonly string[]): Promise<readonly string[] | undefined> {
    const script = this.script as string;
    const warn = (message: string): void => this.host.log.log('warn', 'topology', message);
    if (this.namesPerRun < 1) {
      warn(`Invalid value ${this.namesPerRun} for ${NUMBER_ARGS}; must be >= 1`);
      return undefined;
    }
    try {
      const { exitCode, stdout, stderr } = await this.host.commands.run(script, names, { timeoutMs: SCRIPT_TIMEOUT_MS });
      const racks = stdout.split(/\s+/).filter((rack) => rack !== '');
      if (exitCode === 0 && racks.length === names.length) return racks.map(normalize);
      warn(`${script} ${names.join(' ')} gave exit code ${exitCode} and ${JSON.stringify(stdout)}: ${stderr}`);
    } catch (error) {
      warn(`cannot run ${script} ${names.join(' ')}: ${messageOf(error)}`);
    }
    return undefined;
  }
}

/** One leading slash, none at the end. */
function normalize(rack: string): string {
  const parts = rack.split('/').filter((part) => part !== '');
  return parts.length === 0 ? DEFAULT_RACK : `/${parts.join('/')}`;
}
