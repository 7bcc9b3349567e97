// For tests that each start a cluster of their own, some daemons of it Apache's: a directory with local files and a JVM for all
// of a file, and the hooks that clear up.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { BothClusters } from './both-clusters.ts';
import { MixedCluster, type MixedOptions } from './mixed-cluster.ts';
import type { Resident } from './resident.ts';

export class ClusterPerTest {
  #shared: BothClusters | undefined;
  #cluster: MixedCluster | undefined;

  /** `localFiles`: names and contents of files in the directory, asked for before the first test. */
  constructor(name: string, localFiles: () => Iterable<readonly [name: string, content: Uint8Array]>) {
    beforeAll(() => {
      this.#shared = new BothClusters(name);
      for (const [file, content] of localFiles()) writeFileSync(join(this.directory, file), content);
    });
    afterEach(() => this.stop());
    afterAll(() => this.#shared?.close());
  }

  get directory(): string {
    return this.#started.directory;
  }

  get apache(): Resident {
    return this.#started.apache;
  }

  /** In a directory of that name below the other one. */
  async start(name: string, options: Omit<MixedOptions, 'directory' | 'apache'>): Promise<MixedCluster> {
    const { directory, apache } = this;
    this.#cluster = await MixedCluster.start({ ...options, directory: join(directory, name), apache });
    return this.#cluster;
  }

  /** Before the end of the test. */
  async stop(): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = undefined;
    await cluster?.stop();
  }

  get #started(): BothClusters {
    if (this.#shared === undefined) throw new Error('there is a directory only while tests run');
    return this.#shared;
  }
}
