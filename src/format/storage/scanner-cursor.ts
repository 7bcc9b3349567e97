// scanner.cursor in a block pool's directory: how far the block scanner has come on this volume, as the JSON that Apache's
// FsVolumeImpl.BlockIteratorState writes and reads.
import { ProtocolError } from '../../base/errors.ts';

export const CURSOR_FILE = 'scanner.cursor';
const MAX_CURSOR_BYTES = 64 * 1024;

export interface ScannerCursor {
  /** Milliseconds since 1970. */
  readonly lastSavedMs: number;
  readonly iterStartMs: number;
  /** subdirN, and subdirM in it; null before the first one. */
  readonly curFinalizedDir: string | null;
  readonly curFinalizedSubDir: string | null;
  /** Name of the last block file that was looked at there. */
  readonly curEntry: string | null;
  /** Everything was looked at since iterStartMs. */
  readonly atEnd: boolean;
}

export function formatCursor(cursor: ScannerCursor): string {
  const lines = [
    ['lastSavedMs', cursor.lastSavedMs],
    ['iterStartMs', cursor.iterStartMs],
    ['curFinalizedDir', cursor.curFinalizedDir],
    ['curFinalizedSubDir', cursor.curFinalizedSubDir],
    ['curEntry', cursor.curEntry],
    ['atEnd', cursor.atEnd],
  ].map(([name, value]) => `  "${name}" : ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}`;
}

/** Throws ProtocolError for anything else. */
export function parseCursor(content: Uint8Array): ScannerCursor {
  if (content.length > MAX_CURSOR_BYTES) throw new ProtocolError(`a cursor of ${content.length} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch (error) {
    throw new ProtocolError('the cursor is no JSON', { cause: error });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new ProtocolError('the cursor is no object');
  const fields = json as Readonly<Record<string, unknown>>;
  const time = (name: string): number => {
    const value = fields[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new ProtocolError(`the cursor has no ${name}`);
    return value;
  };
  const text = (name: string): string | null => {
    const value = fields[name] ?? null;
    if (value !== null && typeof value !== 'string') throw new ProtocolError(`${name} of the cursor is no text`);
    return value;
  };
  return {
    lastSavedMs: time('lastSavedMs'),
    iterStartMs: time('iterStartMs'),
    curFinalizedDir: text('curFinalizedDir'),
    curFinalizedSubDir: text('curFinalizedSubDir'),
    curEntry: text('curEntry'),
    atEnd: fields.atEnd === true,
  };
}
