// tuskfs chmod [-R] <mode> <path...>
import { HdfsError } from '../../base/errors.ts';
import { formatPermission } from '../../base/mode.ts';
import { parseMode } from '../shell/permissions.ts';
import { texts, type Verb } from './verb.ts';
import { below } from './walk.ts';

export const chmod: Verb = {
  name: 'chmod',
  summary: 'change permissions',
  declare(command) {
    command
      .argument('<mode>', 'octal (755, 1777) or changes (u+x,g-w)')
      .argument('<path...>', 'paths or patterns')
      .option('-R, --recursive', 'everything below, too');
  },
  async run(context, [mode, paths], { recursive }) {
    const change = parseMode(String(mode));
    if (change === undefined) throw new HdfsError('EINVAL', `${String(mode)} is no mode; use octal digits or u+x,g-w`);
    await context.each(texts(paths), 'chmod', async (top) => {
      for await (const item of below(top, recursive === true)) {
        const { permission, isDirectory } = item.found;
        const changed = change(permission, isDirectory);
        if (changed === permission) continue;
        await item.fs.chmod(item.path, changed);
        await context.answer(
          { path: item.path, mode: changed.toString(8).padStart(4, '0') },
          () => `${item.path}  ${formatPermission(permission)} -> ${formatPermission(changed)}`,
        );
      }
    });
  },
};
