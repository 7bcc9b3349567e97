// If this fails, the simulator makes far more events of a common load than it did, and fewer seeds fit into a night. Events
// are counted, not time: the machine may be busy.
import { expect, test } from 'vitest';
import { measureSpeed } from './speed.ts';

const SECONDS = 10;
/** 585 when this was written. */
const MOST_EVENTS_IN_A_SECOND = 700;

test('a common load is made of few events', async () => {
  const { events, operations, bytesWritten } = await measureSpeed(SECONDS, () => 0);
  expect(operations / SECONDS).toBeGreaterThan(40);
  expect(bytesWritten / SECONDS).toBeGreaterThan(400_000);
  expect(events / SECONDS).toBeLessThan(MOST_EVENTS_IN_A_SECOND);
});
