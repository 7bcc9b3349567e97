// If these fail, one request with an over-long name or id stops the NameNode, or leaves a record in the edit log that no
// start can read.
import { expect, test } from 'vitest';
import { RpcClient, rpcProxy } from '../../src/rpc/client.ts';
import { ClientNamenodeProtocol, CreateRequestProto, SetOwnerRequestProto } from '../../src/wire/messages/client-namenode.ts';
import { nameNodeConfiguration, startTestNameNode, temporaryDirectory } from './support/name-node.ts';
import { answerOf, callFrame, opening } from './support/rpc-calls.ts';
import { frames, RawPeer } from './support/sockets.ts';
import { Watch } from './support/watch.ts';

const PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';

test('what the edit log cannot hold is refused before it is applied, and the log stays readable', async () => {
  const directory = temporaryDirectory('limits');
  const configuration = nameNodeConfiguration(directory.path);
  const watch = new Watch().begin();
  let server = await startTestNameNode(configuration, watch);
  const rpc = new RpcClient(server.host, {
    address: { host: '127.0.0.1', port: server.port },
    protocol: PROTOCOL,
    user: server.user,
  });
  try {
    const calls = rpcProxy(rpc, ClientNamenodeProtocol);
    const file = {
      masked: { perm: 0o644 },
      createFlag: 1,
      createParent: true,
      replication: 1,
      blockSize: 134217728,
    };
    await calls.mkdirs({ src: '/a', masked: { perm: 0o755 }, createParent: true });
    const { editLog } = server.nameNode.system;
    const before = editLog.lastTxid;
    const tooLong = 'The edit log takes no text of 70000 bytes';
    await expect(calls.setOwner({ src: '/a', username: 'u'.repeat(70_000), groupname: '' })).rejects.toThrow(tooLong);
    await expect(calls.create({ ...file, src: '/f', clientName: 'c'.repeat(70_000) })).rejects.toThrow(tooLong);
    // Two directories are made on the way: they are not, since the file cannot be.
    await expect(calls.create({ ...file, src: '/b/c/f', clientName: 'é'.repeat(35_000) })).rejects.toThrow(tooLong);
    expect(editLog.lastTxid).toBe(before);
    expect((await calls.getFileInfo({ src: '/b' })).fs).toBeUndefined();

    const clientId = Buffer.alloc(17, 7);
    const peer = await RawPeer.connect(server.port);
    peer.send(opening(clientId, PROTOCOL, server.user));
    const target = { protocol: PROTOCOL, schema: '', name: 'create', request: '' };
    peer.send(callFrame(target, clientId, 1, CreateRequestProto.encode({ ...file, src: '/g', clientName: 'c' })));
    const owner = { ...target, name: 'setOwner' };
    peer.send(callFrame(owner, clientId, 2, SetOwnerRequestProto.encode({ src: '/a', username: 'ann', groupname: '' })));
    await peer.until(() => frames(peer.received).length === 2, 10_000);
    const [create, setOwner] = frames(peer.received).map(answerOf);
    expect(create).toMatchObject({ error: 'java.lang.IllegalArgumentException', message: 'a client id has 16 bytes, not 17' });
    expect(setOwner).toMatchObject({ error: undefined });
    peer.destroy();

    expect(editLog.lastTxid).toBe(before + 1);
    await server.nameNode.stop();
    server = await startTestNameNode(configuration, watch, false);
    const client = await server.client();
    expect((await client.stat('/a')).owner).toBe('ann');
    await client.close();
    expect(watch.trouble).toEqual([]);
  } finally {
    rpc.close();
    watch.end();
    await server.nameNode.stop();
    directory.remove();
  }
});
