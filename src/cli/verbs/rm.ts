// tuskfs rm <path...>
import { HdfsError } from '../../base/errors.ts';
import { confirmed } from '../confirm.ts';
import { texts, type Verb } from './verb.ts';

export const rm: Verb = {
  name: 'rm',
  summary: 'remove, to the trash where the cluster has one',
  declare(command) {
    command
      .argument('<path...>', 'paths or patterns')
      .option('-r, --recursive', 'directories with all they hold')
      .option('-f, --force', 'a path that does not exist is fine')
      .option('--skip-trash', 'delete for good; a person is asked before a directory goes')
      .option('-n, --dry-run', 'only say what would be removed')
      .option('-y, --yes', 'without asking');
  },
  async run(context, [paths], options) {
    const hdfs = await context.hdfs();
    const force = options.force === true;
    const recursive = options.recursive === true;
    const skipTrash = options.skipTrash === true;
    await context.each(texts(paths), 'rm', async (item) => {
      if (item.stat === undefined && force) return;
      const { path, stat } = item;
      // Without a word to the NameNode what is not there is told here.
      const isDirectory = (options.dryRun === true ? item.found : stat)?.isDirectory === true;
      if (isDirectory && !recursive) {
        throw new HdfsError('EISDIR', `${path} is a directory; add -r to remove it with all it holds`, { path });
      }
      if (options.dryRun === true) {
        await context.answer({ path, dryRun: true }, () => `would remove ${path}`);
        return;
      }
      if (isDirectory && skipTrash) {
        if (!(await confirmed(context, `Delete ${path} with all it holds for good?`, options, false))) return;
      }
      const { trashPath } = await hdfs.rm(path, { recursive, force, skipTrash });
      await context.answer({ path, trashPath }, () =>
        trashPath === undefined
          ? `${path} deleted`
          : `${path} moved to the trash; to restore: tuskfs trash restore ${quoted(trashPath)}`,
      );
    });
  },
};

const quoted = (path: string): string => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
