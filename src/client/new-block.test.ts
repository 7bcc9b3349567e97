// If this fails, a file that was given up is given another block all the same, which nobody will ever write.
import { expect, test } from 'vitest';
import { PipelineSetupError } from '../transfer/pipeline-client.ts';
import { openNewBlock } from './new-block.ts';
import type { PipelineCalls } from './pipeline-calls.ts';

test('no other block is asked for when the file was given up while a pipeline was set up in vain', async () => {
  const calls: string[] = [];
  let isStopped = false;
  const fake = {
    addBlock: async () => {
      calls.push('addBlock');
      return { block: { blockId: 1n }, token: {}, nodes: [{}] };
    },
    connect: async () => {
      isStopped = true;
      throw new PipelineSetupError(new Error('refused'), 0, false);
    },
    exclude: () => undefined,
    abandon: async () => void calls.push('abandon'),
  } as unknown as PipelineCalls;
  const options = { path: '/f', retries: 3, minReplication: 0, isStopped: () => isStopped };
  expect(await openNewBlock(fake, undefined, options)).toBeUndefined();
  expect(calls).toEqual(['addBlock', 'abandon']);
});
