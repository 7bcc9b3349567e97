// Empties the trash: every user's `.Trash/Current` becomes a checkpoint named after the local time, and checkpoints
// older than the interval are removed. Apache: TrashPolicyDefault.Emptier. `Current` itself is never removed.
//
// A clock that jumps forward must not empty anybody's trash: when the wall clock has run ahead of the monotonic one since
// the last round, emptying waits one whole interval, and says so.
import { utf8 } from '../../base/bytes.ts';
import { HdfsError, messageOf } from '../../base/errors.ts';
import { NO_RPC_IDS } from '../../core/edits/ops.ts';
import { type InodeHandle, InodeType } from '../../core/namespace/inodes.ts';
import { checkDelete } from '../../core/namespace/ops/delete.ts';
import { checkRename2 } from '../../core/namespace/ops/rename.ts';
import { resolvePath } from '../../core/namespace/resolve.ts';
import type { Timer } from '../../host/host.ts';
import type { NameSystem } from './namesystem.ts';

/** Apache: TrashPolicyDefault's directory names. */
const TRASH = '.Trash';
const CURRENT = 'Current';
const HOMES = '/user';
/** How far the two clocks may part between two rounds before it counts as a jump. */
const JUMP_MS = 60_000;
/** Names tried for a checkpoint of the same second, as Apache does. */
const NAME_TRIES = 1000;
/** Users emptied in one turn. */
const USERS_PER_TURN = 100;

const two = (value: number): string => String(value).padStart(2, '0');

/** Days since 1970 of a date of the Gregorian calendar. */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

/** Name of a checkpoint made at that local time: yyMMddHHmmss. */
export function checkpointName(localMs: number): string {
  const days = Math.floor(localMs / 86_400_000);
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const seconds = Math.floor((localMs - days * 86_400_000) / 1000);
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return [year % 100, month, day, ...time].map(two).join('');
}

