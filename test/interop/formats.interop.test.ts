// Apache's own programs judge the files that we write. If this fails, an operator cannot look into our images and edit
// logs with Hadoop's viewers, and cannot go back to Apache's NameNode with our directories.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blockId, genStamp, inodeId } from '../../src/base/ids.ts';
import { BlockMap, BlockState } from '../../src/core/blocks/block-map.ts';
import { AclScope, AclType, type EditOp, type RpcIds, XAttrNamespace } from '../../src/core/edits/ops.ts';
import { type InodeHandle, Inodes, InodeType } from '../../src/core/namespace/inodes.ts';
import { EditEncoder, encodeEditLogHeader } from '../../src/format/edit-log/encoder.ts';
import { readEditLogBytes } from '../../src/format/edit-log/reader.ts';
import { loadImage } from '../../src/format/fsimage/loader.ts';
import { saveImage } from '../../src/format/fsimage/saver.ts';
import { newImageCounters } from '../../src/format/fsimage/state.ts';
import { formatDigest } from '../../src/format/storage/digest.ts';
import { editsInProgressName, formatSeenTxid, imageDigestName, imageName } from '../../src/format/storage/names.ts';
import { formatNameNodeVersion } from '../../src/format/storage/version.ts';
import { describeWithApache, ours, writeConfiguration } from './apache.ts';
import { readTestSource } from './support/cli-texts.ts';
import { freePorts } from './support/ports.ts';
import { Resident } from './support/resident.ts';

