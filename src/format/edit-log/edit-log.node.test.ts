// If this fails, an edit log that Apache wrote is read wrongly, one that we wrote is refused by Apache, or damage of a
// disk is taken for the end of the log and acknowledged changes are lost.
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockId, genStamp, inodeId } from '../../base/ids.ts';
import { type EditOp, EditOpCode, type EditOpName } from '../../core/edits/ops.ts';
import { EDIT_LOG_HEADER_BYTES, EditEncoder, encodeEditLogHeader } from './encoder.ts';
import { EDIT_OP_TABLE, opaqueFeature, opName } from './op-table.ts';
import { readEditLog, readEditLogBytes } from './reader.ts';

const golden = (name: string): Buffer => readFileSync(new URL(`../../../test/golden/formats/${name}`, import.meta.url));
const GOLDEN = ['edits-core', 'edits-unbuilt', 'edits-rolling-upgrade', 'edits-tokens', 'edits-by-oev'] as const;

function encodeAll(ops: readonly { readonly txid: number; readonly op: EditOp }[]): Buffer {
  const encoder = new EditEncoder();
  for (const { txid, op } of ops) encoder.encode(txid, op);
  return Buffer.concat([encodeEditLogHeader(), encoder.bytes()]);
}

const rename = (txid: number, source = `/a/${txid}`): { txid: number; op: EditOp } => ({
  txid,
  op: { kind: 'RENAME_OLD', source, destination: '/b', timestamp: 5, rpc: { clientId: Buffer.alloc(16, txid), callId: txid } },
});

describe('logs of Apache', () => {
  test.each(GOLDEN)('%s comes out of the encoder byte for byte', (name) => {
    const bytes = golden(name);
    const { records, end } = readEditLogBytes(bytes);
    expect(end.kind).toBe('clean');
    expect(encodeAll(records).equals(bytes.subarray(0, end.kind === 'clean' ? end.offset : 0))).toBe(true);
  });

  test('together hold every op code that Apache still writes', () => {
    const seen = new Set<number>();
    for (const name of GOLDEN) {
      for (const { op } of readEditLogBytes(golden(name)).records) {
        seen.add(op.kind === 'OPAQUE' ? op.code : EditOpCode[op.kind]);
      }
    }
    const missing = (Object.keys(EDIT_OP_TABLE) as EditOpName[]).filter((name) => !seen.has(EditOpCode[name]));
    expect(missing).toEqual(['DATANODE_ADD', 'DATANODE_REMOVE', 'SET_NS_QUOTA', 'CLEAR_NS_QUOTA']);
  });

  test('decode to what was done', () => {
    const ops = readEditLogBytes(golden('edits-core')).records.map(({ op }) => op);
    expect(ops).toContainEqual(expect.objectContaining({ kind: 'MKDIR', path: '/user/größe/日本語/😀smile' }));
    expect(ops).toContainEqual({ kind: 'SET_OWNER', path: '/a/empty', user: 'bob', group: undefined });
    expect(ops).toContainEqual({ kind: 'SET_QUOTA', path: '/a', namespaceQuota: 1000, spaceQuota: 10 * 2 ** 30 });
    // Storage types have their numbers of the wire: SSD is 2, although Java counts it as 1.
    expect(ops).toContainEqual({ kind: 'SET_QUOTA_BY_STORAGETYPE', path: '/a/b', storageType: 2, spaceQuota: 5 * 2 ** 30 });
    expect(ops).toContainEqual(expect.objectContaining({ kind: 'TRUNCATE', path: '/a/tcut', newLength: 1048576 }));
    const xattr = ops.find((op) => op.kind === 'SET_XATTR' && op.xAttrs[0]?.name === 'näme');
    expect(xattr).toMatchObject({ path: '/a/one', xAttrs: [{ namespace: 1 }] });
  });
});

describe('logs of older layouts', () => {
  const created = readEditLogBytes(golden('edits-core')).records.find(({ op }) => op.kind === 'ADD');

  /** A log of one ADD, as a version without erasure coding wrote it. */
  function withoutPolicy(layoutVersion: number): Buffer {
    if (created === undefined) throw new Error('the golden log creates no file');
    const bytes = golden('edits-core').subarray(created.offset, created.offset + created.length);
    // Before the ids of the call (a length, 16 bytes, a number) and the checksum.
    const at = bytes.length - 4 - 4 - 16 - 1 - 1;
    const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    shorter.writeInt32BE(shorter.readInt32BE(1) - 1, 1);
    shorter.writeInt32BE(crc32(shorter.subarray(0, -4)) | 0, shorter.length - 4);
    return Buffer.concat([encodeEditLogHeader(layoutVersion), shorter]);
  }

  test.each([-61, -63])('%s are read without what came later', (layoutVersion) => {
    const { records, end } = readEditLogBytes(withoutPolicy(layoutVersion));
    expect(end).toMatchObject({ kind: 'clean' });
    expect(records.map(({ op }) => op)).toEqual([{ ...created?.op, erasureCodingPolicyId: 0 }]);
  });

  test('from -64 on have the fields of today; before -61, and after today, none is read', () => {
    expect(readEditLogBytes(withoutPolicy(-64)).end.kind).not.toBe('clean');
    const today = golden('edits-core');
    for (const version of [-64, -65, -66]) {
      const older = Buffer.concat([encodeEditLogHeader(version), today.subarray(EDIT_LOG_HEADER_BYTES)]);
      expect(readEditLogBytes(older).records).toEqual(readEditLogBytes(today).records);
    }
    for (const version of [-60, -68]) {
      const other = Buffer.concat([encodeEditLogHeader(version), today.subarray(EDIT_LOG_HEADER_BYTES)]);
      expect(readEditLogBytes(other).end).toMatchObject({
        kind: 'corrupt',
        reason: expect.stringContaining(`version ${version}`),
      });
    }
  });
});

