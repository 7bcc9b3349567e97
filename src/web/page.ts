// A plain page of facts and tables, without scripts: what the daemons show at `/`. Everything put in is escaped here.

export interface Link {
  readonly href: string;
  readonly label: string;
}
export type Cell = string | number | Link;

export interface StatusTable {
  /** What a link to this part of the page ends with, behind the #. */
  readonly anchor?: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface StatusPage {
  readonly title: string;
  readonly facts: readonly (readonly [label: string, value: string | number])[];
  readonly tables?: readonly StatusTable[];
  /** Paths of this server worth a link. */
  readonly links?: readonly (readonly [path: string, label: string])[];
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(text: string | number): string {
  return String(text).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/** For pages that are made elsewhere. */
export const PAGE_STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd;vertical-align:top}
nav a{margin-right:1rem}
@media(prefers-color-scheme:dark){body{background:#181a1b;color:#ddd}th,td{border-color:#444}a{color:#8ab4f8}}`;

export function renderPage(page: StatusPage): string {
  const shown = (cell: Cell): string =>
    typeof cell === 'object' ? `<a href="${escapeHtml(cell.href)}">${escapeHtml(cell.label)}</a>` : escapeHtml(cell);
  const row = (cells: readonly Cell[], tag: 'td' | 'th') =>
    `<tr>${cells.map((cell) => `<${tag}>${shown(cell)}</${tag}>`).join('')}</tr>`;
  const tables = (page.tables ?? []).map(
    ({ anchor, title, columns, rows }) =>
      `<h2${anchor === undefined ? '' : ` id="${escapeHtml(anchor)}"`}>${escapeHtml(title)}</h2>\n<table>\n<thead>${row(columns, 'th')}</thead>\n<tbody>\n${rows.map((cells) => row(cells, 'td')).join('\n')}\n</tbody>\n</table>`,
  );
  const links = (page.links ?? []).map(([href, label]) => shown({ href, label }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>
${PAGE_STYLE}
</style>
</head>
<body>
<h1>${escapeHtml(page.title)}</h1>
<table>
${page.facts.map(([label, value]) => `<tr><th>${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`).join('\n')}
</table>
${tables.join('\n')}
<nav><p>${links.join(' ')}</p></nav>
</body>
</html>
`;
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** Bytes for people: 1.5 GB. Powers of 1024, as Hadoop counts. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[unit]}`;
}
