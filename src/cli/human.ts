// Texts for people: sizes, columns, ages.

import { formatPermission } from '../base/mode.ts';
import type { Item } from './shell/item.ts';
import { formatMinute, type Terminal } from './terminal.ts';

const UNITS = ['B', 'K', 'M', 'G', 'T', 'P', 'E'];

/** 0, 512, 1.5K, 128M: as `ls -h` prints sizes. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  if (unit === 0) return String(bytes);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}${UNITS[unit]}`;
}

/** As humanSize, within a sentence: 1 byte, 512 bytes, 1.5K. */
export function sizeInWords(bytes: number): string {
  return bytes < 1024 ? counted(bytes, 'byte') : humanSize(bytes);
}

/** 1 file, 2 files. */
export function counted(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** Lines of columns two spaces apart; those in `right` end together. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        if (right.includes(index)) return cell.padStart(width);
        return index === row.length - 1 ? cell : cell.padEnd(width);
      })
      .join('  '),
  );
}

const BLUE = '\u001b[1;34m';
const PLAIN = '\u001b[0m';

/** A name as a terminal shows it: no control characters, directories in colour. */
export function shownName(terminal: Terminal, name: string, isDirectory: boolean): string {
  const safe = name.replace(/\p{Cc}/gu, '?');
  return isDirectory && terminal.color ? `${BLUE}${safe}${PLAIN}` : safe;
}

export function statLine(terminal: Terminal, item: Item, name: string): readonly string[] {
  const stat = item.found;
  return [
    `${stat.isDirectory ? 'd' : '-'}${formatPermission(stat.permission)}${stat.hasAcl ? '+' : ''}`,
    stat.isFile ? String(stat.replication) : '-',
    stat.owner,
    stat.group,
    stat.isFile ? humanSize(stat.size) : '-',
    formatMinute(terminal.localTime(stat.mtimeMs)),
    shownName(terminal, name, stat.isDirectory),
  ];
}

/** The same for programs. */
export function statJson(item: Item): Readonly<Record<string, unknown>> {
  const stat = item.found;
  return {
    path: item.path,
    type: stat.isDirectory ? 'directory' : stat.isFile ? 'file' : 'other',
    size: stat.size,
    mode: stat.permission.toString(8).padStart(4, '0'),
    owner: stat.owner,
    group: stat.group,
    replication: stat.replication,
    blockSize: stat.blockSize,
    mtimeMs: stat.mtimeMs,
    atimeMs: stat.atimeMs,
  };
}
