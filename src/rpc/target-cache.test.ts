// If this fails, a call goes to another method's handler.
import { expect, test } from 'vitest';
import { RequestHeaderProto } from '../wire/messages/ipc.ts';
import { writeDelimited } from '../wire/protobuf/message.ts';
import { ProtoReader } from '../wire/protobuf/reader.ts';
import { ProtoWriter } from '../wire/protobuf/writer.ts';
import { type Target, TargetCache } from './target-cache.ts';

test('headers of one length, come in whatever order, lead to their own methods, and each is decoded once', () => {
  const cache = new TargetCache();
  const decoded: string[] = [];
  const targets = new Map<string, Target>();
  const find = (methodName: string): Target => {
    const writer = new ProtoWriter(64);
    const header = { methodName, declaringClassProtocolName: 'p', clientProtocolVersion: 1 };
    writeDelimited(RequestHeaderProto, header, writer);
    const reader = new ProtoReader(writer.toBuffer());
    const target = cache.find(reader, (header) => {
      decoded.push(header.methodName);
      const found = { protocol: 'p' } as Target;
      targets.set(header.methodName, found);
      return found;
    });
    expect(reader.position).toBe(writer.length);
    return target;
  };
  for (let round = 0; round < 3; round++) {
    for (const name of ['create', 'delete', 'mkdirs', 'setTimes', 'setOwner', 'a', 'b', '']) {
      expect(find(name)).toBe(targets.get(name));
    }
  }
  expect(decoded).toHaveLength(8);
});
