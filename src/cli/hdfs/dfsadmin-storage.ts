// hdfs dfsadmin -restoreFailedStorage, -finalizeUpgrade, -upgrade and -rollingUpgrade: the NameNode's storage directories. Apache: DFSAdmin.
import type { HdfsAdmin, RollingUpgrade, RollingUpgradeAction } from '../../client/admin.ts';
import { javaDate, type Terminal } from '../terminal.ts';
import { FAILED, usage } from './dfsadmin-usage.ts';

export async function restoreFailedStorage(terminal: Terminal, admin: HdfsAdmin, args: readonly string[]): Promise<number> {
  if (args.length !== 1) return usage(terminal, '-restoreFailedStorage true|false|check');
  const [what] = args;
  if (what !== 'true' && what !== 'false' && what !== 'check') {
    terminal.stderr.write('restoreFailedStorage valid args are true|false|check\n');
    return FAILED;
  }
  terminal.stdout.write(`restoreFailedStorage is set to ${await admin.restoreFailedStorage(what)}\n`);
  return 0;
}

export async function finalizeUpgrade(terminal: Terminal, admin: HdfsAdmin, args: readonly string[]): Promise<number> {
  if (args.length !== 0) return usage(terminal, '-finalizeUpgrade');
  await admin.finalizeUpgrade();
  terminal.stdout.write('Finalize upgrade successful\n');
  return 0;
}

export async function upgrade(terminal: Terminal, admin: HdfsAdmin, args: readonly string[]): Promise<number> {
  if (args.length !== 1) return usage(terminal, '-upgrade query | finalize');
  switch (args[0]?.toLowerCase()) {
    case 'query':
      terminal.stdout.write(`Upgrade ${(await admin.isUpgradeFinalized()) ? '' : 'not '}finalized\n`);
      return 0;
    case 'finalize':
      return finalizeUpgrade(terminal, admin, []);
    default:
      return usage(terminal, '-upgrade query | finalize');
  }
}

export const ROLLING_USAGE = '-rollingUpgrade [<query|prepare|finalize>]';

const ROLLING_WORDS: Readonly<Record<string, RollingUpgradeAction>> = {
  '': 'query',
  query: 'query',
  prepare: 'prepare',
  finalize: 'finalize',
};

export async function rollingUpgrade(terminal: Terminal, admin: HdfsAdmin, args: readonly string[]): Promise<number> {
  if (args.length > 1) return usage(terminal, ROLLING_USAGE);
  const [word = ''] = args;
  const key = word.toLowerCase();
  const action = Object.hasOwn(ROLLING_WORDS, key) ? ROLLING_WORDS[key] : undefined;
  if (action === undefined) {
    terminal.stderr.write(`rollingUpgrade: Failed to convert "${word}" to RollingUpgradeAction\n`);
    return usage(terminal, ROLLING_USAGE);
  }
  terminal.stdout.write(`${action.toUpperCase()} rolling upgrade ...\n`);
  const found = await admin.rollingUpgrade(action);
  terminal.stdout.write(found === undefined ? NO_ROLLING_UPGRADE : rollingText(terminal, found));
  return 0;
}

const NO_ROLLING_UPGRADE = 'There is no rolling upgrade in progress or rolling upgrade has already been finalized.\n';
const PREPARING =
  'Preparing for upgrade. Data is being saved for rollback.\n' +
  'Run "dfsadmin -rollingUpgrade query" to check the status\nfor proceeding with rolling upgrade';

function rollingText(terminal: Terminal, { blockPoolId, startMs, finalizeMs, canRollBack }: RollingUpgrade): string {
  const isFinal = finalizeMs !== 0;
  if (startMs === 0) return NO_ROLLING_UPGRADE;
  const moment = (ms: number, none: string): string => (ms === 0 ? none : `${javaDate(terminal, ms)} (=${ms})`);
  return [
    isFinal ? 'Rolling upgrade is finalized.' : canRollBack ? 'Proceed with rolling upgrade:' : PREPARING,
    `  Block Pool ID: ${blockPoolId}`,
    `     Start Time: ${moment(startMs, '<NOT STARTED>')}`,
    `  Finalize Time: ${moment(finalizeMs, '<NOT FINALIZED>')}`,
    '',
  ].join('\n');
}
