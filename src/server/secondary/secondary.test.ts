// If these fail, checkpoints of a secondary NameNode lose changes, never reach the NameNode, or come too often or never.
import { describe, expect, test } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { Configuration } from '../../config/configuration.ts';
import type { SimNode } from '../../host/sim/index.ts';
import { type Api, exists, mkdir, TestNameNode } from '../namenode/test-namenode.ts';
import { SecondaryNameNode, type SecondaryOptions } from './secondary-namenode.ts';

type Keys = Readonly<Record<string, string | number | boolean>>;

/** A NameNode, and a secondary on a machine of its own. */
class Pair {
  readonly nn: TestNameNode;
  readonly machine: SimNode;
  readonly fatal: Error[] = [];
  private readonly keys: Keys;

  constructor(keys: Keys = {}) {
    // The NameNode's own checkpoints would be in the way.
    this.nn = new TestNameNode({ 'dfs.namenode.checkpoint.check.period': 86_400, ...keys });
    this.machine = this.nn.simulation.node('snn');
    this.keys = keys;
  }

  async begin(): Promise<Api> {
    expect(await this.nn.format()).toBe(true);
    return this.nn.start();
  }

  make(options: SecondaryOptions = {}): SecondaryNameNode {
    const configuration = Configuration.of({
      'fs.defaultFS': 'hdfs://nn:8020',
      'dfs.namenode.http-address': 'nn:9870',
      'dfs.namenode.secondary.http-address': 'snn:9868',
      'dfs.namenode.checkpoint.dir': '/one,/two',
      ...this.keys,
    });
    return new SecondaryNameNode(this.machine.host, configuration, {
      onFatal: (error) => this.fatal.push(error),
      ...options,
    });
  }

  /** Opened; the clock is past what the NameNode calls a recent image. */
  async opened(options: SecondaryOptions = {}): Promise<SecondaryNameNode> {
    const secondary = this.make(options);
    await this.nn.within(secondary.open());
    await this.nn.simulation.advance(2 * 3_600_000);
    return secondary;
  }

  /** In the VERSION of one of its directories; answers what that was. */
  async changeVersion(root: string, from: string | RegExp, to: string): Promise<string> {
    const { disk } = this.machine.host;
    const path = `${root}/current/VERSION`;
    const version = (await this.nn.within(disk.readFile(path))).toString();
    await this.nn.within(disk.writeFileAtomic(path, version.replace(from, to)));
    return version;
  }

  images(): Promise<string[]> {
    return this.nn.files('/name/current').then((names) => names.filter((name) => /^fsimage_\d+$/.test(name)));
  }
}

const imageOf = (txid: number): string => `fsimage_${String(txid).padStart(19, '0')}`;

