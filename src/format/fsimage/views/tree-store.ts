// Which inode lies where, as the views of an image need it that show paths: the parent of each inode and the names of
// directories. In memory, or in files of a directory for images that are larger than it (disk-tree-store.ts).

export interface TreeStore {
  /** An inode that is there; `name` of a directory. */
  putInode(id: number, name: string | undefined): Promise<void> | void;
  putParent(child: number, parent: number): Promise<void> | void;
  /** Whether `putInode` has seen it. */
  has(id: number): Promise<boolean> | boolean;
  /** Of a directory. */
  nameOf(id: number): Promise<string | undefined> | string | undefined;
  parentOf(id: number): Promise<number | undefined> | number | undefined;
}

/** A Map ends at some 16 million entries; images do not. */
const SHARDS = 256;

class IdMap<T> {
  readonly #shards: readonly Map<number, T>[] = Array.from({ length: SHARDS }, () => new Map());

  #shard(id: number): Map<number, T> {
    return this.#shards[Math.abs(id % SHARDS)] as Map<number, T>;
  }

  has(id: number): boolean {
    return this.#shard(id).has(id);
  }

  get(id: number): T | undefined {
    return this.#shard(id).get(id);
  }

  set(id: number, value: T): void {
    this.#shard(id).set(id, value);
  }
}

export class MemoryTreeStore implements TreeStore {
  readonly #names = new IdMap<string | undefined>();
  readonly #parents = new IdMap<number>();

  putInode(id: number, name: string | undefined): void {
    this.#names.set(id, name);
  }

  putParent(child: number, parent: number): void {
    this.#parents.set(child, parent);
  }

  has(id: number): boolean {
    return this.#names.has(id);
  }

  nameOf(id: number): string | undefined {
    return this.#names.get(id);
  }

  parentOf(id: number): number | undefined {
    return this.#parents.get(id);
  }
}
