// A table as Hadoop's administrator tools print it: columns as wide as their widest cell and one blank more, and a blank
// between. Apache: TableListing.

export interface TableColumn {
  readonly title: string;
  readonly align?: 'right';
}

/** With the titles above, or `bare` without. */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  bare: 'bare' | 'titled' = 'titled',
): string {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, index) => Math.max(...[titles, ...rows].map((row) => (row[index] ?? '').length + 1)));
  return (bare === 'bare' ? rows : [titles, ...rows])
    .map((row) =>
      columns
        .map(({ align }, index) => {
          const [cell, width] = [row[index] ?? '', widths[index] ?? 0];
          return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
        })
        .join(' '),
    )
    .map((line) => `${line}\n`)
    .join('');
}
