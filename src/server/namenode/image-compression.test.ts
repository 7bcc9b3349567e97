// If these fail, dfs.image.compress changes nothing, or a NameNode cannot start from the images that it packed.
import { expect, test } from 'vitest';
import { imageName } from '../../format/storage/names.ts';
import { exists, mkdir, TestNameNode } from './test-namenode.ts';

const PACKAGE = 'org.apache.hadoop.io.compress';

test('images are packed as configured, and a NameNode starts from them', async () => {
  const nn = new TestNameNode({ 'dfs.image.compress': true, 'dfs.image.compression.codec': `${PACKAGE}.GzipCodec` });
  expect(await nn.format()).toBe(true);
  const api = await nn.start();
  await mkdir(api, '/a');
  const txid = await nn.within(nn.running.checkpointer.save());
  for (const each of [0, txid]) {
    const image = Buffer.from(await nn.within(nn.machine.host.disk.readFile(`/name/current/${imageName(each)}`)));
    expect(image.includes(`${PACKAGE}.GzipCodec`)).toBe(true);
  }
  expect(await exists(await nn.restart('stop'), '/a')).toBe(true);
  expect(nn.running.checkpointer.imageTxid).toBe(txid);
});

test('a codec that is not built is refused before anything is written', async () => {
  const nn = new TestNameNode({ 'dfs.image.compress': true, 'dfs.image.compression.codec': `${PACKAGE}.BZip2Codec` });
  await expect(nn.format()).rejects.toThrow(`Not a supported codec: ${PACKAGE}.BZip2Codec`);
  expect(await nn.within(nn.machine.host.disk.exists('/name'))).toBe(false);
});