describeWithApache('our files under the eyes of Apache', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-formats-'));
  const path = (name: string): string => join(directory, name);
  const golden = (name: string): Buffer => readFileSync(resolve(import.meta.dirname, '../golden/formats', name));
  let apache: Resident;

  const hdfs = async (command: 'oev' | 'oiv', ...args: string[]): Promise<void> => {
    await apache.must(undefined, command, args);
  };

  beforeAll(() => {
    apache = new Resident(directory);
  });
  afterAll(async () => {
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('oev turns our edit log into XML and back into the same bytes', async () => {
    writeFileSync(path('edits'), encodeLog(everyOp()));
    await hdfs('oev', '-p', 'xml', '-i', path('edits'), '-o', path('edits.xml'));
    const xml = readFileSync(path('edits.xml'), 'utf8');
    for (const { txid } of everyOp()) expect(xml).toContain(`<TXID>${txid}</TXID>`);
    expect(xml).toContain('<PATH>/töne/');
    await hdfs('oev', '-p', 'binary', '-i', path('edits.xml'), '-o', path('edits.again'));
    expect(readFileSync(path('edits.again')).equals(readFileSync(path('edits')))).toBe(true);
  });

  test('oev sees in our copy of its log what it sees in the original', async () => {
    const original = golden('edits-core');
    const copy = encodeLog(readEditLogBytes(original).records);
    expect(copy.equals(original)).toBe(true);
    // A preallocated segment, as it stands while we write it.
    writeFileSync(path('edits.padded'), Buffer.concat([copy, Buffer.alloc(1024 * 1024, 0xff)]));
    await hdfs('oev', '-p', 'stats', '-i', path('edits.padded'), '-o', path('edits.stats'));
    expect(readFileSync(path('edits.stats'), 'utf8')).toMatch(/OP_ADD_BLOCK +\( *\d+\): 21/);
  });

  test('our oev writes what Apache’s writes, byte for byte', async () => {
    writeFileSync(path('every'), encodeLog(everyOp()));
    for (const name of ['edits-core', 'edits-unbuilt', 'edits-rolling-upgrade', 'edits-tokens', 'edits-by-oev']) {
      writeFileSync(path(name), golden(name));
    }
    for (const name of ['every', 'edits-core', 'edits-unbuilt', 'edits-rolling-upgrade', 'edits-tokens', 'edits-by-oev']) {
      for (const processor of ['xml', 'stats']) {
        const [theirs, mine] = [path(`${name}.theirs.${processor}`), path(`${name}.ours.${processor}`)];
        await hdfs('oev', '-p', processor, '-i', path(name), '-o', theirs);
        expect(await ours('hdfs', ['oev', '-p', processor, '-i', path(name), '-o', mine])).toMatchObject({ code: 0 });
        expect(readFileSync(mine, 'utf8')).toBe(readFileSync(theirs, 'utf8'));
      }
      // Apache's cannot read the block of an OP_TRUNCATE back.
      if (name === 'edits-core') continue;
      const binary = path(`${name}.ours.binary`);
      expect(await ours('hdfs', ['oev', '-p', 'binary', '-i', path(`${name}.theirs.xml`), '-o', binary])).toMatchObject({
        code: 0,
      });
      expect(readFileSync(binary).equals(readFileSync(path(name)))).toBe(true);
    }
  });

  test('our oev turns Hadoop’s stored edit log into its stored XML, and back', async () => {
    for (const name of ['editsStored', 'editsStored.xml']) {
      writeFileSync(path(name), readTestSource('hadoop-hdfs', name));
    }
    for (const [from, to, processor] of [
      ['editsStored', 'editsStored.xml', 'xml'],
      ['editsStored.xml', 'editsStored', 'binary'],
    ] as const) {
      const made = await ours('hdfs', ['oev', '-p', processor, '-i', path(from), '-o', path('made')]);
      expect(made).toMatchObject({ code: 0, stderr: '' });
      expect(readFileSync(path('made')).equals(readFileSync(path(to)))).toBe(true);
    }
  });

  test('oiv shows the tree of an image that we saved', async () => {
    const bytes = save(sampleTree()).bytes;
    writeFileSync(path('image'), bytes);
    await hdfs('oiv', '-p', 'XML', '-i', path('image'), '-o', path('image.xml'));
    const xml = readFileSync(path('image.xml'), 'utf8');
    expect(await ours('hdfs', ['oiv', '-p', 'XML', '-i', path('image'), '-o', path('image.ours.xml')])).toMatchObject({
      code: 0,
    });
    const anyProgram = (text: string): string => text.replace(/<oivRevision>[^<]*/, '');
    expect(anyProgram(readFileSync(path('image.ours.xml'), 'utf8'))).toBe(anyProgram(xml));
    expect(xml).toContain('<numInodes>6</numInodes>');
    expect(xml).toContain('<name>töne😀</name>');
    expect(xml).toContain('<acl>user:alice:rwx</acl>');
    expect(xml).toContain('<block><id>1073741825</id><genstamp>1001</genstamp><numBytes>1234</numBytes></block>');
    expect(xml).toContain('<file-under-construction><clientName>client-1</clientName><clientMachine>machine-1</clientMachine>');
    expect(xml).toContain('<type>SSD</type><quota>4096</quota>');
    await hdfs('oiv', '-p', 'Delimited', '-i', path('image'), '-o', path('image.tsv'));
    const rows = readFileSync(path('image.tsv'), 'utf8').trim().split('\n').slice(1);
    const seen = rows
      .map((row) => row.split('\t'))
      .map((cells) => [cells[0], cells[1], cells[9], cells[10], cells[11]].join(' '));
    expect(seen.sort()).toEqual([
      '/ 0 drwxr-xr-x root supergroup',
      '/dir 0 drwxrwxr-x+ alice staff',
      '/dir/file 3 -rw-r--r-- alice staff',
      '/dir/open 1 -rw-r--r-- bob staff',
      '/link 0 -rwxrwxrwx root supergroup',
      '/töne😀 0 drwx------ root supergroup',
    ]);
  });

  test('oiv shows of an image loaded and saved by us what it shows of the original', async () => {
    const original = golden('fsimage-core');
    const inodes = new Inodes();
    const blocks = new BlockMap();
    const file = {
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) =>
        original.copy(buffer, offset, position, position + length),
    };
    const image = await loadImage(file, original.length, 'fsimage-core', { inodes, blocks });
    writeFileSync(path('original'), original);
    writeFileSync(path('ours'), save({ ...image, inodes, blocks }).bytes);
    const lines: string[][] = [];
    for (const name of ['original', 'ours']) {
      await hdfs('oiv', '-p', 'XML', '-i', path(name), '-o', path(`${name}.xml`));
      // Inodes stand in another order: each on its own line, sorted.
      const xml = readFileSync(path(`${name}.xml`), 'utf8').replace(/<(inode|directory|parent)>/g, '\n$&');
      lines.push(
        xml
          .replace(/<\/INode(Directory)?Section>/g, '\n$&')
          .split('\n')
          .sort(),
      );
    }
    expect(lines[1]).toEqual(lines[0]);
  });

  test('its NameNode starts from our directory and goes on', async () => {
    const current = path('name/current');
    mkdirSync(current, { recursive: true });
    const counters = { ...newImageCounters(4711), lastInodeId: 16_390, txid: 5 };
    const { bytes, md5 } = save({ ...sampleTree(), counters, blocks: new BlockMap(), inodes: treeWithoutBlocks() });
    const version = { layoutVersion: -67, namespaceId: 4711, clusterId: 'CID-x', blockPoolId: 'BP-1-127.0.0.1-1', cTime: 1 };
    writeFileSync(join(current, 'VERSION'), formatNameNodeVersion(version, 0));
    writeFileSync(join(current, 'seen_txid'), formatSeenTxid(6));
    writeFileSync(join(current, imageName(5)), bytes);
    writeFileSync(join(current, imageDigestName(5)), formatDigest({ md5, fileName: imageName(5) }));
    const log = encodeLog([
      { txid: 6, op: { kind: 'START_LOG_SEGMENT' } },
      { txid: 7, op: mkdir(16_391, '/from-edits') },
      { txid: 8, op: { kind: 'RENAME_OLD', source: '/dir', destination: '/renamed', timestamp: 9, rpc: RPC } },
    ]);
    writeFileSync(join(current, editsInProgressName(6)), Buffer.concat([log, Buffer.alloc(1024 * 1024, 0xff)]));
    const [rpcPort, httpPort] = await freePorts(2);
    const conf = writeConfiguration(path('conf'), {
      'fs.defaultFS': `hdfs://127.0.0.1:${rpcPort}`,
      'dfs.namenode.name.dir': `file://${path('name')}`,
      'dfs.namenode.http-address': `127.0.0.1:${httpPort}`,
      'dfs.namenode.acls.enabled': 'true',
    });
    await apache.must(conf, 'start-namenode', [conf]);
    const listing = (await apache.must(conf, 'dfs', ['-ls', '-R', '/'])).stdout;
    expect(listing).toMatch(/drwxrwxr-x\+ .* alice staff .* \/renamed$/m);
    expect(listing).toMatch(/-rw-r--r-- +3 alice staff .* \/renamed\/file$/m);
    expect(listing).toMatch(/ \/from-edits$/m);
    expect(listing).toMatch(/ \/töne😀$/m);
    await apache.must(conf, 'stop', [conf]);
  });
});

