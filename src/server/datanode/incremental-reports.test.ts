// If this fails, every block that is written costs the NameNode a call more, and the word of its end waits behind that of its
// beginning.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { IncrementalReports } from './incremental-reports.ts';
import type { Volume } from './volume.ts';

const VOLUME = { storageId: 'DS-1', storageType: 1 } as unknown as Volume;
const block = (id: bigint, numBytes = 0) => ({ pool: 'BP', id: blockId(id), genStamp: genStamp(1), numBytes });

test('what was received is told at once, with what was begun and deleted before; these wait for a heartbeat', () => {
  const reports = new IncrementalReports();
  reports.add(block(1n), 'receiving', VOLUME);
  reports.add(block(2n), 'deleted', VOLUME);
  expect(reports.isUrgent).toBe(false);
  expect(reports.waiting).toEqual({ receiving: 1, received: 0, deleted: 1 });
  reports.add(block(3n), 'receiving', VOLUME);
  reports.add(block(3n, 7), 'received', VOLUME);
  expect(reports.isUrgent).toBe(true);
  expect(reports.waiting).toEqual({ receiving: 1, received: 1, deleted: 1 });
  const { reports: taken } = reports.take();
  expect(taken[0]?.blocks?.map((each) => each.block?.blockId)).toEqual([1n, 2n, 3n]);
  expect(reports.isUrgent).toBe(false);
});

test('what could not be sent stays urgent, and newer words win', () => {
  const reports = new IncrementalReports();
  reports.add(block(1n, 7), 'received', VOLUME);
  const { undo } = reports.take();
  reports.add(block(1n), 'deleted', VOLUME);
  expect(reports.isUrgent).toBe(false);
  undo();
  expect(reports.isUrgent).toBe(true);
  expect(reports.waiting).toEqual({ receiving: 0, received: 0, deleted: 1 });
});