describe('a checkpoint', () => {
  test('is the NameNode’s new image, and everything is in it', async () => {
    const pair = new Pair();
    const api = await pair.begin();
    const secondary = await pair.opened();
    for (let i = 0; i < 20; i++) await mkdir(api, `/a${i}`);
    await api.delete({ src: '/a3', recursive: true });
    const first = await pair.nn.within(secondary.checkpoint());
    expect(first.upload).toEqual({ kind: 'taken' });
    expect(await pair.images()).toEqual([imageOf(0), imageOf(first.txid)]);
    // Made and kept here too, in both directories.
    for (const root of ['/one', '/two']) {
      const { disk } = pair.machine.host;
      const name = `${imageOf(first.txid)}.md5`;
      const ours = await pair.nn.within(disk.readFile(`${root}/current/${name}`));
      const theirs = await pair.nn.within(pair.nn.machine.host.disk.readFile(`/name/current/${name}`));
      expect(ours.equals(theirs)).toBe(true);
    }
    // The next one needs the new segments only.
    await mkdir(api, '/b');
    await pair.nn.simulation.advance(3_600_000);
    const second = await pair.nn.within(secondary.checkpoint());
    expect(second.upload).toEqual({ kind: 'taken' });
    expect(pair.nn.logged.filter((line) => /Downloading updated image/.test(line))).toHaveLength(1);
    // Without the edits before it the NameNode starts from that image alone.
    await pair.nn.within(pair.nn.running.stop());
    pair.nn.machine.restart();
    const { disk } = pair.nn.machine.host;
    for (const name of await pair.nn.files('/name/current')) {
      const last = /^edits_\d+-(\d+)$/.exec(name)?.[1];
      const old = last !== undefined && Number(last) <= second.txid;
      if (old || name.startsWith(imageOf(first.txid)) || name.startsWith(imageOf(0))) {
        await pair.nn.within(disk.unlink(`/name/current/${name}`));
      }
    }
    const again = await pair.nn.start();
    for (const path of ['/a0', '/a19', '/b']) expect(await exists(again, path), path).toBe(true);
    expect(await exists(again, '/a3')).toBe(false);
  });

  test('right after another is turned away, and nothing is wrong', async () => {
    const pair = new Pair();
    const api = await pair.begin();
    const secondary = await pair.opened();
    await mkdir(api, '/a');
    await pair.nn.within(secondary.checkpoint());
    await mkdir(api, '/b');
    const { upload } = await pair.nn.within(secondary.checkpoint());
    expect(upload).toMatchObject({
      kind: 'unwanted',
      reason: expect.stringMatching(
        /^Rejecting a fsimage due to small time delta and txnid delta. Time since previous checkpoint is 0 expecting at least 2700 /,
      ),
    });
  });

  test('of the very transactions of which the NameNode makes an image is turned away, and neither spoils the other', async () => {
    const pair = new Pair();
    const api = await pair.begin();
    const secondary = await pair.opened();
    await mkdir(api, '/a');
    const { checkpointer, system } = pair.nn.running;
    pair.nn.machine.diskFault = ({ path }) => (path.includes('fsimage.ckpt') ? { delayMs: 100 } : undefined);
    // The log is closed again right after the secondary has had it closed, and before it asks what there is to fetch.
    const before = system.editLog.lastTxid;
    const theirs = secondary.checkpoint();
    while (system.editLog.lastTxid === before) await pair.nn.simulation.advance(1);
    const ours = checkpointer.save();
    const [{ txid, upload }, own] = await pair.nn.within(Promise.all([theirs, ours]));
    expect(txid).toBe(own);
    expect(upload).toMatchObject({
      kind: 'unwanted',
      reason: `Another checkpointer is already in the process of uploading a checkpoint made up to transaction ID ${own}`,
    });
    expect(pair.nn.logged.filter((line) => /left out/.test(line))).toEqual([]);
    expect(await pair.images()).toEqual([imageOf(0), imageOf(own)]);
    expect(await exists(await pair.nn.restart('power'), '/a')).toBe(true);
  });

  test('goes on from what the NameNode has, after the secondary, or the NameNode, was started anew', async () => {
    const pair = new Pair();
    let api = await pair.begin();
    let secondary = await pair.opened();
    await mkdir(api, '/a');
    await pair.nn.within(secondary.checkpoint());
    // The secondary's power fails; the NameNode makes an image of its own in between.
    pair.machine.crash('power', true);
    pair.machine.restart();
    await mkdir(api, '/b');
    await pair.nn.within(pair.nn.running.checkpointer.save());
    await mkdir(api, '/c');
    secondary = await pair.opened();
    expect((await pair.nn.within(secondary.checkpoint())).upload).toEqual({ kind: 'taken' });
    api = await pair.nn.restart('power');
    await mkdir(api, '/d');
    await pair.nn.simulation.advance(3 * 3_600_000);
    expect((await pair.nn.within(secondary.checkpoint())).upload).toEqual({ kind: 'taken' });
    api = await pair.nn.restart('power');
    for (const path of ['/a', '/b', '/c', '/d']) expect(await exists(api, path), path).toBe(true);
  });

  test('is not made of another name system', async () => {
    const pair = new Pair();
    const api = await pair.begin();
    const secondary = await pair.opened();
    await mkdir(api, '/a');
    await pair.nn.within(secondary.checkpoint());
    await pair.nn.within(pair.nn.running.stop());
    pair.nn.machine.restart();
    await pair.nn.format({ force: true });
    await pair.nn.start();
    await expect(pair.nn.within(secondary.checkpoint())).rejects.toThrow(/^Inconsistent checkpoint fields.\nLV = -67/);
    await pair.nn.within(secondary.stop());
    const emptied = await pair.opened({ format: true });
    expect((await pair.nn.within(emptied.checkpoint())).upload.kind).toBe('taken');
  });

  test('does not empty what an older version left of another name system', async () => {
    const pair = new Pair();
    const { nn } = pair;
    const { disk } = pair.machine.host;
    const api = await pair.begin();
    let secondary = await pair.opened();
    await mkdir(api, '/a');
    await nn.within(secondary.checkpoint());
    await nn.within(secondary.stop());
    for (const root of ['/one', '/two']) await pair.changeVersion(root, 'layoutVersion=-67', 'layoutVersion=-63');
    const before = await nn.within(disk.readdir('/one/current'));
    await nn.within(nn.running.stop());
    nn.machine.restart();
    await nn.format({ force: true });
    await nn.start();
    secondary = await pair.opened();
    await expect(nn.within(secondary.checkpoint())).rejects.toThrow(/^Inconsistent checkpoint fields/);
    expect(await nn.within(disk.readdir('/one/current'))).toEqual(before);
  });

  test('after the NameNode was put back to an earlier state is made of that, and nothing of the later one is left to be imported', async () => {
    const pair = new Pair();
    const { nn } = pair;
    let api = await pair.begin();
    const secondary = await pair.opened();
    await mkdir(api, '/a');
    await nn.within(secondary.checkpoint());
    const copy = async (from: string, to: string): Promise<void> => {
      const { disk } = nn.machine.host;
      await nn.within(disk.removeTree(to));
      await nn.within(disk.mkdir(to));
      for (const name of await nn.files(from)) {
        const content = await nn.within(disk.readFile(`${from}/${name}`));
        await nn.within(disk.writeFileAtomic(`${to}/${name}`, content));
      }
    };
    await nn.within(nn.running.stop());
    nn.machine.restart();
    await copy('/name/current', '/backup');
    api = await nn.start();
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 10; j++) await mkdir(api, `/later${i}-${j}`);
      await nn.simulation.advance(3_600_000);
      await nn.within(secondary.checkpoint());
    }
    await nn.within(nn.running.stop());
    nn.machine.restart();
    await copy('/backup', '/name/current');
    api = await nn.start();
    await mkdir(api, '/instead');
    await nn.simulation.advance(3_600_000);
    const { txid, upload } = await nn.within(secondary.checkpoint());
    expect(upload).toEqual({ kind: 'taken' });
    const names = await nn.within(pair.machine.host.disk.readdir('/one/current'));
    expect(names.filter((name) => /^fsimage_\d+$/.test(name)).at(-1)).toBe(imageOf(txid));
    expect(names.filter((name) => Number(/^edits_(\d+)-\d+$/.exec(name)?.[1]) > txid)).toEqual([]);
    // Whoever put it back may not have known how much more was here.
    const aside = names.filter((name) => /^fsimage_\d+\.ahead$/.test(name)).at(-1);
    expect(names).toContain(aside?.replace('.ahead', '.md5.ahead'));
    const ahead = Number(/\d+/.exec(aside ?? '')?.[0]);
    expect(ahead).toBeGreaterThan(txid);
    expect(nn.logged.join('\n')).toMatch(
      /warn: \/one\/current\/fsimage_\d+ goes beyond the NameNode's log, which ends at \d+: it is kept as/,
    );
    // It goes when the log has come as far.
    for (let i = 0; nn.running.system.editLog.lastTxid <= ahead; i++) await mkdir(api, `/more${i}`);
    for (let i = 0; i < 3; i++) {
      await mkdir(api, `/last${i}`);
      await nn.simulation.advance(3_600_000);
      await nn.within(secondary.checkpoint());
    }
    expect((await nn.within(pair.machine.host.disk.readdir('/one/current'))).filter((name) => name.endsWith('.ahead'))).toEqual(
      [],
    );
  });

  test('goes into directories of which one alone has been emptied for another state of the NameNode', async () => {
    const pair = new Pair();
    const { nn } = pair;
    const { disk } = pair.machine.host;
    const api = await pair.begin();
    let secondary = await pair.opened();
    await mkdir(api, '/a');
    await nn.within(secondary.checkpoint());
    await nn.within(secondary.stop());
    const version = await pair.changeVersion('/two', /cTime=\d+/, 'cTime=7');
    secondary = await pair.opened();
    await mkdir(api, '/b');
    await nn.within(secondary.checkpoint());
    const found = (await nn.within(disk.readFile('/two/current/VERSION'))).toString();
    expect(/cTime=.*/.exec(found)?.[0]).toEqual(/cTime=.*/.exec(version)?.[0]);
  });

  test('that was changed on the way, or cut, is no image anywhere', async () => {
    const pair = new Pair();
    const api = await pair.begin();
    const secondary = await pair.opened();
    await mkdir(api, '/a');
    const base = 'http://nn:9870/imagetransfer';
    const version = (await pair.nn.within(pair.nn.machine.host.disk.readFile('/name/current/VERSION'))).toString();
    const field = (name: string): string => new RegExp(`${name}=(.*)`).exec(version)?.[1] ?? '';
    const info = `-67:${field('namespaceID')}:${field('cTime')}:${field('clusterID')}`;
    const put = async (query: Record<string, string>, headers: Record<string, string>, body: Buffer): Promise<string> => {
      const url = `${base}?${new URLSearchParams(query)}`;
      const { status, reason } = await pair.nn.within(pair.machine.host.http.request(url, { method: 'PUT', headers, body }));
      return `${status} ${reason ?? ''}`;
    };
    const body = Buffer.from('HDFSIMG1 and not what was announced');
    const given = { txid: '2', storageInfo: info, 'File-Length': String(body.length), imageFile: 'IMAGE' };
    expect(await put({ ...given, 'File-Length': '40' }, {}, body)).toMatch(
      /^410 PutImage failed.*is not of the advertised size 40/,
    );
    expect(await put(given, { 'X-MD5-Digest': '0'.repeat(32) }, body)).toMatch(/^410 .*does not match advertised digest/);
    expect(await put(given, {}, Buffer.from('a page of the web'.padEnd(body.length)))).toMatch(/^410 .*is no image/);
    expect(await put({ ...given, txid: '99' }, {}, body)).toMatch(/^410 .*the edit log ends at/);
    expect(await put({ ...given, storageInfo: '-67:1:0:CID-x' }, {}, body)).toMatch(/^403 This namenode has storage info/);
    expect(await put({ ...given, imageFile: 'IMAGE_ROLLBACK' }, {}, body)).toMatch(/^410 /);
    expect(await put({ ...given, txid: '0', 'File-Length': String(body.length) }, {}, body)).toMatch(
      /^409 Either current namenode has checkpointed or another checkpointer already uploaded an checkpoint for txid 0/,
    );
    // An image, and what was sent of it, but of other transactions than it is said to be of.
    const other = await pair.nn.within(pair.nn.machine.host.disk.readFile(`/name/current/${imageOf(0)}`));
    const length = { 'File-Length': String(other.length) };
    expect(await put({ ...given, ...length }, {}, other)).toMatch(/^410 .*is an image of transaction 0 of .*, not of 2 of/);
    expect(await put({ ...given, ...length }, {}, Buffer.alloc(other.length))).toMatch(/^410 .*is no image/);
    expect((await pair.nn.files('/name/current')).filter((name) => name.includes('ckpt'))).toEqual([]);
    expect(await pair.images()).toEqual([imageOf(0)]);
    expect((await pair.nn.within(secondary.checkpoint())).upload).toEqual({ kind: 'taken' });
  });

  test('with damaged edits is not made, and is made when a good copy can be fetched', async () => {
    const pair = new Pair();
    const api = await pair.begin();
    const secondary = await pair.opened();
    await mkdir(api, '/a');
    await pair.nn.within(secondary.checkpoint());
    await mkdir(api, '/b');
    pair.machine.diskFault = ({ operation, path }) =>
      operation === 'read' && path.includes('edits_') ? { error: 'EIO' } : undefined;
    await expect(pair.nn.within(secondary.checkpoint())).rejects.toThrow();
    pair.machine.diskFault = undefined;
    await pair.nn.simulation.advance(3_600_000);
    expect((await pair.nn.within(secondary.checkpoint())).upload).toEqual({ kind: 'taken' });
  });

  test('of before an upgrade of the NameNode stays until there are others, and counts no more', async () => {
    const pair = new Pair({ 'dfs.namenode.num.checkpoints.retained': 1 });
    const { nn } = pair;
    const api = await pair.begin();
    const secondary = await pair.opened();
    await mkdir(api, '/a');
    const { txid } = await nn.within(secondary.checkpoint());
    await nn.within(nn.running.stop());
    nn.machine.restart();
    const upgraded = await nn.start({ startup: 'upgrade' });
    await mkdir(upgraded, '/b');
    // It cannot be fetched yet what is to take its place.
    pair.machine.diskFault = ({ operation, path }) =>
      operation === 'write' && path.includes('fsimage.ckpt') ? { error: 'ENOSPC' } : undefined;
    await expect(nn.within(secondary.checkpoint())).rejects.toThrow('Unable to download to any storage directory');
    pair.machine.diskFault = undefined;
    const names = (): Promise<readonly string[]> => nn.within(pair.machine.host.disk.readdir('/one/current'));
    expect(await names()).toEqual(expect.arrayContaining([`${imageOf(txid)}.ahead`, `${imageOf(txid)}.md5.ahead`]));
    await nn.simulation.advance(3_600_000);
    expect((await nn.within(secondary.checkpoint())).upload).toEqual({ kind: 'taken' });
    expect((await names()).filter((name) => name.endsWith('.ahead'))).toEqual([]);
    expect(await exists(await nn.restart('power'), '/b')).toBe(true);
  });

  test('is made of segments fetched anew, once one that was fetched cannot be read', async () => {
    const pair = new Pair();
    const { nn } = pair;
    const api = await pair.begin();
    const secondary = await pair.opened();
    await mkdir(api, '/a');
    await nn.within(secondary.checkpoint());
    await mkdir(api, '/b');
    await api.rollEdits({});
    await nn.simulation.advance(3_600_000);
    const name = (await nn.files('/name/current')).filter((each) => /^edits_\d+-\d+$/.test(each)).at(-1);
    const bytes = await nn.within(nn.machine.host.disk.readFile(`/name/current/${name}`));
    const at = bytes.indexOf('/b');
    expect(at).toBeGreaterThan(0);
    // A bit of it turned on the way, or on this disk, and everything is as long as it should be.
    bytes[at + 1] = 0x58;
    await nn.within(pair.machine.host.disk.writeFileAtomic(`/one/current/${name}`, bytes));
    await expect(nn.within(secondary.checkpoint())).rejects.toThrow(/is damaged at offset/);
    expect((await nn.within(secondary.checkpoint())).upload).toEqual({ kind: 'taken' });
    expect(await exists(await nn.restart('power'), '/b')).toBe(true);
  });

  test('needs one working directory', async () => {
    const pair = new Pair();
    const api = await pair.begin();
    const secondary = await pair.opened();
    await mkdir(api, '/a');
    pair.machine.diskFault = ({ operation, path }) =>
      path.startsWith('/two/') && operation === 'write' ? { error: 'EIO' } : undefined;
    expect((await pair.nn.within(secondary.checkpoint())).upload).toEqual({ kind: 'taken' });
  });
});

