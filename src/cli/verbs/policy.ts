// tuskfs policy ls|get|set|unset: on which types of storage the replicas below a path lie.
import { HdfsError } from '../../base/errors.ts';
import { columns } from '../human.ts';
import { oneOf, texts, type Verb } from './verb.ts';

const ACTIONS = ['ls', 'get', 'set', 'unset'] as const;

export const policy: Verb = {
  name: 'policy',
  summary: 'storage policies: ls, get, set, unset',
  declare(command) {
    command
      .argument('<action>', ACTIONS.join(', '))
      .argument('[args...]', 'for set the name of a policy; then paths or patterns')
      .option('-n, --dry-run', 'set, unset: only say what would be done');
  },
  async run(context, [word, args], { dryRun }) {
    const action = oneOf(ACTIONS, word);
    const { storagePolicies } = await context.hdfs();
    const known = await storagePolicies.list();
    if (action === 'ls') {
      const rows = [['Policy', 'Replicas on', 'Else on']];
      for (const { name, storageTypes, creationFallbacks, replicationFallbacks } of known) {
        if (context.json) {
          await context.answer({ name, storageTypes, creationFallbacks, replicationFallbacks }, () => '');
        } else rows.push([name, storageTypes.join(', '), replicationFallbacks.join(', ')]);
      }
      if (!context.json) context.terminal.stdout.write(`${columns(rows).join('\n')}\n`);
      return;
    }
    const paths = [...texts(args)];
    const name = action === 'set' ? (paths.shift() ?? '').toUpperCase() : '';
    if (action === 'set' && !known.some((each) => each.name === name)) {
      throw new HdfsError('EINVAL', `${name} is none of ${known.map((each) => each.name).join(', ')}`);
    }
    if (paths.length === 0) throw new HdfsError('EINVAL', `policy ${action} needs a path`);
    await context.each(paths, `policy ${action}`, async (item) => {
      const { path } = item;
      // It says that there is nothing, in the words of all verbs.
      void item.found;
      if (dryRun === true && action !== 'get') {
        await context.answer({ path, policy: name === '' ? null : name, dryRun: true }, () => `would ${action} ${path}`);
        return;
      }
      if (action === 'set') await storagePolicies.set(path, name);
      if (action === 'unset') await storagePolicies.unset(path);
      const now = await storagePolicies.of(path);
      await context.answer({ path, policy: now.name, storageTypes: now.storageTypes }, () => `${path}  ${now.name}`);
    });
  },
};
