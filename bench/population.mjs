// A made-up file system of any size, by formulas: which blocks each file has, what they are called, and on which storages of
// which DataNodes their replicas lie. The image of it (image.mjs) and the reports of it (fake-datanodes.mjs) agree, and
// neither keeps it in memory.
//
// Default placement over nodes of one rack: three nodes, all different, any storage of each.

export const FIRST_BLOCK_ID = 2 ** 30 + 1;
export const FIRST_STAMP = 1001;
export const BLOCK_SIZE = 2 ** 27;
const REPLICATION = 3;
/** What each use of chance mixes in, so that they do not go together. */
const SALT = { length: 1, stamp: 2, node: 3, storage: 6 };

/** 32 bits that look random, always the same for the same two numbers. */
function mix(value, salt) {
  let x = Math.imul(value ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 16), 0x27d4eb2f);
  return (x ^ (x >>> 15)) >>> 0;
}

/** A number from 0 to before `limit`, as random as that. */
const below = (limit, value, salt) => (mix(value, salt) * (limit / 2 ** 32)) >>> 0;

export class Population {
  /** `ownStamps`: the share of blocks whose stamp does not follow from their order, as after an append. */
  constructor({ files, blocksPerFile, ownStamps = 0, nodes = 0, storages = 1 }) {
    this.files = files;
    this.blocksPerFile = blocksPerFile;
    this.blocks = files * blocksPerFile;
    this.ownStamps = ownStamps;
    this.nodes = nodes;
    this.storages = storages;
    this.replication = Math.min(REPLICATION, nodes);
  }

  id(block) {
    return FIRST_BLOCK_ID + block;
  }

  stamp(block) {
    const isOwn = this.ownStamps > 0 && mix(block, SALT.stamp) < this.ownStamps * 2 ** 32;
    return FIRST_STAMP + block + (isOwn ? this.blocks : 0);
  }

  get highestStamp() {
    return FIRST_STAMP + this.blocks * (this.ownStamps > 0 ? 2 : 1);
  }

  /** Full, but for the last of each file. */
  length(block) {
    return (block + 1) % this.blocksPerFile === 0 ? 1 + below(BLOCK_SIZE, block, SALT.length) : BLOCK_SIZE;
  }

  /** The numbers of the storages that hold the block, `node * storages + storage` each, into `into`. */
  places(block, into) {
    const { nodes, storages, replication } = this;
    const first = below(nodes, block, SALT.node);
    for (let i = 0; i < replication; i++) {
      let node = first;
      if (i === 1) node = (first + 1 + below(nodes - 1, block, SALT.node + 1)) % nodes;
      if (i === 2) {
        // Of the nodes but two: those in between move up.
        const second = (into[1] / storages) >>> 0;
        const low = Math.min(first, second);
        const high = Math.max(first, second);
        node = below(nodes - 2, block, SALT.node + 2);
        if (node >= low) node++;
        if (node >= high) node++;
      }
      into[i] = node * storages + below(storages, block, SALT.storage + i);
    }
  }

  /** For each storage of the nodes from `from` to before `to`, the blocks that lie there. One pass over all blocks. */
  held(from, to) {
    const { storages, replication } = this;
    const low = from * storages;
    const high = to * storages;
    const expected = Math.ceil((this.blocks * replication * 1.02) / (this.nodes * storages)) + 1024;
    const lists = Array.from({ length: high - low }, () => new Uint32Array(expected));
    const counts = new Uint32Array(high - low);
    const places = [0, 0, 0];
    for (let block = 0; block < this.blocks; block++) {
      this.places(block, places);
      for (let i = 0; i < replication; i++) {
        const place = places[i];
        if (place < low || place >= high) continue;
        const at = place - low;
        if (counts[at] === lists[at].length) {
          const longer = new Uint32Array(lists[at].length * 2);
          longer.set(lists[at]);
          lists[at] = longer;
        }
        lists[at][counts[at]++] = block;
      }
    }
    return lists.map((list, i) => list.subarray(0, counts[i]));
  }
}
