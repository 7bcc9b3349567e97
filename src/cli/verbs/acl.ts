// tuskfs acl get|set|modify|remove|clear [-R] [--default] [spec] <path...>
import { HdfsError } from '../../base/errors.ts';
import { formatAclEntry } from '../../client/index.ts';
import type { VerbContext } from '../context.ts';
import { aclsOf, fullAcl } from '../shell/commands/acl.ts';
import type { Item } from '../shell/item.ts';
import { oneOf, texts, type Verb } from './verb.ts';
import { below } from './walk.ts';

const ACTIONS = ['get', 'set', 'modify', 'remove', 'clear'] as const;
type Action = (typeof ACTIONS)[number];

const TAKES_SPEC: ReadonlySet<Action> = new Set(['set', 'modify', 'remove']);

export const acl: Verb = {
  name: 'acl',
  summary: 'access control lists: get, set, modify, remove, clear',
  declare(command) {
    command
      .argument('<action>', ACTIONS.join(', '))
      .argument('<args...>', 'for set, modify and remove a list (user:ann:rwx,default:group:g:r-x); then paths or patterns')
      .option('-R, --recursive', 'everything below, too')
      .option('--default', 'clear: only what passes to new files');
  },
  async run(context, [word, args], { recursive, default: onlyDefault }) {
    const action = oneOf(ACTIONS, word);
    const paths = [...texts(args)];
    const spec = TAKES_SPEC.has(action) ? (paths.shift() ?? '') : '';
    if (paths.length === 0) throw new HdfsError('EINVAL', `acl ${action} needs a path`);
    await context.each(paths, `acl ${action}`, async (top) => {
      for await (const item of below(top, recursive === true)) {
        if (action !== 'get') await change(item, action, spec, onlyDefault === true);
        await answer(context, item);
      }
    });
  },
};

async function change(item: Item, action: Exclude<Action, 'get'>, spec: string, onlyDefault: boolean): Promise<void> {
  const acls = aclsOf(item, `acl ${action}`);
  switch (action) {
    case 'set':
      await acls.set(item.path, spec);
      break;
    case 'modify':
      await acls.modify(item.path, spec);
      break;
    case 'remove':
      await acls.remove(item.path, spec);
      break;
    case 'clear':
      await (onlyDefault ? acls.removeDefault(item.path) : acls.clear(item.path));
      break;
  }
  await item.refresh();
}

async function answer(context: VerbContext, item: Item): Promise<void> {
  const { owner, group, permission, hasAcl } = item.found;
  const stored = hasAcl ? (await aclsOf(item, 'acl get').get(item.path)).entries : [];
  const entries = fullAcl(permission, stored).map(formatAclEntry);
  const mode = permission.toString(8).padStart(4, '0');
  await context.answer({ path: item.path, owner, group, mode, entries }, () =>
    [`${item.path}  ${owner}:${group}`, ...entries.map((entry) => `  ${entry}`)].join('\n'),
  );
}
