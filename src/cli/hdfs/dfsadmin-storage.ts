// hdfs dfsadmin -restoreFailedStorage, -finalizeUpgrade and -upgrade: the NameNode's storage directories. Apache: DFSAdmin.
import type { HdfsAdmin } from '../../client/admin.ts';
import type { Terminal } from '../terminal.ts';

const FAILED = 255;

function usage(terminal: Terminal, line: string): number {
  terminal.stderr.write(`Usage: hdfs dfsadmin [${line}]\n`);
  return FAILED;
}

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