describe('the daemon', () => {
  test('makes checkpoints by time, whatever the wall clocks do', async () => {
    const pair = new Pair({ 'dfs.namenode.checkpoint.period': 3600, 'dfs.namenode.checkpoint.check.period': 60 });
    const api = await pair.begin();
    await pair.nn.simulation.advance(3_000_000);
    const secondary = pair.make();
    await pair.nn.within(secondary.start());
    const made = (): number => pair.nn.logged.filter((line) => /Checkpoint done up to/.test(line)).length;
    await mkdir(api, '/a');
    await pair.nn.simulation.advance(120_000);
    expect(made()).toBe(1);
    for (const hours of [10, -20, 5]) {
      pair.machine.jumpClock(hours * 3_600_000);
      pair.nn.machine.jumpClock(-hours * 3_600_000);
      await pair.nn.simulation.advance(600_000);
    }
    expect(made()).toBe(1);
    await mkdir(api, '/b');
    await pair.nn.simulation.advance(3_600_000);
    expect(made()).toBe(2);
    // The NameNode left them to it, and took them.
    expect(pair.nn.logged.filter((line) => /did not take/.test(line))).toEqual([]);
    expect(pair.nn.logged.filter((line) => /saved image of transaction/.test(line))).toEqual([]);
    const { status, body } = await pair.nn.within(pair.nn.machine.host.http.request('http://snn:9868/jmx'));
    let text = '';
    const read = async (): Promise<void> => {
      for await (const chunk of body) text += Buffer.from(chunk).toString();
    };
    await pair.nn.within(read());
    expect(status).toBe(200);
    const [bean] = (JSON.parse(text) as { beans: Record<string, unknown>[] }).beans;
    expect(bean).toMatchObject({
      name: 'Hadoop:service=SecondaryNameNode,name=SecondaryNameNodeInfo',
      HostAndPort: 'nn:8020',
      CheckpointDirectories: ['file:///one', 'file:///two'],
    });
    await pair.nn.within(secondary.stop());
  });

  test('makes one when enough transactions have come', async () => {
    const pair = new Pair({ 'dfs.namenode.checkpoint.txns': 40, 'dfs.namenode.checkpoint.period': 3_600 });
    const api = await pair.begin();
    await pair.nn.simulation.advance(2_800_000);
    const secondary = pair.make();
    await pair.nn.within(secondary.start());
    await mkdir(api, '/a');
    // The first comes at once.
    await pair.nn.simulation.advance(120_000);
    const before = (await pair.images()).at(-1);
    for (let i = 0; i < 50; i++) await mkdir(api, `/b${i}`);
    expect(await pair.nn.within(secondary.uncheckpointed())).toBeGreaterThan(40);
    await pair.nn.simulation.advance(120_000);
    expect((await pair.images()).at(-1)).not.toBe(before);
    await pair.nn.within(secondary.stop());
  });

  test('ends after too many merges that failed in a row, and says how often', async () => {
    const pair = new Pair({ 'dfs.namenode.checkpoint.period': 60, 'dfs.namenode.checkpoint.check.period': 60 });
    await pair.begin();
    const secondary = pair.make();
    await pair.nn.within(secondary.start());
    pair.machine.diskFault = ({ operation, path }) =>
      operation === 'read' && path.includes('fsimage') ? { error: 'EIO' } : undefined;
    await pair.nn.simulation.advance(60_000 * 8);
    expect(pair.fatal[0]?.message).toBe('Merging failed 4 times.');
  });

  test('waits for a NameNode that is down, and keeps a second one off its directories', async () => {
    const pair = new Pair({ 'dfs.namenode.checkpoint.period': 60 });
    const secondary = pair.make();
    await pair.nn.within(secondary.start());
    await expect(pair.nn.within(pair.make().open())).rejects.toBeInstanceOf(HdfsError);
    await pair.nn.simulation.advance(300_000);
    const api = await pair.begin();
    await mkdir(api, '/a');
    await pair.nn.simulation.advance(300_000);
    expect((await pair.images()).length).toBeGreaterThan(1);
    expect(pair.fatal).toEqual([]);
  });
});
