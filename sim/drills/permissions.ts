// NS8: users with and without groups try what they may do and what not, in directories of all kinds of modes and lists. What
// they are answered is compared with a reference function (predicates/authz.ts) of what the drill itself has set up.
import type { AclEntry } from '../../src/client/acl.ts';
import type { Hdfs } from '../../src/client/index.ts';
import { type Guarded, mayDo, type Place, type Subject } from '../predicates/authz.ts';
import type { Drill, Stage } from './stage.ts';

const ROUNDS = 20;
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  hdfs: ['supergroup'],
  alice: ['users', 'red'],
  bob: ['users', 'blue'],
  carol: ['blue'],
  dave: [],
};
const USERS = Object.keys(GROUPS);
const ALL_GROUPS = ['users', 'red', 'blue'];
/** The root and /shared, which everybody may write to. */
const ROOT: Guarded = { owner: 'hdfs', group: 'supergroup', mode: 0o755 };
const SHARED: Guarded = { owner: 'hdfs', group: 'supergroup', mode: 0o777 };

const subjectOf = (user: string): Subject => ({ user, groups: GROUPS[user] ?? [], superuser: user === 'hdfs' });

interface Made {
  readonly path: string;
  readonly place: Place;
}

class Trials {
  private readonly stage: Stage;
  private readonly clients: ReadonlyMap<string, Hdfs>;
  private readonly random;

  constructor(stage: Stage, clients: ReadonlyMap<string, Hdfs>) {
    this.stage = stage;
    this.clients = clients;
    this.random = stage.simulation.random('permissions');
  }

  private get root(): Hdfs {
    return this.clients.get('hdfs') as Hdfs;
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.random.below(from.length)] as T;
  }

  /** A directory in another, with an owner, a mode and perhaps a list of its own. */
  async make(above: readonly Guarded[], parent: string, least = 0): Promise<Made> {
    const { stage, random, root } = this;
    const path = `${parent}/${stage.ledger.freshName('p')}`;
    await this.record('mkdir', path, undefined, () => root.mkdir(path));
    const owner = this.pick(USERS);
    const group = this.pick(ALL_GROUPS);
    const mode = least | random.below(0o1000) | (random.below(2) === 0 ? 0o1000 : 0);
    await stage.run(root.chown(path, { user: owner, group }));
    await this.record('chmod', path, mode.toString(8), () => root.chmod(path, mode));
    const bits = { owner, group, mode };
    const self = random.below(2) === 0 ? bits : await this.list(path, bits);
    return { path, place: { above, self } };
  }

  private async list(path: string, { owner, group, mode }: Guarded): Promise<Guarded> {
    const { random, stage, root } = this;
    const some = (names: readonly string[]): Map<string, number> =>
      new Map(names.filter(() => random.below(2) === 0).map((name) => [name, random.below(8)]));
    const [users, groups] = [some(USERS.slice(1)), some(ALL_GROUPS)];
    users.set('dave', random.below(8));
    const [owningGroup, mask] = [random.below(8), random.below(8)];
    const entry = (type: AclEntry['type'], name: string | undefined, permission: number): AclEntry => ({
      scope: 'access',
      type,
      name,
      permission,
    });
    const entries = [
      entry('user', undefined, (mode >> 6) & 7),
      ...[...users].map(([name, bits]) => entry('user', name, bits)),
      entry('group', undefined, owningGroup),
      ...[...groups].map(([name, bits]) => entry('group', name, bits)),
      entry('mask', undefined, mask),
      entry('other', undefined, mode & 7),
    ];
    await stage.run(root.acl.set(path, entries));
    return { owner, group, mode: (mode & ~0o070) | (mask << 3), list: { users, groups, owningGroup, mask } };
  }

  private record(
    kind: 'mkdir' | 'chmod' | 'delete' | 'rename',
    path: string,
    to: string | undefined,
    work: () => Promise<unknown>,
  ) {
    return this.stage.run(this.stage.ledger.call(this.stage.actor, kind, path, to, work));
  }

  /** Compares the answer with what it should be. */
  private async judge(what: string, user: string, may: boolean, work: () => Promise<unknown>): Promise<void> {
    const { stage } = this;
    const outcome = await stage.run(stage.begin(work()));
    const detail = (): string => `${user} ${may ? 'may' : 'may not'} ${what}, and is answered ${outcome}`;
    stage.cluster.violations.check(outcome === (may ? 'ok' : 'EACCES'), 'NS8', detail);
  }

  async round(): Promise<void> {
    const { stage, clients } = this;
    const { ledger, actor } = stage;
    // Mostly there is a way through it.
    const outer = await this.make([ROOT, SHARED], '/shared', 0o111);
    const inner = await this.make([...outer.place.above, outer.place.self], outer.path);
    const below = [...inner.place.above, inner.place.self];
    for (const user of USERS) {
      const fs = clients.get(user) as Hdfs;
      const subject = subjectOf(user);
      const victim = await this.make(below, inner.path);
      const { path, place } = victim;
      const mode = place.self.mode.toString(8);
      const call = (
        kind: 'mkdir' | 'chmod' | 'delete' | 'rename',
        at: string,
        to: string | undefined,
        work: () => Promise<unknown>,
      ) => ledger.call(actor, kind, at, to, work);
      await this.judge(`list ${inner.path}`, user, mayDo(subject, { kind: 'list', at: inner.place }), () =>
        fs.readdir(inner.path),
      );
      const made = `${inner.path}/${ledger.freshName('m')}`;
      await this.judge(`make ${made}`, user, mayDo(subject, { kind: 'put', into: inner.place }), () =>
        call('mkdir', made, undefined, () => fs.mkdir(made)),
      );
      await this.judge(`change the mode of ${path}`, user, mayDo(subject, { kind: 'chmod', at: place }), () =>
        call('chmod', path, mode, () => fs.chmod(path, place.self.mode)),
      );
      const to = `${outer.path}/${ledger.freshName('t')}`;
      const moves = mayDo(subject, { kind: 'move', at: place, into: outer.place });
      await this.judge(`move ${path} to ${to}`, user, moves, () => call('rename', path, to, () => fs.rename(path, to)));
      const other = await this.make(below, inner.path);
      await this.judge(`delete ${other.path}`, user, mayDo(subject, { kind: 'remove', at: other.place }), () =>
        call('delete', other.path, undefined, () => fs.rm(other.path, { recursive: true, skipTrash: true })),
      );
    }
  }
}

export const PERMISSION_DRILLS = {
  permissions: {
    says: 'users try what they may do and what not, under modes, lists and sticky bits',
    keys: {
      'hadoop.user.group.static.mapping.overrides': Object.entries(GROUPS)
        .map(([user, groups]) => `${user}=${groups.join(',')}`)
        .join(';'),
    },
    async play(stage) {
      const clients = new Map<string, Hdfs>();
      const machine = stage.simulation.node('client0');
      for (const user of USERS) clients.set(user, await stage.run(stage.cluster.connect(machine, user)));
      const trials = new Trials(stage, clients);
      for (let round = 0; round < ROUNDS; round++) await trials.round();
    },
  },
} as const satisfies Readonly<Record<string, Drill>>;
