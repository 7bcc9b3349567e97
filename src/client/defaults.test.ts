// If this fails, who gives up a call takes others with it, which wait for the same answer.
import { expect, test } from 'vitest';
import type { ClientContext } from './context.ts';
import { Hdfs } from './hdfs.ts';

const ANSWER = { serverDefaults: { blockSize: 1024, replication: 2, trashInterval: 0 } };

test('the server’s defaults come for everybody else, though the first who asked has given up', async () => {
  let answer: (value: unknown) => void = () => undefined;
  let calls = 0;
  const call = (_method: string, _request: unknown, signal?: AbortSignal): Promise<unknown> => {
    calls++;
    return new Promise((resolve, reject) => {
      answer = resolve;
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  };
  const context = {
    namenode: { call },
    host: { clock: { monotonic: () => 0 } },
    settings: { defaultsValidMs: 1000 },
  } as unknown as ClientContext;
  const hdfs = new Hdfs(context, [], () => Promise.resolve());
  const giveUp = new AbortController();
  const first = hdfs.serverDefaults({ signal: giveUp.signal });
  const second = hdfs.serverDefaults();
  giveUp.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  answer(ANSWER);
  expect(await second).toMatchObject({ blockSize: 1024, replication: 2 });
  await expect(hdfs.serverDefaults({ signal: giveUp.signal })).rejects.toThrow('enough');
  expect(calls).toBe(1);
});
