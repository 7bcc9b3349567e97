// tuskfs safemode get|enter|leave|wait
import type { HdfsAdmin } from '../../client/admin.ts';
import { confirmed } from '../confirm.ts';
import type { VerbContext } from '../context.ts';
import { EXIT } from '../errors.ts';
import { oneOf, type Verb, type VerbOptions, wholeNumber } from './verb.ts';

const ACTIONS = ['get', 'enter', 'leave', 'wait'] as const;
const POLL_MS = 500;

export const safemode: Verb = {
  name: 'safemode',
  summary: 'while it is on nothing can be changed: get, enter, leave, wait',
  declare(command) {
    command
      .argument('[action]', `${ACTIONS.join(', ')}; get when none is given`)
      .option('--timeout <seconds>', 'wait: no longer than this', wholeNumber())
      .option('-n, --dry-run', 'enter, leave: only say what would be done')
      .option('-y, --yes', 'enter: without asking');
  },
  async run(context, [word], options) {
    const action = oneOf(ACTIONS, word ?? 'get');
    const admin = await context.admin();
    if (action === 'get') return answer(context, await admin.safeMode('get'));
    if (action === 'wait') return wait(context, admin, options);
    const wanted = action === 'enter';
    if (options.dryRun === true) {
      const on = await admin.safeMode('get');
      const would = on === wanted ? `is ${on ? 'on' : 'off'} already` : `would be turned ${wanted ? 'on' : 'off'}`;
      await context.answer({ safeMode: on, wouldBe: wanted, dryRun: true }, () => `Safe mode ${would}`);
      return;
    }
    if (wanted && !(await confirmed(context, 'Refuse all changes until safe mode is left again?', options, false))) return;
    return answer(context, await admin.safeMode(action));
  },
};

function answer(context: VerbContext, on: boolean): Promise<void> {
  return context.answer({ safeMode: on }, () => (on ? 'Safe mode is on: nothing can be changed' : 'Safe mode is off'));
}

async function wait(context: VerbContext, admin: HdfsAdmin, { timeout }: VerbOptions): Promise<void> {
  const { clock } = context.host;
  const until = typeof timeout === 'number' ? clock.monotonic() + timeout * 1000 : Number.POSITIVE_INFINITY;
  for (;;) {
    const on = await admin.safeMode('get');
    if (!on || clock.monotonic() >= until) {
      await answer(context, on);
      if (on) context.exitCode = EXIT.failed;
      return;
    }
    await clock.sleep(Math.min(POLL_MS, Math.max(1, until - clock.monotonic())), context.terminal.interrupted);
  }
}
