// The source files of the house, for the tests that hold its rules. Generated files are left out.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(fileURLToPath(import.meta.url), '../../..');

const SKIPPED = new Set(['node_modules', 'dist', '.git', 'messages', 'golden', 'coverage', '.tuskfs', 'target']);

export interface Source {
  /** Path from the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

function* walk(directory: string): Generator<string> {
  for (const name of readdirSync(directory).sort()) {
    if (SKIPPED.has(name)) continue;
    const path = join(directory, name);
    if (statSync(path).isDirectory()) yield* walk(path);
    else yield path;
  }
}

/** Files under the given folders whose names end as asked. A folder that does not exist has none. */
export function sources(folders: readonly string[], ending: RegExp = /\.(ts|mjs|js)$/): readonly Source[] {
  const found: Source[] = [];
  for (const folder of folders) {
    const start = join(ROOT, folder);
    const stat = statSync(start, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    for (const path of stat.isDirectory() ? walk(start) : [start]) {
      if (ending.test(path)) found.push({ path: relative(ROOT, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') });
    }
  }
  return found;
}

/** The same text with comments and the contents of strings blanked out, line numbers kept. */
export function codeOnly(text: string): string {
  let out = '';
  let i = 0;
  const blank = (from: number, to: number) => text.slice(from, to).replace(/[^\n]/g, ' ');
  while (i < text.length) {
    const two = text.slice(i, i + 2);
    if (two === '//') {
      const end = text.indexOf('\n', i);
      const stop = end < 0 ? text.length : end;
      out += blank(i, stop);
      i = stop;
    } else if (two === '/*') {
      const end = text.indexOf('*/', i + 2);
      const stop = end < 0 ? text.length : end + 2;
      out += blank(i, stop);
      i = stop;
    } else if (text[i] === "'" || text[i] === '"') {
      let stop = i + 1;
      while (stop < text.length && text[stop] !== text[i] && text[stop] !== '\n') stop += text[stop] === '\\' ? 2 : 1;
      out += text[i] + blank(i + 1, stop) + (text[stop] ?? '');
      i = stop + 1;
    } else {
      out += text[i];
      i++;
    }
  }
  return out;
}

/** Line number of an offset, from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/g;

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

export function importsOf({ text }: Source): readonly Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(IMPORT)) {
    found.push({
      specifier: match[2] ?? match[3] ?? '',
      typeOnly: match[1] !== undefined,
      line: lineOf(text, (match.index ?? 0) + match[0].length),
    });
  }
  return found;
}