// --------------------------------------------------------------------------------------------------------------- edits

const RPC: RpcIds = { clientId: Buffer.from('0123456789abcdef'), callId: 42 };
const PERMISSIONS = { user: 'alice', group: 'staff', mode: 0o750 };
const block = (n: number) => ({ id: blockId(1_073_741_824n + BigInt(n)), numBytes: n * 1000, genStamp: genStamp(1000 + n) });

function mkdir(id: number, path: string): EditOp {
  const permissions = { user: 'root', group: 'supergroup', mode: 0o755 };
  return { kind: 'MKDIR', inodeId: inodeId(id), path, timestamp: 5, permissions, aclEntries: [], xAttrs: [] };
}

function encodeLog(ops: readonly { readonly txid: number; readonly op: EditOp }[]): Buffer {
  const encoder = new EditEncoder();
  for (const { txid, op } of ops) encoder.encode(txid, op);
  return Buffer.concat([encodeEditLogHeader(), encoder.bytes()]);
}

/** One op of each kind, without what Apache's XML loses on its way back: attributes and policy of a new file, a block to truncate. */
function everyOp(): readonly { readonly txid: number; readonly op: EditOp }[] {
  const aclEntries = [{ scope: AclScope.DEFAULT, type: AclType.USER, name: 'bob', permission: 5 }];
  const xAttrs = [{ namespace: XAttrNamespace.USER, name: 'k', value: Buffer.from([1, 2]) }];
  const file = {
    inodeId: inodeId(16_400),
    path: '/töne/😀',
    replication: 3,
    mtime: 1_700_000_000_000,
    atime: 1_700_000_000_001,
    blockSize: 134_217_728,
    blocks: [block(1), block(2)],
    permissions: PERMISSIONS,
    aclEntries: [],
    xAttrs: [],
    storagePolicyId: 0,
    erasureCodingPolicyId: 0,
  };
  const client = { clientName: 'client', clientMachine: 'machine' };
  const ops: EditOp[] = [
    { kind: 'START_LOG_SEGMENT' },
    { kind: 'ADD', ...file, blocks: [], aclEntries, ...client, overwrite: true, rpc: RPC },
    { kind: 'CLOSE', ...file },
    { kind: 'APPEND', path: '/f', ...client, newBlock: true, rpc: RPC },
    { kind: 'ADD_BLOCK', path: '/f', penultimate: block(3), last: block(4), rpc: RPC },
    { kind: 'ADD_BLOCK', path: '/f', penultimate: undefined, last: block(4), rpc: RPC },
    { kind: 'UPDATE_BLOCKS', path: '/f', blocks: [block(9), block(5)], rpc: RPC },
    { kind: 'RENAME_OLD', source: '/f', destination: '/g', timestamp: 7, rpc: RPC },
    { kind: 'RENAME', source: '/f', destination: '/g', timestamp: 7, options: [1], rpc: RPC },
    { kind: 'DELETE', path: '/g', timestamp: 8, rpc: RPC },
    mkdir(16_401, '/töne/😀'),
    { kind: 'SET_REPLICATION', path: '/f', replication: 2 },
    { kind: 'SET_PERMISSIONS', path: '/f', mode: 0o1777 },
    { kind: 'SET_OWNER', path: '/f', user: 'u', group: 'g' },
    { kind: 'SET_GENSTAMP_V1', genStamp: genStamp(1001) },
    { kind: 'SET_GENSTAMP_V2', genStamp: genStamp(1002) },
    { kind: 'ALLOCATE_BLOCK_ID', blockId: blockId(-9223372036854775792n) },
    { kind: 'SET_QUOTA', path: '/f', namespaceQuota: 2 ** 63, spaceQuota: -1 },
    { kind: 'SET_QUOTA_BY_STORAGETYPE', path: '/f', storageType: 3, spaceQuota: 2 ** 40 },
    { kind: 'TIMES', path: '/f', mtime: 9, atime: -1 },
    { kind: 'CONCAT_DELETE', target: '/f', sources: ['/g', '/h'], timestamp: 9, rpc: RPC },
    {
      kind: 'SYMLINK',
      inodeId: inodeId(16_402),
      path: '/l',
      value: '/f',
      mtime: 1,
      atime: 2,
      permissions: PERMISSIONS,
      rpc: RPC,
    },
    { kind: 'REASSIGN_LEASE', leaseHolder: 'a', path: '/f', newHolder: 'b' },
    { kind: 'TRUNCATE', path: '/f', ...client, newLength: 5, timestamp: 6, truncateBlock: undefined, rpc: RPC },
    { kind: 'SET_ACL', path: '/f', aclEntries },
    { kind: 'SET_XATTR', path: '/f', xAttrs, rpc: RPC },
    { kind: 'REMOVE_XATTR', path: '/f', xAttrs, rpc: RPC },
    { kind: 'SET_STORAGE_POLICY', path: '/f', policyId: 7 },
    { kind: 'END_LOG_SEGMENT' },
  ];
  return ops.map((op, index) => ({ txid: index + 1, op }));
}

