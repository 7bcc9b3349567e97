// A NameNode on a simulated machine, and a client that calls it: what the tests of this folder share.
import { Configuration } from '../../config/configuration.ts';
import { type SimLogLine, type SimNode, type SimProgram, Simulation } from '../../host/sim/index.ts';
import { RpcClient, type RpcProxy, rpcProxy } from '../../rpc/client.ts';
import { ClientNamenodeProtocol } from '../../wire/messages/client-namenode.ts';
import { type FormatOptions, formatNameNode } from './format.ts';
import { NameNode, type NameNodeOptions } from './namenode.ts';

export type Api = RpcProxy<typeof ClientNamenodeProtocol>;

/** A simulated machine that runs a NameNode, and another that calls it. */
export class TestNameNode {
  readonly simulation: Simulation;
  readonly machine: SimNode;
  readonly fatal: Error[] = [];
  readonly logged: string[] = [];
  private readonly keys: Readonly<Record<string, string | number | boolean>>;
  private namenode: NameNode | undefined;
  private readonly clients: RpcClient[] = [];

  constructor(
    keys: Readonly<Record<string, string | number | boolean>> = {},
    seed = 1,
    programs: Readonly<Record<string, SimProgram>> = {},
    onLog: (line: SimLogLine) => void = () => undefined,
  ) {
    this.keys = keys;
    this.simulation = new Simulation({
      seed,
      programs,
      log: (line) => {
        this.logged.push(`${line.level}: ${line.message}`);
        onLog(line);
      },
    });
    this.machine = this.simulation.node('nn');
  }

  get configuration(): Configuration {
    return Configuration.of({
      'fs.defaultFS': 'hdfs://nn:8020',
      'dfs.namenode.name.dir': '/name',
      'dfs.namenode.http-address': 'nn:9870',
      'dfs.namenode.safemode.extension': 0,
      ...this.keys,
    });
  }

  get running(): NameNode {
    if (this.namenode === undefined) throw new Error('the NameNode of the test is not running');
    return this.namenode;
  }

  async within<T>(work: Promise<T>, limitMs = 600_000): Promise<T> {
    return this.simulation.run(work, limitMs);
  }

  format(options: FormatOptions = {}): Promise<boolean> {
    return this.within(formatNameNode(this.machine.host, this.configuration, options));
  }

  async start(options: NameNodeOptions = {}): Promise<Api> {
    const namenode = new NameNode(this.machine.host, this.configuration, {
      onFatal: (error) => this.fatal.push(error),
      ...options,
    });
    await this.within(namenode.start());
    this.namenode = namenode;
    return this.client();
  }

  /** Calls as `user`; every call runs the simulation until it is answered. */
  client(user = 'hdfs'): Api {
    const client = new RpcClient(this.simulation.node('client').host, {
      address: { host: 'nn', port: 8020 },
      protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
      user,
    });
    this.clients.push(client);
    const proxy = rpcProxy(client, ClientNamenodeProtocol);
    return new Proxy(proxy, {
      get: (target, name) => {
        const call = target[name as keyof Api] as ((...args: unknown[]) => Promise<unknown>) | undefined;
        // Awaiting the proxy itself asks for `then`.
        if (call === undefined) return undefined;
        return (...args: unknown[]) => this.within(call(...args));
      },
    });
  }

  /** Ends the process in the given way and begins it again on the same disk. */
  async restart(how: 'power' | 'process' | 'stop', options: NameNodeOptions = {}, luck = false): Promise<Api> {
    for (const client of this.clients.splice(0)) client.close();
    if (how === 'stop') await this.within(this.running.stop());
    else this.machine.crash(how, luck);
    this.namenode = undefined;
    this.machine.restart();
    return this.start(options);
  }

  files(directory: string): Promise<readonly string[]> {
    return this.within(this.machine.host.disk.readdir(directory));
  }
}

export const mkdir = (api: Api, src: string): Promise<{ readonly result: boolean }> =>
  api.mkdirs({ src, masked: { perm: 0o755 }, createParent: true });

export async function exists(api: Api, src: string): Promise<boolean> {
  return (await api.getFileInfo({ src })).fs !== undefined;
}

export function createFile(api: Api, src: string, clientName = 'writer', replication = 1): ReturnType<Api['create']> {
  return api.create({
    src,
    masked: { perm: 0o644 },
    clientName,
    createFlag: 1,
    createParent: true,
    replication,
    blockSize: 1_048_576,
  });
}
