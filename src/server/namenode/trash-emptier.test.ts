// If this fails, what somebody put beside the checkpoints of a trash is removed unasked, or stays though an operator wants it gone.
import { expect, test } from 'vitest';
import { exists, mkdir, TestNameNode } from './test-namenode.ts';

const HOUR = 3_600_000;
const TRASH = '/user/ann/.Trash';

test.each([false, true])('what lies beside the checkpoints goes where that is asked for: %s', async (cleans) => {
  const nn = new TestNameNode({
    'fs.trash.interval': 600,
    'fs.trash.checkpoint.interval': 30,
    'fs.trash.clean.trashroot.enable': cleans,
  });
  await nn.format();
  const api = await nn.start();
  await mkdir(api, `${TRASH}/mine`);
  await nn.simulation.advance(HOUR);
  expect(await exists(api, `${TRASH}/mine`)).toBe(!cleans);
  await mkdir(api, `${TRASH}/Current/doc`);
  await nn.simulation.advance(HOUR);
  const { dirList } = await api.getListing({ src: TRASH, startAfter: new Uint8Array(0), needLocation: false });
  expect(dirList?.partialListing.map(({ path }) => Buffer.from(path).toString()).filter((name) => name !== 'mine')).toEqual([
    expect.stringMatching(/^\d{12}$/),
  ]);
});
