// tuskfs rm <path...>
import { texts, type Verb } from './verb.ts';

export const rm: Verb = {
  name: 'rm',
  summary: 'remove, to the trash where the cluster has one',
  declare(command) {
    command
      .argument('<path...>', 'paths or patterns')
      .option('-r, --recursive', 'directories with all they hold')
      .option('-f, --force', 'a path that does not exist is fine')
      .option('--skip-trash', 'delete for good');
  },
  async run(context, [paths], options) {
    const hdfs = await context.hdfs();
    const force = options.force === true;
    await context.each(texts(paths), 'rm', async (item) => {
      if (item.stat === undefined && force) return;
      const { path } = item;
      const { trashPath } = await hdfs.rm(path, {
        recursive: options.recursive === true,
        force,
        skipTrash: options.skipTrash === true,
      });
      await context.answer({ path, trashPath }, () =>
        trashPath === undefined
          ? `${path} deleted`
          : `${path} moved to the trash; to restore: tuskfs mv ${quoted(trashPath)} ${quoted(path)}`,
      );
    });
  },
};

const quoted = (path: string): string => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