test('the table has every op code once, and a feature for each that is carried', () => {
  expect(Object.keys(EDIT_OP_TABLE)).toHaveLength(53);
  for (const [name, entry] of Object.entries(EDIT_OP_TABLE)) {
    const code = EditOpCode[name as EditOpName];
    expect(opName(code)).toBe(name);
    expect(opaqueFeature(code) !== undefined).toBe(entry.handling === 'opaque');
  }
  expect(opName(53)).toBeUndefined();
});

describe('values at their edges', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  const long = fc.oneof(fc.maxSafeInteger(), fc.constant(2 ** 63), fc.constant(-1), fc.constant(-(2 ** 63)));
  const rpc = fc.record({ clientId: fc.uint8Array({ minLength: 16, maxLength: 16 }), callId: fc.integer() });
  const block = fc.record({
    id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(blockId),
    numBytes: fc.maxSafeNat(),
    genStamp: fc.maxSafeNat().map(genStamp),
  });
  const ops: fc.Arbitrary<EditOp> = fc.oneof(
    fc.record({ kind: fc.constant('DELETE' as const), path: text, timestamp: long, rpc }),
    fc.record({ kind: fc.constant('UPDATE_BLOCKS' as const), path: text, blocks: fc.array(block, { maxLength: 5 }), rpc }),
    fc.record({ kind: fc.constant('SET_QUOTA' as const), path: text, namespaceQuota: long, spaceQuota: long }),
    fc.record({
      kind: fc.constant('SYMLINK' as const),
      inodeId: fc.maxSafeNat().map(inodeId),
      path: text,
      value: text,
      mtime: long,
      atime: long,
      permissions: fc.record({
        user: fc.string({ unit: 'grapheme' }),
        group: fc.string({ maxLength: 300 }),
        mode: fc.nat(0xffff),
      }),
      rpc,
    }),
    fc.record({ kind: fc.constant('SET_OWNER' as const), path: text, user: fc.constant(undefined), group: fc.constant('g') }),
  );

  test('come back as they went in', () => {
    fc.assert(
      fc.property(fc.array(ops, { maxLength: 20 }), (list) => {
        const logged = list.map((op, index) => ({ txid: index + 1, op }));
        const { records, end } = readEditLogBytes(encodeAll(logged));
        expect(end.kind).toBe('clean');
        expect(records.map(({ op }) => plain(op))).toEqual(list.map(plain));
      }),
    );
  });
});

