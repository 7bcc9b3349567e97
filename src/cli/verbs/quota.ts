// tuskfs quota ls|set|clear <path...>
import { HdfsError } from '../../base/errors.ts';
import { LONG_MAX } from '../../base/ids.ts';
import { LIMITED_STORAGE_TYPES, type LimitedStorageType, type QuotaUsage } from '../../client/index.ts';
import { parseSize } from '../../config/values.ts';
import { columns, humanSize } from '../human.ts';
import { oneOf, texts, type Verb, type VerbOptions } from './verb.ts';

const ACTIONS = ['ls', 'set', 'clear'] as const;

interface Limits {
  readonly names: number | undefined;
  readonly space: number | undefined;
  readonly type: LimitedStorageType | undefined;
}

export const quota: Verb = {
  name: 'quota',
  summary: 'limits on names and space below directories: ls, set, clear',
  declare(command) {
    command
      .argument('<action>', ACTIONS.join(', '))
      .argument('<path...>', 'directories or patterns')
      .option('--names <n>', 'set: most names, the directory itself included')
      .option('--space <size>', 'set: most bytes of all replicas, such as 10g')
      .option('--only <limit>', 'clear: names or space, and not both')
      .option('--type <type>', `the space on storages of this type: ${LIMITED_STORAGE_TYPES.join(', ')}`)
      .option('-n, --dry-run', 'set, clear: only say what would be done');
  },
  async run(context, [word, paths], options) {
    const action = oneOf(ACTIONS, word);
    const { quotas } = await context.hdfs();
    const limits = action === 'set' ? limitsOf(options) : undefined;
    const type = action === 'ls' ? undefined : typeOf(options);
    const only = options.only ?? (type === undefined ? undefined : 'space');
    if (only !== undefined && only !== 'names' && only !== 'space')
      throw new HdfsError('EINVAL', '--only takes names or space');
    if (only === 'names' && type !== undefined) throw new HdfsError('EINVAL', TYPE_IS_SPACE);
    await context.each(texts(paths), `quota ${action}`, async (item) => {
      const { path } = item;
      if (!item.found.isDirectory) throw new HdfsError('ENOTDIR', `${path} is no directory: only those have limits`, { path });
      const dryRun = options.dryRun === true && action !== 'ls';
      if (limits !== undefined && !dryRun) {
        if (limits.names !== undefined) await quotas.setNames(path, limits.names);
        if (limits.space !== undefined) await quotas.setSpace(path, limits.space, { type: limits.type });
      }
      if (action === 'clear' && !dryRun) {
        if (only !== 'space') await quotas.setNames(path, undefined);
        if (only !== 'names') await quotas.setSpace(path, undefined, { type });
      }
      if (dryRun) {
        await context.answer({ path, ...limits, dryRun: true }, () => `would ${action} the limits of ${path}`);
        return;
      }
      const usage = await quotas.usage(path);
      await context.answer(usageJson(path, usage), () => usageText(path, usage));
    });
  },
};

const TYPE_IS_SPACE = '--type goes with space, not with names';

function typeOf({ type }: VerbOptions): LimitedStorageType | undefined {
  const known = LIMITED_STORAGE_TYPES.find((each) => each === String(type).toUpperCase());
  if (type !== undefined && known === undefined) {
    throw new HdfsError('EINVAL', `${String(type)} is none of ${LIMITED_STORAGE_TYPES.join(', ')}`);
  }
  return known;
}

function limitsOf(options: VerbOptions): Limits {
  const type = typeOf(options);
  const names = options.names === undefined ? undefined : numberOf('--names', options.names);
  const space = options.space === undefined ? undefined : numberOf('--space', options.space);
  if (names === undefined && space === undefined) throw new HdfsError('EINVAL', 'quota set needs --names N or --space SIZE');
  if (type !== undefined && space === undefined) throw new HdfsError('EINVAL', TYPE_IS_SPACE);
  return { names, space, type };
}

function numberOf(option: string, text: unknown): number {
  const value = typeof text === 'string' ? parseSize(text) : undefined;
  if (value === undefined || !Number.isSafeInteger(value)) {
    throw new HdfsError('EINVAL', `${option} needs a whole number, maybe with k, m, g or t`);
  }
  return value;
}

/** The root's, where nobody set one, is beyond any count. */
const isLimit = (value: number): boolean => value >= 0 && value < LONG_MAX;

function usageJson(path: string, usage: QuotaUsage): Readonly<Record<string, unknown>> {
  const limit = (value: number): number | null => (isLimit(value) ? value : null);
  const types = [...usage.types].map(([type, { quota: most, consumed }]) => [type, { used: consumed, limit: limit(most) }]);
  return {
    path,
    names: { used: usage.fileAndDirectoryCount, limit: limit(usage.quota) },
    space: { used: usage.spaceConsumed, limit: limit(usage.spaceQuota) },
    types: Object.fromEntries(types),
  };
}

function usageText(path: string, usage: QuotaUsage): string {
  const line = (what: string, used: string, limit: string, isLimited: boolean): readonly string[] => [
    what,
    `${used} of ${isLimited ? limit : 'any'}`,
  ];
  const rows = [
    line('  names', String(usage.fileAndDirectoryCount), String(usage.quota), isLimit(usage.quota)),
    line('  space', humanSize(usage.spaceConsumed), humanSize(usage.spaceQuota), usage.spaceQuota >= 0),
  ];
  for (const [type, { quota: most, consumed }] of usage.types) {
    if (most >= 0) rows.push(line(`  on ${type}`, humanSize(consumed), humanSize(most), true));
  }
  return [path, ...columns(rows)].join('\n');
}
