// What a copy keeps of its source beside the bytes. Apache: CommandWithDestination.preserveAttributes.
import { aclsOf, fullAcl } from './commands/acl.ts';
import { xattrsOf } from './commands/xattr.ts';
import type { Item } from './item.ts';
import { PathError } from './path-errors.ts';

/** t timestamps, o ownership, p permission, a ACL, x extended attributes. */
export type Preserved = ReadonlySet<string>;

export const USUALLY_PRESERVED: Preserved = new Set(['t', 'o', 'p']);

const RESERVED_RAW = '/.reserved/raw';

/**
 * Whether raw attributes go along: always between two paths below /.reserved/raw. Throws when one of them alone is there,
 * since what is raw would be taken for plain.
 */
export function copiesRaw(source: Item, target: Item): boolean {
  const fromRaw = source.path.startsWith(RESERVED_RAW);
  const toRaw = target.path.startsWith(RESERVED_RAW);
  if (fromRaw === toRaw) return fromRaw;
  const where = fromRaw
    ? `copy from '${RESERVED_RAW}' to non '${RESERVED_RAW}'`
    : `copy from non '${RESERVED_RAW}' to '${RESERVED_RAW}'`;
  throw new PathError(
    `\`'${fromRaw ? source.qualified : target.text}' ${where}. Either both source and target must be in '${RESERVED_RAW}' or neither.': ` +
      'Operation not supported',
  );
}

export async function preserve(source: Item, target: Item, kept: Preserved, raw: boolean): Promise<void> {
  const stat = source.found;
  const { fs, path } = target;
  if (kept.has('t')) await fs.setTimes(path, stat.mtimeMs, stat.atimeMs);
  if (kept.has('o')) await fs.chown(path, stat.owner, stat.group);
  if (kept.has('p') || kept.has('a')) await fs.chmod(path, stat.permission);
  if (kept.has('a') && stat.hasAcl) {
    const { entries } = await aclsOf(source, 'getAclStatus').get(source.path);
    await aclsOf(target, 'setAcl').set(path, fullAcl(stat.permission, entries));
  }
  if (!kept.has('x') && !raw) return;
  for (const [name, value] of await xattrsOf(source, 'getXAttrs').getAll(source.path)) {
    if (kept.has('x') || name.startsWith('raw.')) await xattrsOf(target, 'setXAttr').set(path, name, value);
  }
}