/** Local time in a checkpoint's name, milliseconds; undefined for any other name. Old ones have no seconds. */
export function checkpointTime(name: string): number | undefined {
  const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(-\d+)?$/.exec(name);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? '0')) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  return ((daysOf(2000 + year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000;
}

export interface TrashEmptierOptions {
  /** fs.trash.interval: age at which a checkpoint goes. */
  readonly intervalMs: number;
  /** fs.trash.checkpoint.interval; 0 or more than the interval: the interval. */
  readonly checkpointIntervalMs: number;
  /** fs.trash.clean.trashroot.enable: what lies beside the checkpoints goes at once. */
  readonly cleansRoot?: boolean;
}

export class TrashEmptier {
  private readonly system: NameSystem;
  private readonly intervalMs: number;
  private readonly periodMs: number;
  private readonly cleansRoot: boolean;
  private timer: Timer | undefined;
  private lastWallMs: number;
  private lastMonotonicMs: number;
  private waitUntilMs = 0;

  constructor(system: NameSystem, options: TrashEmptierOptions) {
    this.system = system;
    this.intervalMs = options.intervalMs;
    this.cleansRoot = options.cleansRoot ?? false;
    const checkpoint = options.checkpointIntervalMs;
    this.periodMs = checkpoint <= 0 || checkpoint > options.intervalMs ? options.intervalMs : checkpoint;
    this.lastWallMs = system.host.clock.now();
    this.lastMonotonicMs = system.host.clock.monotonic();
  }

  /** Does nothing while the trash is off. */
  start(): void {
    if (this.intervalMs > 0) this.schedule();
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** Rounds fall on whole multiples of the period by the wall clock, as Apache's: a restart does not put them off. */
  private schedule(): void {
    const now = this.system.host.clock.now();
    const delay = this.periodMs - (((now % this.periodMs) + this.periodMs) % this.periodMs);
    this.timer = this.system.host.clock.setTimer(delay, () => {
      this.schedule();
      this.round().catch((error: unknown) =>
        this.system.host.log.log('error', 'trash', `emptying failed: ${messageOf(error)}`),
      );
    });
  }

  /** Empties what is due, and makes new checkpoints. */
  async round(): Promise<void> {
    const { namespace: ns, host, blockManager } = this.system;
    if (blockManager.safeMode.isOn) return;
    const now = this.system.now();
    const jump = now.wallMs - this.lastWallMs - (now.monotonicMs - this.lastMonotonicMs);
    this.lastWallMs = now.wallMs;
    this.lastMonotonicMs = now.monotonicMs;
    if (jump > JUMP_MS) {
      this.waitUntilMs = now.monotonicMs + this.intervalMs;
      host.log.log(
        'warn',
        'trash',
        `the clock ran ${Math.round(jump / 1000)} s ahead: the trash is not emptied for ${this.intervalMs / 60_000} min`,
      );
    }
    const mayEmpty = now.monotonicMs >= this.waitUntilMs;
    const homes = resolvePath(ns, this.system.root, HOMES, 'readLink').last;
    if (homes === 0 || ns.inodes.type(homes) !== InodeType.DIRECTORY) return;
    let after: Uint8Array | undefined;
    for (;;) {
      const users: Uint8Array[] = [];
      ns.inodes.forEachChild(homes, after, (child: InodeHandle) => {
        users.push(ns.inodes.name(child));
        return users.length < USERS_PER_TURN;
      });
      for (const user of users) this.emptyOne(`${HOMES}/${utf8(user)}/${TRASH}`, mayEmpty);
      after = users.at(-1);
      if (after === undefined) return;
      await new Promise<void>((resolve) => host.clock.defer(resolve));
    }
  }

  private emptyOne(trash: string, mayEmpty: boolean): void {
    const { namespace: ns, host } = this.system;
    try {
      const root = resolvePath(ns, this.system.root, trash, 'readLink').last;
      if (root === 0 || ns.inodes.type(root) !== InodeType.DIRECTORY) return;
      if (mayEmpty) for (const name of this.expired(root)) this.remove(`${trash}/${name}`);
      this.checkpoint(trash);
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      host.log.log('warn', 'trash', `cannot empty ${trash}: ${error.message}`);
    }
  }

  private expired(root: InodeHandle): string[] {
    const { namespace: ns } = this.system;
    const localNow = this.localNow();
    const found: string[] = [];
    ns.inodes.forEachChild(root, undefined, (child) => {
      const name = utf8(ns.inodes.name(child));
      const made = checkpointTime(name);
      if (made === undefined ? this.cleansRoot && name !== CURRENT : localNow - made > this.intervalMs) found.push(name);
      return true;
    });
    return found;
  }

  private remove(path: string): void {
    const { namespace: ns, root } = this.system;
    const now = this.system.now();
    this.system.commit(checkDelete(ns, root, { path, recursive: true, rpc: NO_RPC_IDS }, now.wallMs).ops, now);
    this.system.host.log.log('info', 'trash', `removed ${path}`);
  }

  /** `Current` becomes a checkpoint of this moment. */
  private checkpoint(trash: string): void {
    const { namespace: ns, root } = this.system;
    const source = `${trash}/${CURRENT}`;
    if (resolvePath(ns, root, source, 'readLink').last === 0) return;
    const now = this.system.now();
    const base = `${trash}/${checkpointName(this.localNow())}`;
    for (let tries = 0; tries < NAME_TRIES; tries++) {
      const destination = tries === 0 ? base : `${base}-${tries}`;
      if (resolvePath(ns, root, destination, 'readLink').last !== 0) continue;
      const { ops } = checkRename2(
        ns,
        root,
        { source, destination, rpc: NO_RPC_IDS },
        { overwrite: false, toTrash: false },
        now.wallMs,
      );
      this.system.commit(ops, now);
      return;
    }
  }

  private localNow(): number {
    const { host } = this.system;
    const now = host.clock.now();
    return now + host.machine.utcOffsetMinutes(now) * 60_000;
  }
}
