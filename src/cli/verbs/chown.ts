// tuskfs chown [-R] <owner>[:<group>] <path...>
import { HdfsError } from '../../base/errors.ts';
import { texts, type Verb } from './verb.ts';
import { below } from './walk.ts';

export const chown: Verb = {
  name: 'chown',
  summary: 'change owner and group',
  declare(command) {
    command
      .argument('<owner>', 'OWNER, OWNER:GROUP or :GROUP')
      .argument('<path...>', 'paths or patterns')
      .option('-R, --recursive', 'everything below, too');
  },
  async run(context, [owner, paths], { recursive }) {
    const match = /^([^:\s]+)?(?::([^:\s]+)?)?$/.exec(String(owner));
    const user = match?.[1];
    const group = match?.[2];
    if (user === undefined && group === undefined)
      throw new HdfsError('EINVAL', `${String(owner)} names neither owner nor group`);
    await context.each(texts(paths), 'chown', async (top) => {
      for await (const item of below(top, recursive === true)) {
        const { owner: ownerNow, group: groupNow } = item.found;
        if ((user ?? ownerNow) === ownerNow && (group ?? groupNow) === groupNow) continue;
        await item.fs.chown(item.path, user, group);
        const changed = { owner: user ?? ownerNow, group: group ?? groupNow };
        await context.answer({ path: item.path, ...changed }, () => `${item.path}  ${changed.owner}:${changed.group}`);
      }
    });
  },
};