/** Byte arrays of either kind as hexadecimal, so that only their content counts. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
}

describe('reading in chunks', () => {
  test.each([1, 7, 4096])('of %i bytes gives the same records', async (size) => {
    const bytes = golden('edits-core');
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    const reader = readEditLog(chunks, { firstTxid: 1 });
    const txids: number[] = [];
    for (;;) {
      const step = await reader.next();
      if (step.done) {
        expect(step.value).toEqual({ kind: 'clean', offset: bytes.length });
        break;
      }
      txids.push(...step.value.map(({ txid }) => txid));
    }
    expect(txids).toEqual(readEditLogBytes(bytes).records.map(({ txid }) => txid));
  });
});

describe('the end of a log', () => {
  const ops = [rename(1), rename(2, '/long/'.repeat(30)), rename(3)];
  const log = encodeAll(ops);
  const offsets = readEditLogBytes(log).records.map(({ offset }) => offset);

  test('may be padding', () => {
    for (const padding of [
      Buffer.alloc(5, 0xff),
      Buffer.alloc(5000, 0xff),
      Buffer.concat([Buffer.alloc(20, 0xff), Buffer.alloc(20)]),
    ]) {
      const { records, end } = readEditLogBytes(Buffer.concat([log, padding]));
      expect(records).toHaveLength(3);
      expect(end).toEqual({ kind: 'clean', offset: log.length });
    }
  });

  test('cut anywhere gives the whole records before the cut, and says where the tear is', () => {
    for (let length = EDIT_LOG_HEADER_BYTES; length < log.length; length++) {
      const whole = offsets.filter((_, index) => (offsets[index + 1] ?? log.length) <= length).length;
      const { records, end } = readEditLogBytes(Buffer.concat([log.subarray(0, length), Buffer.alloc(100, 0xff)]));
      expect(records).toHaveLength(whole);
      expect(end.kind).toBe(offsets.includes(length) ? 'clean' : 'torn');
      expect(end.kind === 'empty' ? -1 : end.offset).toBe(offsets[whole]);
    }
  });

  test('whose header a power cut kept from the disk is empty, unless records follow', () => {
    const padding = Buffer.alloc(4096, 0xff);
    const zeros = Buffer.alloc(512);
    expect(readEditLogBytes(Buffer.concat([zeros, padding])).end.kind).toBe('empty');
    const records = encodeAll([rename(7), rename(8)]);
    records.fill(0, 0, EDIT_LOG_HEADER_BYTES);
    expect(readEditLogBytes(Buffer.concat([records, padding])).end).toMatchObject({ kind: 'corrupt', next: { txid: 7 } });
  });

  test('without a header or with an empty file is an empty log', () => {
    for (const bytes of [Buffer.alloc(0), log.subarray(0, 5), Buffer.alloc(1000, 0xff)]) {
      expect(readEditLogBytes(bytes).end.kind).toBe('empty');
    }
  });

  test('is not where a byte in the middle is damaged: that is corruption, with the place of the next good record', () => {
    const second = offsets[1] as number;
    const third = offsets[2] as number;
    for (let at = second; at < third; at++) {
      const damaged = Buffer.from(log);
      damaged[at] = (damaged[at] as number) ^ 0x41;
      const { records, end } = readEditLogBytes(damaged, { firstTxid: 1 });
      expect(records).toHaveLength(1);
      expect(end).toMatchObject({ kind: 'corrupt', offset: second, next: { offset: third, txid: 3 } });
    }
  });

  test('is torn where the last record is damaged', () => {
    const damaged = Buffer.from(log);
    damaged[log.length - 3] = 0;
    expect(readEditLogBytes(damaged).end).toMatchObject({ kind: 'torn', offset: offsets[2] });
  });

  test('is corruption where a transaction is missing, and a tear where old records of a reused file follow', () => {
    expect(readEditLogBytes(encodeAll([rename(1), rename(3)]), { firstTxid: 1 }).end).toMatchObject({ kind: 'corrupt' });
    expect(readEditLogBytes(encodeAll([rename(7), rename(8), rename(3)]), { firstTxid: 7 }).end).toMatchObject({
      kind: 'torn',
    });
  });

  test('is corruption where an intact record cannot be understood', () => {
    const bytes = encodeAll([{ txid: 1, op: { kind: 'OPAQUE', code: 77, body: Buffer.from('?') } }]);
    expect(readEditLogBytes(bytes).end).toMatchObject({ kind: 'corrupt', reason: 'transaction 1 has the unknown op code 77' });
    const short = encodeAll([{ txid: 1, op: { kind: 'OPAQUE', code: EditOpCode.DELETE, body: Buffer.from([0, 9]) } }]);
    expect(readEditLogBytes(short).end).toMatchObject({ kind: 'corrupt', offset: EDIT_LOG_HEADER_BYTES });
  });

  test('comes after the last transaction that was asked for, whatever follows', () => {
    const { records, end } = readEditLogBytes(Buffer.concat([log, Buffer.from('garbage')]), { firstTxid: 1, lastTxid: 2 });
    expect(records.map(({ txid }) => txid)).toEqual([1, 2]);
    expect(end.kind).toBe('clean');
  });

  test('with another layout version is refused', () => {
    const other = Buffer.concat([encodeEditLogHeader(-60), log.subarray(8)]);
    expect(readEditLogBytes(other).end).toMatchObject({ kind: 'corrupt', reason: expect.stringContaining('-60') });
  });
});

test('mutated logs end in a result, never in a crash or a wrong record', () => {
  const bytes = golden('edits-core');
  const intact = new Map(readEditLogBytes(bytes).records.map(({ txid, op }) => [txid, JSON.stringify(plain(op), bigints)]));
  const mutation = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255), cut: fc.option(fc.nat(bytes.length)) });
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      let mutated = Buffer.from(bytes);
      for (const { at, value, cut } of mutations) {
        if (at < mutated.length) mutated[at] = value;
        if (cut !== null) mutated = mutated.subarray(0, cut);
      }
      const { records, end } = readEditLogBytes(mutated, { firstTxid: 1 });
      expect(['clean', 'torn', 'empty', 'corrupt']).toContain(end.kind);
      for (const { txid, op } of records) expect(JSON.stringify(plain(op), bigints)).toBe(intact.get(txid));
    }),
    { numRuns: 10_000 },
  );
}, 180_000);

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
