// For what is done to Apache's cluster and to ours and has to come out alike: a directory, a JVM, and clusters of a NameNode
// and DataNodes, three of the same maker where nothing else is said.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Maker, MixedCluster } from './mixed-cluster.ts';
import { Resident } from './resident.ts';

export class BothClusters {
  readonly directory: string;
  readonly apache: Resident;

  constructor(name: string) {
    this.directory = mkdtempSync(join(tmpdir(), `tuskfs-${name}-`));
    this.apache = new Resident(this.directory);
  }

  /** Starts a NameNode of this maker with its DataNodes, has them used, and stops them. */
  async on<T>(
    maker: Maker,
    keys: Readonly<Record<string, string>>,
    use: (cluster: MixedCluster) => Promise<T>,
    datanodes: readonly Maker[] = [maker, maker, maker],
  ): Promise<T> {
    const { directory, apache } = this;
    const makers = [maker, ...datanodes] as const;
    const cluster = await MixedCluster.start({ directory: join(directory, maker), apache, makers, keys });
    try {
      return await use(cluster);
    } finally {
      await cluster.stop();
    }
  }

  async close(): Promise<void> {
    await this.apache.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
