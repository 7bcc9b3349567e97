// tuskfs touch <path...>
import { texts, type Verb } from './verb.ts';

export const touch: Verb = {
  name: 'touch',
  summary: 'make empty files, or set the times of what exists to now',
  declare(command) {
    command
      .argument('<path...>', 'paths or patterns')
      .option('-c, --no-create', 'leave alone what does not exist')
      .option('-n, --dry-run', 'only say what would be done');
  },
  async run(context, [paths], { create, dryRun }) {
    await context.each(texts(paths), 'touch', async ({ fs, path, stat }) => {
      if (stat === undefined && create === false) return;
      const made = stat === undefined;
      if (dryRun !== true) {
        if (made) await fs.write(path, nothing(), { overwrite: false, signal: context.terminal.interrupted });
        else {
          const now = context.host.clock.now();
          await fs.setTimes(path, now, now);
        }
      }
      const would = dryRun === true ? 'would be ' : '';
      await context.answer({ path, made, dryRun: dryRun === true || undefined }, () =>
        made ? `${path} ${would}made` : `${path} ${would}touched`,
      );
    });
  },
};

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // An empty file has no bytes.
}
