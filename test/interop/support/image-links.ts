// Symbolic links for a file system that was just formatted: no NameNode makes them over RPC, but one that finds them in its
// image has to live with them.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ours } from '../apache.ts';

const IMAGE = 'fsimage_0000000000000000000';
const ROOT_ID = 16_385;

/** Links of a path without a parent, or in `/links`, each with its target. */
export type Links = Readonly<Record<string, string>>;

const inode = (id: number, type: string, name: string, mode: string, rest = ''): string =>
  `<inode><id>${id}</id><type>${type}</type><name>${name}</name><mtime>1</mtime>${type === 'SYMLINK' ? '<atime>1</atime>' : ''}` +
  `<permission>root:supergroup:${mode}</permission>${rest}</inode>`;
const quotas = '<nsquota>-1</nsquota><dsquota>-1</dsquota>';

const directory = (parent: number, children: readonly number[]): string =>
  `<directory><parent>${parent}</parent>${children.map((id) => `<child>${id}</child>`).join('')}</directory>`;

/** Puts links below `/`, and those of `inLinks` below a directory `/links` that everybody may change. */
export async function addLinks(nameDirectory: string, atRoot: Links, inLinks: Links): Promise<void> {
  const image = join(nameDirectory, 'current', IMAGE);
  const xml = `${image}.xml`;
  const run = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await ours('hdfs', ['oiv', ...args]);
    if (code !== 0) throw new Error(`oiv ${args.join(' ')}: ${stderr}`);
  };
  await run('-p', 'XML', '-i', image, '-o', xml);
  let id = ROOT_ID;
  const made: string[] = [];
  const add = (links: Links): number[] =>
    Object.keys(links)
      .sort()
      .map((name) => {
        made.push(inode(++id, 'SYMLINK', name, '0777', `<target>${links[name]}</target>`));
        return id;
      });
  const below = add(inLinks);
  const names = Object.keys(atRoot);
  const top = add(atRoot);
  made.push(inode(++id, 'DIRECTORY', 'links', '0777', quotas));
  const ordered = [...names].sort();
  const children = [...top];
  children.splice(ordered.filter((name) => name < 'links').length, 0, id);
  const text = readFileSync(xml, 'utf8')
    .replace(/<lastInodeId>\d+<\/lastInodeId><numInodes>1</, `<lastInodeId>${id}</lastInodeId><numInodes>${1 + made.length}<`)
    .replace('</INodeSection>', `${made.join('')}</INodeSection>`)
    .replace('</INodeDirectorySection>', `${directory(ROOT_ID, children)}${directory(id, below)}</INodeDirectorySection>`);
  writeFileSync(xml, text);
  await run('-p', 'ReverseXML', '-i', xml, '-o', image);
}
