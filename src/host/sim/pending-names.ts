// Names that no sync has made durable, as the steps in which they reach the disk: a name that was made or removed, or the two
// of a rename, which is one step on every journalling file system: after a power cut there is the old name or the new one.
import type { SimDirectoryNode, SimNode } from './directory-node.ts';

export interface NameChange {
  readonly names: readonly { readonly directory: SimDirectoryNode; readonly name: string }[];
}

type Place = NameChange['names'][number];

/** In an order that depends on the tree alone. */
export function pendingNames(root: SimDirectoryNode): NameChange[] {
  const byNode = new Map<SimNode, Place[]>();
  const removed: { readonly node: SimNode; readonly place: Place }[] = [];
  const seen = new Set<SimNode>();
  const walk = (directory: SimDirectoryNode): void => {
    if (seen.has(directory)) return;
    seen.add(directory);
    for (const name of new Set([...directory.live.keys(), ...directory.durable.keys()])) {
      const [live, durable] = [directory.live.get(name), directory.durable.get(name)];
      if (live !== durable) {
        if (live !== undefined) byNode.set(live, [...(byNode.get(live) ?? []), { directory, name }]);
        else if (durable !== undefined) removed.push({ node: durable, place: { directory, name } });
      }
      if (live?.kind === 'directory') walk(live);
      if (durable?.kind === 'directory') walk(durable);
    }
  };
  walk(root);
  const changes: NameChange[] = [];
  for (const { node, place } of removed) {
    const added = byNode.get(node);
    if (added === undefined) changes.push({ names: [place] });
    else added.push(place);
  }
  for (const names of byNode.values()) changes.push({ names });
  return changes;
}

/** These changes, and those before them without which a name would be in a directory that is not there. */
export function withNeeded(
  root: SimDirectoryNode,
  chosen: Iterable<NameChange>,
  all: readonly NameChange[],
): ReadonlySet<NameChange> {
  const parents = new Map<SimNode, SimDirectoryNode>();
  const durable = new Set<SimNode>([root]);
  const visit = (directory: SimDirectoryNode, layer: 'live' | 'durable'): void => {
    for (const child of directory[layer].values()) {
      if (child.kind === 'file') continue;
      if (layer === 'live') parents.set(child, directory);
      else if (durable.has(child)) continue;
      else durable.add(child);
      visit(child, layer);
    }
  };
  visit(root, 'live');
  visit(root, 'durable');
  const made = new Map<SimNode, NameChange>();
  for (const change of all) {
    for (const { directory, name } of change.names) {
      const node = directory.live.get(name);
      if (node?.kind === 'directory') made.set(node, change);
    }
  }
  const found = new Set<NameChange>();
  const take = (change: NameChange): void => {
    if (found.has(change)) return;
    found.add(change);
    for (const { directory, name } of change.names) {
      if (!directory.live.has(name)) continue;
      for (let at: SimDirectoryNode | undefined = directory; at !== undefined && !durable.has(at); at = parents.get(at)) {
        const maker = made.get(at);
        if (maker !== undefined) take(maker);
      }
    }
  };
  for (const change of chosen) take(change);
  return found;
}

/** What reached the disk. */
export function commit(changes: Iterable<NameChange>): void {
  for (const { names } of changes) {
    for (const { directory, name } of names) {
      const node = directory.live.get(name);
      if (node === undefined) directory.durable.delete(name);
      else directory.durable.set(name, node);
    }
  }
}
