// tuskfs doctor: looks at what a cluster needs from here, and says what to do about what is not well.
import { findings } from '../doctor/findings.ts';
import { EXIT } from '../errors.ts';
import type { Verb } from './verb.ts';

const MARKS = { ok: 'ok', warning: 'WARNING', failed: 'FAILED' } as const;

export const doctor: Verb = {
  name: 'doctor',
  summary: 'look for what is wrong: names, ports, clock, disks, permissions, reachability',
  declare(command) {
    command.option('--path <path>', 'whether this file or directory can be read, too');
  },
  async run(context, _args, { path }) {
    const { host, options } = context;
    const counts = { ok: 0, warning: 0, failed: 0 };
    const configuration = await context.files();
    const asked = {
      host,
      configuration: options.uri === undefined ? configuration : configuration.with({ 'fs.defaultFS': options.uri }),
      user: options.user,
      path: path === undefined ? undefined : String(path),
    };
    for await (const finding of findings(asked)) {
      const { area, state, what, fix } = finding;
      counts[state]++;
      await context.answer({ ...finding }, () => {
        const line = `${MARKS[state].padEnd(8)} ${area.padEnd(13)} ${what}`;
        return fix === undefined ? line : `${line}\n${''.padEnd(23)}${fix}`;
      });
    }
    if (counts.failed > 0) context.exitCode = EXIT.failed;
    if (!context.json) {
      const { ok, warning, failed } = counts;
      context.terminal.stdout.write(`${ok} well, ${warning} to look at, ${failed} failed\n`);
    }
  },
};
