// If this fails, a reader that has met a damaged replica gets nothing of a good one while the NameNode does not answer.
import { expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import type { PipelineNode } from '../transfer/pipeline-client.ts';
import type { ClientContext } from './context.ts';
import type { Located } from './located.ts';
import type { FileLocations } from './locations.ts';
import { ReplicaChoice } from './replica-choice.ts';

const nodes = [1, 2].map(
  (i) => ({ info: { id: { datanodeUuid: `dn${i}`, ipAddr: `10.0.0.${i}`, xferPort: 9866 } } }) as unknown as PipelineNode,
);
const block = { block: { poolId: 'BP', blockId: 1n, generationStamp: 1, numBytes: 9 }, offset: 0, length: 9, nodes };

function choiceOf(report: Promise<unknown>) {
  const reported: unknown[] = [];
  const waits: number[] = [];
  const context = {
    namenode: {
      call: (method: string, request: unknown) => {
        reported.push([method, request]);
        return report;
      },
    },
    host: {
      log: { log: () => undefined },
      clock: {
        sleep: (ms: number) => {
          waits.push(ms);
          return Promise.resolve();
        },
      },
    },
    closed: new AbortController().signal,
  } as unknown as ClientContext;
  return { choice: new ReplicaChoice(context, { path: '/f' } as FileLocations), reported, waits };
}

test('a good replica is read on while nobody takes the report of the damaged one', async () => {
  const { choice, reported, waits } = choiceOf(new Promise(() => undefined));
  const attempts = choice.begin(block as unknown as Located);
  choice.failed(block as unknown as Located, nodes[0] as PipelineNode, attempts, new HdfsError('ECHECKSUM', 'damaged'));
  await choice.succeeded(block as unknown as Located, attempts);
  expect(reported).toMatchObject([['reportBadBlocks', { blocks: [{ locs: [{ id: { datanodeUuid: 'dn1' } }] }] }]]);
  expect(waits).toHaveLength(1);
  // It is told once.
  await choice.succeeded(block as unknown as Located, attempts);
  expect(reported).toHaveLength(1);
});
