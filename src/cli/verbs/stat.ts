// tuskfs stat <path...>

import { formatPermission } from '../../base/mode.ts';
import { humanSize, statJson } from '../human.ts';
import { formatSecond } from '../terminal.ts';
import { texts, type Verb } from './verb.ts';

export const stat: Verb = {
  name: 'stat',
  summary: 'everything known of a file or directory',
  declare(command) {
    command.argument('<path...>', 'paths or patterns').option('-b, --blocks', 'with the places of its blocks');
  },
  async run(context, [paths], { blocks }) {
    const hdfs = await context.hdfs();
    await context.each(texts(paths), 'stat', async (item) => {
      const found = item.found;
      const { terminal } = context;
      const locations = blocks === true && found.isFile ? await hdfs.blockLocations(item.path) : [];
      await context.answer({ ...statJson(item), ...(blocks === true ? { blocks: locations } : {}) }, () => {
        const lines = [
          item.path,
          `  type         ${found.isDirectory ? 'directory' : 'file'}`,
          `  permission   ${formatPermission(found.permission)} (${found.permission.toString(8).padStart(4, '0')})  ${found.owner}:${found.group}`,
          `  modified     ${formatSecond(terminal.localTime(found.mtimeMs))}`,
        ];
        if (found.isFile) {
          lines.push(
            `  read         ${formatSecond(terminal.localTime(found.atimeMs))}`,
            `  size         ${found.size} (${humanSize(found.size)})`,
            `  replication  ${found.replication}`,
            `  block size   ${humanSize(found.blockSize)}`,
          );
        }
        for (const { blockId, offset, length, names, corrupt } of locations) {
          lines.push(
            `  block        ${blockId} at ${offset}, ${length} bytes, on ${names.join(' ')}${corrupt ? ' (damaged)' : ''}`,
          );
        }
        return lines.join('\n');
      });
    });
  },
};
