// tuskfs rmdir <path...>
import { HdfsError } from '../../base/errors.ts';
import { texts, type Verb } from './verb.ts';

export const rmdir: Verb = {
  name: 'rmdir',
  summary: 'remove empty directories',
  declare(command) {
    command.argument('<path...>', 'paths or patterns').option('-n, --dry-run', 'only say what would be removed');
  },
  async run(context, [paths], { dryRun }) {
    await context.each(texts(paths), 'rmdir', async (item) => {
      const { fs, path } = item;
      if (!item.found.isDirectory) throw new HdfsError('ENOTDIR', `${path} is no directory`, { path });
      for await (const { name } of fs.list(path)) {
        throw new HdfsError('ENOTEMPTY', `${path} is not empty: ${name} is in it; rm -r removes it with all it holds`, {
          path,
        });
      }
      if (dryRun === true) {
        await context.answer({ path, dryRun: true }, () => `would remove ${path}`);
        return;
      }
      // Not recursively: what has come meanwhile is not removed with it.
      if (!(await fs.delete(path, false))) throw new HdfsError('EIO', `${path} cannot be removed`, { path });
      await context.answer({ path }, () => `${path} removed`);
    });
  },
};
