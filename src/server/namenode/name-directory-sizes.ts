// How many bytes the files of each name directory take, for NameDirSize. Walked at the start, beside it, and again when somebody asks
// after a segment or an image has come since; who asks sees what was found before. Apache: NNStorage.updateNameDirSize.
import { messageOf } from '../../base/errors.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import type { Disk, Host } from '../../host/host.ts';
import type { NameStorage } from './name-storage.ts';

export class NameDirectorySizes {
  private readonly host: Host;
  private readonly storage: NameStorage;
  private readonly sizes = new Map<string, number>();
  private measured = '';
  private measuring: Promise<void> | undefined;

  constructor(host: Host, storage: NameStorage) {
    this.host = host;
    this.storage = storage;
  }

  /** `state`: anything that differs once files have come or gone. */
  look(state: string): ReadonlyMap<string, number> {
    if (state !== this.measured && this.measuring === undefined) {
      this.measuring = this.measure(state).finally(() => {
        this.measuring = undefined;
      });
    }
    return this.sizes;
  }

  /** Never rejects: a directory that cannot be walked counts as nothing, as with Apache. */
  private async measure(state: string): Promise<void> {
    this.measured = state;
    const { host, storage } = this;
    const found = new Map<string, number>();
    for (const { root } of storage.working) {
      try {
        found.set(root, await bytesBelow(host.disk, root));
      } catch (error) {
        host.log.log('warn', 'storage', `Failed to get directory size : ${root}: ${messageOf(error)}`);
        found.set(root, 0);
      }
    }
    this.sizes.clear();
    for (const [root, bytes] of found) this.sizes.set(root, bytes);
  }
}

/** A file that goes while the directory is walked is passed over. */
async function bytesBelow(disk: Disk, directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await disk.readdir(directory)) {
    const path = `${directory}/${name}`;
    try {
      const stat = await disk.stat(path);
      bytes += stat.isDirectory ? await bytesBelow(disk, path) : stat.size;
    } catch (error) {
      if (diskErrorCode(error) !== 'ENOENT') throw error;
    }
  }
  return bytes;
}
