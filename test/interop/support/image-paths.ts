// What an image holds at each path, from its XML: all but what two NameNodes cannot have alike (ids, stamps, times that are
// now's, and the numbers in clients' names).

const NOW = /<([ma]time)>1[6-9]\d{11}<\/\1>/g;
const IDS = /<(id|genstamp)>\d+<\/\1>/g;
const CLIENT = /DFSClient_[A-Z]+_-?\d+_\d+/g;

/** One line for each inode, sorted by path. */
export function imagePaths(xml: string): readonly string[] {
  const inodes = new Map<string, { readonly name: string; readonly text: string }>();
  for (const [, id = '', rest = ''] of xml.matchAll(/<inode><id>(\d+)<\/id>(.*?)<\/inode>/gs)) {
    const text = rest.replace(NOW, '<$1>NOW</$1>').replace(IDS, '').replace(CLIENT, 'CLIENT');
    inodes.set(id, { name: /<name>([^<]*)<\/name>/.exec(rest)?.[1] ?? '', text });
  }
  const parents = new Map<string, string>();
  for (const [, parent = '', children = ''] of xml.matchAll(/<directory><parent>(\d+)<\/parent>(.*?)<\/directory>/gs)) {
    for (const [, child = ''] of children.matchAll(/<child>(\d+)<\/child>/g)) parents.set(child, parent);
  }
  const pathOf = (id: string): string => {
    const parent = parents.get(id);
    return parent === undefined ? '' : `${pathOf(parent)}/${inodes.get(id)?.name}`;
  };
  return [...inodes].map(([id, { text }]) => `${pathOf(id)} ${text}`).sort();
}
