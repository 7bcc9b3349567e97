// A file that a client of a run has open for writing, with its ghost: what is given to the client, flushed and closed is noted
// there at the moment it may count.
import type { Hdfs, HdfsFileHandle, SyncOptions } from '../src/client/index.ts';
import type { SimCluster } from './cluster.ts';
import { contentOf } from './content.ts';
import { GhostFile, type Piece } from './ghost-file.ts';
import type { Ledger } from './ledger.ts';

/** In less, nobody else closes a file and cuts it. */
const UNSEEN_MS = 500;

/** Where it all happens, and who does it. */
export interface Scene {
  readonly cluster: SimCluster;
  readonly ledger: Ledger;
  readonly actor: string;
}

export class GhostWriter {
  readonly file: GhostFile;
  /** Bytes of the file with what was written so far. */
  at: number;
  private readonly scene: Scene;
  private readonly handle: HdfsFileHandle;
  private readonly piece: Piece;

  private constructor(scene: Scene, handle: HdfsFileHandle, file: GhostFile, piece: Piece) {
    this.scene = scene;
    this.handle = handle;
    this.file = file;
    this.piece = piece;
    this.at = piece.from;
  }

  static async create(
    scene: Scene,
    fs: Hdfs,
    path: string,
    { key, blockSize, replication }: { readonly key: number; readonly blockSize: number; readonly replication: number },
  ): Promise<GhostWriter> {
    const { ledger, actor } = scene;
    const file = new GhostFile(key, path, blockSize);
    ledger.making(file);
    const [piece] = file.pieces as [Piece];
    const options = { blockSize, replication, createParent: false };
    const handle = await ledger.call(actor, 'create', path, undefined, () => fs.open(path, 'wx', options));
    file.created = 'ok';
    ledger.believed.set(path, 'file');
    ledger.keys.set(path, key);
    return new GhostWriter(scene, handle, file, piece);
  }

  /** Undefined: it was acknowledged and is not durable, which is told. */
  static async append(
    scene: Scene,
    fs: Hdfs,
    path: string,
    { key, newBlock }: { readonly key: number; readonly newBlock: boolean },
  ): Promise<GhostWriter | undefined> {
    const { ledger, cluster, actor } = scene;
    ledger.intend(fs.clientName, path, key);
    const options = { newBlock, mustExist: true };
    const handle = await ledger.call(actor, 'append', path, undefined, () => fs.open(path, 'a', options));
    ledger.refresh();
    const opened = ledger.appendOf(key);
    const detail = (): string => `${actor} has ${path} open to append to it, and no such append is durable`;
    cluster.violations.check(opened !== undefined, 'EL2', detail);
    return opened === undefined ? undefined : new GhostWriter(scene, handle, opened.file, opened.piece);
  }

  async write(bytes: number): Promise<void> {
    const { piece, scene } = this;
    const content = contentOf(piece.key, this.at, bytes);
    this.at += bytes;
    // Whoever has lost the file without knowing it writes no more to it.
    if (piece.closedAt === undefined) piece.end = this.at;
    scene.ledger.bytesWritten += bytes;
    await this.handle.write(content);
  }

  async flush(mark: 'flush' | 'sync', options?: SyncOptions): Promise<void> {
    const { file, piece, at: end } = this;
    const { cluster, ledger } = this.scene;
    const losses = cluster.dataPowerLosses;
    const beganMs = cluster.simulation.nowMs;
    const look = cluster.beforeFlush?.(file, end, mark);
    if (mark === 'sync') await this.handle.hsync(options);
    else await this.handle.hflush();
    if (cluster.simulation.nowMs > beganMs + UNSEEN_MS) ledger.refresh();
    if (piece.closedAt !== undefined) {
      // Somebody has closed it meanwhile, with what was acknowledged.
      const isKept = end <= piece.closedAt || (mark === 'flush' && cluster.dataPowerLosses > losses);
      const detail = (): string => `${file.createPath} was closed at ${piece.closedAt}, and ${end} bytes were acknowledged`;
      cluster.violations.check(isKept, 'LR4', detail);
      return;
    }
    look?.();
    file.flushed = end;
    cluster.keepers?.promised(file, losses);
    if (mark === 'sync') file.synced = end;
  }

  /** PR4: an append that was acknowledged has the file alone, and its bytes are behind all others. */
  async close(): Promise<void> {
    const { file, piece, at } = this;
    const { cluster, ledger, actor } = this.scene;
    await ledger.call(actor, 'close', file.createPath, undefined, () => this.handle.close());
    const wrong = file.closeAcknowledged(piece, at);
    if (wrong !== undefined) cluster.violations.add(piece.from > 0 ? 'PR4' : wrong.invariant, wrong.detail);
  }
}
