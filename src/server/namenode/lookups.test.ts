// If these fail, users get groups that are not theirs, DataNodes land on the wrong rack, or an answer leaves before its
// transaction is durable.
import { describe, expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { type SimProgram, Simulation } from '../../host/sim/index.ts';
import { configuredGroups, Groups, parseStaticMapping } from '../../security/groups.ts';
import { RackResolver } from './rack-resolver.ts';
import { checkpointName, checkpointTime } from './trash-emptier.ts';
import { TxWaiters } from './tx-waiters.ts';

const answer = (stdout: string, exitCode = 0): ReturnType<SimProgram> => ({ exitCode, stdout, stderr: '' });

describe('groups of a user', () => {
  function groups(program: SimProgram, fixed = ''): { sim: Simulation; groups: Groups } {
    const sim = new Simulation({ seed: 1, programs: { id: program } });
    const options = { staticMapping: parseStaticMapping(fixed), cacheMs: 300_000, negativeCacheMs: 30_000 };
    return { sim, groups: new Groups(sim.node('nn').host, options) };
  }

  test('come from id, are kept for five minutes, and absence for half of one', async () => {
    let asked = 0;
    const { sim, groups: of } = groups((args) => {
      asked++;
      return args.at(-1) === 'ann' ? answer('staff wheel\n') : answer('', 1);
    });
    expect(await sim.run(of.of('ann'))).toEqual(['staff', 'wheel']);
    expect(of.cached('ann')).toEqual(['staff', 'wheel']);
    expect(await sim.run(of.of('ghost'))).toEqual([]);
    expect(asked).toBe(2);
    await sim.advance(31_000);
    expect(of.cached('ghost')).toBeUndefined();
    expect(of.cached('ann')).toEqual(['staff', 'wheel']);
    await sim.advance(300_000);
    expect(of.cached('ann')).toBeUndefined();
  });

  test('are waited for as long as is asked for, and ten seconds else', async () => {
    const { host } = new Simulation({ seed: 1 }).node('nn');
    const limits: (number | undefined)[] = [];
    const commands = {
      run: async (_file: string, _args: readonly string[], options?: { readonly timeoutMs?: number }) => {
        limits.push(options?.timeoutMs);
        return { exitCode: 0, stdout: 'staff', stderr: '' };
      },
    };
    for (const time of ['0s', '3s', '1m']) {
      const keys = { 'hadoop.security.groups.shell.command.timeout': time };
      expect(await configuredGroups({ ...host, commands }, Configuration.of(keys)).of('ann')).toEqual(['staff']);
    }
    expect(limits).toEqual([10_000, 3_000, 60_000]);
  });

  const taking = (ms: number) => (host: ReturnType<Simulation['node']>['host']) => ({
    run: async () => {
      await host.clock.sleep(ms);
      return { exitCode: 0, stdout: `staff${host.clock.monotonic() > 400_000 ? '2' : ''}`, stderr: '' };
    },
  });

  test('come from no system where that is configured; a source that is not here stops the start', async () => {
    const { host } = new Simulation({ seed: 1 }).node('nn');
    const mapping = (name: string) =>
      configuredGroups(host, Configuration.of({ 'hadoop.security.group.mapping': `org.apache.hadoop.security.${name}` }));
    const none = mapping('NullGroupsMapping');
    expect(await none.of('root')).toEqual([]);
    expect(() => mapping('ShellBasedUnixGroupsMapping')).not.toThrow();
    expect(() => mapping('LdapGroupsMapping')).toThrow(
      'hadoop.security.group.mapping is org.apache.hadoop.security.LdapGroupsMapping, which is not built',
    );
  });

  test('are told from before while they are asked for again, where that is configured, but not for ever', async () => {
    for (const reloads of [false, true]) {
      const sim = new Simulation({ seed: 1 });
      const { host } = sim.node('nn');
      const keys = { 'hadoop.security.groups.cache.background.reload': reloads };
      const of = configuredGroups({ ...host, commands: taking(50)(host) }, Configuration.of(keys));
      expect(await sim.run(of.of('ann'))).toEqual(['staff']);
      await sim.advance(500_000);
      expect(await sim.run(of.of('ann'))).toEqual([reloads ? 'staff' : 'staff2']);
      await sim.advance(1_000);
      expect(await sim.run(of.of('ann'))).toEqual(['staff2']);
      await sim.advance(3_100_000);
      const began = sim.nowMs;
      await sim.run(of.of('ann'));
      expect(sim.nowMs - began).toBeGreaterThanOrEqual(50);
    }
  });

  test('that took long to find are logged', async () => {
    const said: string[] = [];
    const sim = new Simulation({ seed: 1, log: ({ message }) => said.push(message) });
    const { host } = sim.node('nn');
    const of = configuredGroups(
      { ...host, commands: taking(300)(host) },
      Configuration.of({ 'hadoop.security.groups.cache.warn.after.ms': 200 }),
    );
    await sim.run(of.of('ann'));
    expect(said).toEqual(['Potential performance problem: getGroups(user=ann) took 300 milliseconds.']);
  });

  test('the fixed mapping wins, and a name that would be an option is never handed to a program', async () => {
    const { sim, groups: of } = groups(() => answer('root'), 'dr.who=;bob=a,b');
    expect(await sim.run(of.of('bob'))).toEqual(['a', 'b']);
    expect(await sim.run(of.of('dr.who'))).toEqual([]);
    expect(await sim.run(of.of('-u'))).toEqual([]);
    expect(await sim.run(of.of('x;reboot'))).toEqual([]);
    expect(() => parseStaticMapping('a=b=c')).toThrow(/static.mapping/);
  });
});

describe('racks', () => {
  test('come from the script or the table, and are the default one when either fails', async () => {
    const sim = new Simulation({
      seed: 1,
      programs: { '/topology.sh': ([ip]) => (ip === '10.0.0.9' ? answer('', 1) : answer('/rack-a/\n')) },
    });
    const { host } = sim.node('nn');
    const script = new RackResolver(host, Configuration.of({ 'net.topology.script.file.name': '/topology.sh' }));
    expect(await sim.run(script.resolve('10.0.0.1'))).toBe('/rack-a');
    expect(await sim.run(script.resolve('10.0.0.9'))).toBe('/default-rack');
    await sim.run(host.disk.writeFileAtomic('/table', '# racks\n10.0.0.1 /dc/r1\nbroken\n10.0.0.2\t/dc/r2\n'));
    const keys = {
      'net.topology.table.file.name': '/table',
      'net.topology.node.switch.mapping.impl': 'org.apache.hadoop.net.TableMapping',
    };
    const table = new RackResolver(host, Configuration.of(keys));
    expect(await sim.run(table.resolve('10.0.0.2'))).toBe('/dc/r2');
    expect(await sim.run(table.resolve('10.0.0.3'))).toBe('/default-rack');
    const none = new RackResolver(host, Configuration.of({}));
    expect(none.cached('anything')).toBe('/default-rack');
    // The file of the mapping that was not chosen does not count.
    const other = new RackResolver(host, Configuration.of({ 'net.topology.table.file.name': '/table' }));
    expect(other.isConfigured).toBe(false);
    expect(
      () => new RackResolver(host, Configuration.of({ 'net.topology.node.switch.mapping.impl': 'org.example.Mine' })),
    ).toThrow(/no such mapping is known/);
  });

  test('of many are asked for in few runs of the script, and one that it does not know takes no other with it', async () => {
    const runs: (readonly string[])[] = [];
    const sim = new Simulation({
      seed: 1,
      programs: {
        '/topology.sh': (names) => {
          runs.push(names);
          return names.includes('bad') ? answer('', 1) : answer(names.map((name) => `/of-${name}`).join('\n'));
        },
      },
    });
    const { host } = sim.node('nn');
    const keys = { 'net.topology.script.file.name': '/topology.sh', 'net.topology.script.number.args': 3 };
    const racks = new RackResolver(host, Configuration.of(keys));
    const names = ['a', 'b', 'c', 'd', 'bad'];
    expect(await sim.run(Promise.all(names.map((name) => racks.resolve(name))))).toEqual([
      '/of-a',
      '/of-b',
      '/of-c',
      '/of-d',
      '/default-rack',
    ]);
    expect(runs).toEqual([['a'], ['b', 'c', 'd'], ['bad']]);
    runs.length = 0;
    expect(await sim.run(Promise.all(['e', 'bad', 'f'].map((name) => racks.locate({ ipAddr: name, hostName: name }))))).toEqual(
      ['/of-e', '/default-rack', '/of-f'],
    );
    expect(runs).toEqual([['e'], ['bad', 'f'], ['bad'], ['f']]);
  });

  test('that nobody can tell keep a DataNode out where that is asked for', async () => {
    const sim = new Simulation({ seed: 1, programs: { '/topology.sh': () => answer('', 1) } });
    const keys = {
      'net.topology.script.file.name': '/topology.sh',
      'dfs.namenode.reject-unresolved-dn-topology-mapping': true,
    };
    const racks = new RackResolver(sim.node('nn').host, Configuration.of(keys));
    await expect(sim.run(racks.locate({ ipAddr: '10.0.0.1', hostName: 'dn1' }))).rejects.toMatchObject({
      code: 'EUNRESOLVED',
      message: 'Unresolved topology mapping for host dn1',
    });
  });
});

describe('waiting for transactions', () => {
  test('everybody is called once, in order, whatever the order of asking', () => {
    const waiters = new TxWaiters();
    const called: number[] = [];
    for (const txid of [3, 1, 5, 2, 4]) waiters.add(txid, () => called.push(txid));
    waiters.advance(2);
    expect(called).toEqual([1, 2]);
    waiters.add(1, () => called.push(-1));
    waiters.advance(4);
    expect(called).toEqual([1, 2, -1, 3, 4]);
    const errors: (Error | undefined)[] = [];
    waiters.add(9, (error) => errors.push(error));
    waiters.fail(new Error('gone'));
    expect(called).toEqual([1, 2, -1, 3, 4, 5]);
    expect(errors[0]?.message).toBe('gone');
  });
});

describe('names of trash checkpoints', () => {
  test('are the local time, and read back', () => {
    const at = 1_764_244_805_000;
    expect(checkpointName(at)).toBe('251127120005');
    expect(checkpointTime('251127120005')).toBe(at);
    expect(checkpointTime('2511271200')).toBe(at - 5000);
    expect(checkpointTime('251127120005-3')).toBe(at);
    for (const other of ['Current', '2511', '259927120005', 'x51127120005']) expect(checkpointTime(other)).toBeUndefined();
    for (let ms = 0; ms < 3.15e12; ms += 37_777_777_000) {
      expect(checkpointTime(checkpointName(946_684_800_000 + ms))).toBe(946_684_800_000 + ms);
    }
  });
});
