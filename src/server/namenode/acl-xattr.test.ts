// If these fail, a list or an attribute that was acknowledged is lost with the power, or is set twice by one call.
import { expect, test } from 'vitest';
import { type Api, createFile, mkdir, TestNameNode } from './test-namenode.ts';

const user = (name: string | undefined, permissions: 0 | 4 | 7) => ({ type: 0, scope: 0, permissions, name }) as const;
const attribute = (name: string, value: string) => ({ namespace: 0, name, value: Buffer.from(value) }) as const;

async function shown(api: Api, src: string): Promise<unknown> {
  const { result } = await api.getAclStatus({ src });
  const { xAttrs } = await api.listXAttrs({ src });
  return {
    entries: result.entries.map(({ name, permissions }) => `${name ?? ''}:${permissions}`),
    mode: result.permission?.perm.toString(8),
    xattrs: xAttrs.map(({ name, value }) => `${name}=${Buffer.from(value ?? []).toString()}`),
    flags: (await api.getFileInfo({ src })).fs?.flags,
  };
}

test('survive a power loss, as edits and in an image', async () => {
  const nn = new TestNameNode();
  await nn.format();
  let api = await nn.start();
  await mkdir(api, '/d');
  await createFile(api, '/d/f');
  await api.modifyAclEntries({ src: '/d/f', aclSpec: [user('ann', 7)] });
  await api.setXAttr({ src: '/d/f', xAttr: attribute('a', 'one'), flag: 1 });
  await api.setXAttr({ src: '/d/f', xAttr: attribute('b', 'two'), flag: 3 });
  const before = await shown(api, '/d/f');
  expect(before).toEqual({ entries: ['ann:7', ':4'], mode: '674', xattrs: ['b=two', 'a=one'], flags: 1 });
  api = await nn.restart('power');
  expect(await shown(api, '/d/f')).toEqual(before);
  await nn.within(nn.running.checkpointer.save());
  await api.removeXAttr({ src: '/d/f', xAttr: { namespace: 0, name: 'b' } });
  api = await nn.restart('power');
  expect(await shown(api, '/d/f')).toMatchObject({ entries: ['ann:7', ':4'], xattrs: ['a=one'] });
  await api.removeAcl({ src: '/d/f' });
  api = await nn.restart('power');
  expect(await shown(api, '/d/f')).toEqual({ entries: [], mode: '644', xattrs: ['a=one'], flags: 0 });
});

test('an attribute is set, and taken away, once however often the call is repeated', async () => {
  const nn = new TestNameNode();
  await nn.format();
  const api = await nn.start();
  await mkdir(api, '/d');
  const client = nn.client();
  const set = { src: '/d', xAttr: attribute('a', 'one'), flag: 1 };
  expect(await client.setXAttr(set, { callId: 7, retryCount: 0 })).toEqual({});
  // Made anew, the call would fail: the attribute is there.
  expect(await client.setXAttr(set, { callId: 7, retryCount: 1 })).toEqual({});
  await expect(client.setXAttr(set, { callId: 8, retryCount: 0 })).rejects.toMatchObject({ code: 'EIO' });
  const remove = { src: '/d', xAttr: { namespace: 0, name: 'a' } } as const;
  expect(await client.removeXAttr(remove, { callId: 9, retryCount: 0 })).toEqual({});
  expect(await client.removeXAttr(remove, { callId: 9, retryCount: 1 })).toEqual({});
  await expect(client.removeXAttr(remove, { callId: 10, retryCount: 0 })).rejects.toMatchObject({
    message: 'No matching attributes found for remove operation',
  });
});
