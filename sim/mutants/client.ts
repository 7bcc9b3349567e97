// Bugs of the client.
import type { Mutant } from './mutant.ts';

export const CLIENT_MUTANTS: readonly Mutant[] = [
  {
    id: 'close-not-awaited',
    what: 'the client closes a file whose last packets were not acknowledged',
    file: 'src/client/block-stream.ts',
    find: 'return this.#until(() => this.#window.lastAckedSeqno >= seqno);',
    replace: 'return this.#until(() => this.#window.lastAckedSeqno >= seqno - 1);',
    story: 'chaos',
    scenario: 'calm',
    seeds: 3,
    trips: ['BK4', 'BK5', 'BK3', 'NS1', 'LR4'],
  },
  {
    id: 'recovery-forgets-packets',
    what: 'packets in flight when a pipeline broke are not sent again',
    file: 'src/core/pipeline/writer.ts',
    find: '    this.#waiting = [...this.#sent, ...this.#waiting];\n    this.#sent = [];\n  }\n\n  /** The block was given up',
    replace: '    this.#sent = [];\n  }\n\n  /** The block was given up',
    story: 'drill',
    drill: 'broken-pipeline',
    seeds: 1,
    trips: ['BK3', 'BK6', 'PR5', 'X2', 'NS1'],
  },
  {
    id: 'read-from-wrong-offset',
    what: 'a read that goes on with another DataNode begins one byte too early',
    file: 'src/transfer/block-reader.ts',
    find: 'if (to > from) return data.subarray(from, to);',
    replace: 'if (to > from) return from > 0 ? data.subarray(from - 1, to - 1) : data.subarray(from, to);',
    story: 'chaos',
    scenario: 'calm',
    seeds: 3,
    trips: ['BK6'],
  },
  {
    id: 'read-unverified',
    what: 'the client does not verify what it reads',
    file: 'src/transfer/block-reader.ts',
    find: 'if (bad >= 0) {',
    replace: 'if (bad >= 0 && offset < 0) {',
    story: 'drill',
    drill: 'rotten-replica',
    seeds: 1,
    trips: ['BK6'],
  },
];