// --------------------------------------------------------------------------------------------------------------- image

function save(content: Parameters<typeof saveImage>[0]) {
  const parts: Buffer[] = [];
  const saving = saveImage(content);
  for (let step = saving.next(); ; step = saving.next()) {
    if (step.done) return { ...step.value, bytes: Buffer.concat(parts) };
    parts.push(Buffer.from(step.value));
  }
}

function sampleInodes(addBlocks: (inodes: Inodes, file: InodeHandle, open: InodeHandle) => void): Inodes {
  const inodes = new Inodes({ user: 'root', group: 'supergroup', mode: 0o755 });
  const make = (id: number, type: InodeType, name: string, user: string, group: string, mode: number): InodeHandle =>
    inodes.create({
      id: inodeId(id),
      type,
      name: Buffer.from(name),
      user,
      group,
      mode,
      mtime: 1_700_000_000_000,
      atime: 1_700_000_000_000,
    });
  const directory = make(16_386, InodeType.DIRECTORY, 'dir', 'alice', 'staff', 0o775);
  const file = make(16_387, InodeType.FILE, 'file', 'alice', 'staff', 0o644);
  const open = make(16_388, InodeType.FILE, 'open', 'bob', 'staff', 0o644);
  const link = make(16_389, InodeType.SYMLINK, 'link', 'root', 'supergroup', 0o777);
  inodes.attach(inodes.root, directory);
  inodes.attach(inodes.root, make(16_390, InodeType.DIRECTORY, 'töne😀', 'root', 'supergroup', 0o700));
  inodes.attach(inodes.root, link);
  inodes.attach(directory, file);
  inodes.attach(directory, open);
  inodes.setSymlinkTarget(link, '/dir/file');
  inodes.setReplication(file, 3);
  inodes.setReplication(open, 1);
  inodes.setPreferredBlockSize(file, 134_217_728);
  inodes.setPreferredBlockSize(open, 134_217_728);
  inodes.setStoragePolicy(directory, 7);
  inodes.setAcl(directory, [
    { scope: AclScope.ACCESS, type: AclType.USER, name: 'alice', permission: 7 },
    { scope: AclScope.ACCESS, type: AclType.GROUP, name: undefined, permission: 5 },
  ]);
  inodes.setXattrs(file, [{ namespace: XAttrNamespace.USER, name: 'k', value: Buffer.from('v') }]);
  inodes.setQuota(directory, { namespace: 100, space: -1, byType: new Map([[2, 4096]]) });
  addBlocks(inodes, file, open);
  return inodes;
}

function sampleTree() {
  const blocks = new BlockMap();
  const inodes = sampleInodes((table, file, open) => {
    table.setBlocks(file, [blocks.add(block(1).id, genStamp(1001), 1234, file, BlockState.COMPLETE)]);
    table.setBlocks(open, [blocks.add(block(2).id, genStamp(1002), 0, open, BlockState.UNDER_CONSTRUCTION)]);
    table.setUnderConstruction(open, { clientName: 'client-1', clientMachine: 'machine-1' });
  });
  const counters = { ...newImageCounters(4711), genStamp: 1002, lastBlockId: block(2).id, lastInodeId: 16_390, txid: 5 };
  return { inodes, blocks, counters, carried: [] };
}

/** Without blocks the NameNode leaves safe mode at once, although no DataNode is there. */
function treeWithoutBlocks(): Inodes {
  return sampleInodes(() => undefined);
}
