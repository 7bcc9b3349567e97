// Asking before something is gone for good. Where nobody can answer, `--yes` has to.
import { HdfsError } from '../base/errors.ts';
import type { VerbContext } from './context.ts';
import { readLine } from './terminal.ts';

/**
 * Whether to go on. `needed`: without a terminal the command is refused rather than done, since nobody was asked.
 * Throws HdfsError EINVAL then.
 */
export async function confirmed(
  { terminal }: VerbContext,
  question: string,
  options: Readonly<Record<string, unknown>>,
  needed: boolean,
): Promise<boolean> {
  if (options.yes === true) return true;
  if (!terminal.interactive) {
    if (needed) throw new HdfsError('EINVAL', `${question} Nobody is there to say so: add --yes`);
    return true;
  }
  terminal.stderr.write(`${question} [y/N] `);
  return /^y(?:es)?$/i.test((await readLine(terminal))?.trim() ?? '');
}
