// If this fails, the simulator makes far more events of a common load than it did, and fewer seeds fit into a night. Events
// are counted, not time: the machine may be busy.
import { expect, test } from 'vitest';
import { FILE_BYTES, measureSpeed } from './speed.ts';

const SECONDS = 10;
/** 585 when this was written. */
const MOST_EVENTS_IN_A_SECOND = 700;

test.each(FILE_BYTES)('a common load is made of few events, with files of %i bytes', async (fileBytes) => {
  const { events, operations, bytesWritten } = await measureSpeed(SECONDS, fileBytes, () => 0);
  expect(operations / SECONDS).toBeGreaterThan(40);
  expect(bytesWritten / SECONDS).toBeGreaterThan(400_000);
  expect(events / SECONDS).toBeLessThan(MOST_EVENTS_IN_A_SECOND);
});
