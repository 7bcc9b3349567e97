// If this fails, a writer goes back to DataNodes that just failed it, or finds none although those it suspects are well again.
import { expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { blockId } from '../base/ids.ts';
import { Configuration } from '../config/configuration.ts';
import type { PipelineNode } from '../transfer/pipeline-client.ts';
import type { DatanodeInfoProto } from '../wire/messages/hdfs.ts';
import type { ClientContext } from './context.ts';
import { PipelineCalls } from './pipeline-calls.ts';
import { clientSettings } from './settings.ts';

const node = (name: string): PipelineNode => ({
  info: { id: { datanodeUuid: name } } as unknown as DatanodeInfoProto,
  storageType: 1,
  storageId: name,
});

interface Request {
  readonly excludeNodes?: readonly DatanodeInfoProto[];
}

/** Calls whose addBlock is answered by `answer`, given the names of the excluded nodes; and a clock to turn. */
function setUp(
  answer: (excluded: readonly string[]) => HdfsError | undefined,
  keys: Readonly<Record<string, string>> = {},
  /** Nodes beyond three that the cluster has. */
  spare = 9,
) {
  let abandoned = 0;
  const clock = {
    nowMs: 0,
    monotonic: () => clock.nowMs,
    async sleep(ms: number) {
      clock.nowMs += ms;
    },
  };
  const asked: (readonly string[])[] = [];
  const context = {
    host: { clock, log: { log: () => undefined } },
    settings: clientSettings(Configuration.of(keys)),
    namenode: {
      call: async (method: string, request: Request) => {
        if (method === 'abandonBlock') {
          abandoned++;
          return {};
        }
        const excluded = request.excludeNodes?.map(({ id }) => id.datanodeUuid) ?? [];
        asked.push(excluded);
        const error = answer(excluded);
        if (error !== undefined) throw error;
        const b = { poolId: 'BP', blockId: 1n, generationStamp: 1001, numBytes: 0 };
        const locs = ['x', 'y', 'z'].slice(Math.max(0, excluded.length - spare)).map((name) => node(name).info);
        return { block: { b, offset: 0, locs, storageTypes: [1, 1, 1], storageIDs: ['s', 't', 'u'], corrupt: false } };
      },
    },
    clientName: 'c',
    closed: new AbortController().signal,
  } as unknown as ClientContext;
  const file = {
    path: '/f',
    fileId: 1,
    blockSize: 1024,
    replication: 3,
    favoredNodes: [],
    flags: [],
    lazyPersist: false,
    appended: false,
  };
  return { clock, asked, calls: new PipelineCalls(context, file), abandoned: () => abandoned };
}

test('a node that refused a pipeline is avoided for 10 minutes, one that failed later for the socket’s time-out', async () => {
  const { clock, asked, calls } = setUp(() => undefined);
  calls.exclude(node('refused'));
  calls.suspect(node('died'));
  calls.suspect(node('refused'));
  await calls.addBlock(undefined);
  clock.nowMs = 59_999;
  await calls.addBlock(undefined);
  clock.nowMs = 60_000;
  await calls.addBlock(undefined);
  clock.nowMs = 599_999;
  await calls.addBlock(undefined);
  clock.nowMs = 600_000;
  await calls.addBlock(undefined);
  expect(asked).toEqual([['refused', 'died'], ['refused', 'died'], ['refused'], ['refused'], []]);
});

test('where there are no other nodes, those that are only suspected are taken', async () => {
  const none = new HdfsError('EIO', 'File /f could only be written to 0 of the 1 minReplication nodes.');
  const { asked, calls } = setUp((excluded) => (excluded.length > 1 ? none : undefined));
  calls.exclude(node('refused'));
  calls.suspect(node('died'));
  await calls.addBlock(undefined);
  expect(asked).toEqual([['refused', 'died'], ['refused']]);
  // Or when without them there are too few.
  const few = setUp(() => undefined, {}, 1);
  few.calls.suspect(node('died'));
  few.calls.suspect(node('died too'));
  expect((await few.calls.addBlock(undefined)).nodes).toHaveLength(3);
  expect(few.abandoned()).toBe(1);
  const strict = setUp(() => none);
  strict.calls.exclude(node('refused'));
  await expect(strict.calls.addBlock(undefined)).rejects.toBe(none);
});

test('the NameNode is asked again while it waits for reports of the block before, but not for ever', async () => {
  const late = new HdfsError('ENOTREPLICATED', 'Not replicated yet: /f');
  let refusals = 9;
  const { asked, clock, calls } = setUp(() => (refusals-- > 0 ? late : undefined));
  await calls.addBlock(undefined);
  expect(asked).toHaveLength(10);
  expect(clock.nowMs).toBeLessThan(1_000);
  const never = setUp(() => late, { 'dfs.client.block.write.locateFollowingBlock.retries': '2' });
  await expect(never.calls.addBlock(undefined)).rejects.toBe(late);
  expect(never.clock.nowMs).toBeGreaterThanOrEqual(400 + 800);
});

test.each(['EACCES', 'ENOENT'] as const)(
  'an append begins with the nodes that it was given where the file may not be read or was renamed meanwhile (%s)',
  async (code) => {
    const refused = new HdfsError(code, 'no');
    const { calls } = setUp(() => refused);
    const block = { poolId: 'BP', blockId: blockId(1n), generationStamp: 1001, numBytes: 10 };
    const nodes = [node('a'), node('b')];
    expect(await calls.lateNodes(block, nodes)).toBe(nodes);
  },
);
