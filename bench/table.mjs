// Measurements as text: one line for each figure, with what both systems reached and the ratios of the pairs.
import { median, pairRatios, spread } from './statistics.mjs';

const digits = (value) =>
  value === undefined || Number.isNaN(value)
    ? '–'
    : value >= 100
      ? String(Math.round(value))
      : value >= 10
        ? value.toFixed(1)
        : value.toFixed(2);

/** How a measurement stands against what was asked of it: of the ratio, or where it is absolute of our figure. */
export function verdict({ better, must, aim, absolute, tuskfs, apache, summary }) {
  if (must === undefined) return '';
  if (absolute !== true && summary === undefined && (apache === undefined || apache.length === 0)) return '';
  const ratio = () => summary?.ratio.median ?? median(pairRatios(tuskfs, apache));
  const reached = absolute === true ? median(tuskfs) : ratio();
  const reaches = (bound) => bound !== undefined && (better === 'more' ? reached >= bound : reached <= bound);
  return reaches(aim) ? 'aim' : reaches(must) ? 'must' : 'not yet';
}

export const HEAD = ['#', 'Measure', 'Figure', 'Apache', 'tuskfs', 'Ratio', 'min–max', 'Pairs', 'Must', 'Aim', 'Reached'];

export function cells(measurement) {
  const { row, name, figure, better, must, aim, absolute, tuskfs, apache, summary } = measurement;
  const bound = (value) => (value === undefined ? '' : `${better === 'more' ? '≥' : '≤'} ${value}`);
  // Of some runs only what the table said is left.
  if (summary !== undefined) {
    const { median: middle, min, max } = summary.ratio;
    const figures = [digits(summary.apache), digits(summary.tuskfs), digits(middle), `${digits(min)}–${digits(max)}`];
    return [row, name, figure, ...figures, summary.pairs, bound(must), bound(aim), verdict(measurement)].map(String);
  }
  const own = spread(tuskfs);
  if (apache === undefined || apache.length === 0) {
    const range = `${digits(own.min)}–${digits(own.max)}`;
    const asked = absolute === true ? [bound(must), bound(aim), verdict(measurement)] : ['', '', ''];
    return [row, name, figure, '', digits(own.median), '', range, tuskfs.length, ...asked].map(String);
  }
  const ratio = spread(pairRatios(tuskfs, apache));
  return [
    row,
    name,
    figure,
    digits(median(apache)),
    digits(own.median),
    digits(ratio.median),
    `${digits(ratio.min)}–${digits(ratio.max)}`,
    tuskfs.length,
    bound(must),
    bound(aim),
    verdict(measurement),
  ].map(String);
}

const WIDTHS = [3, 38, 20, 9, 9, 7, 12, 5, 7, 7, 8];

export function table(measurements, { head }) {
  const lines = [...measurements].sort((a, b) => a.row - b.row).map(cells);
  const all = head ? [HEAD, ...lines] : lines;
  return all
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(WIDTHS[i]))
        .join(' ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdown(measurements) {
  const sorted = [...measurements].sort((a, b) => a.row - b.row);
  const line = (all) => `| ${all.join(' | ')} |`;
  const head = [...HEAD, 'Measured'];
  return [line(head), line(head.map(() => '---')), ...sorted.map((each) => line([...cells(each), each.on ?? '']))].join('\n');
}
