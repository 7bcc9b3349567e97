// What a replica can be, and what may happen to it in each state: the full table. Values are the wire's
// (ReplicaStateProto). Not here: lengths and files; the table only says whether an event is legal and where it leads.
// Apache spreads the same rules over FsDatasetImpl.

/** Apache: HdfsServerConstants.ReplicaState. */
export const ReplicaState = { FINALIZED: 0, RBW: 1, RWR: 2, RUR: 3, TEMPORARY: 4 } as const;
export type ReplicaState = (typeof ReplicaState)[keyof typeof ReplicaState];

export const REPLICA_STATE_NAMES: Readonly<Record<ReplicaState, string>> = {
  0: 'FINALIZED',
  1: 'RBW',
  2: 'RWR',
  3: 'RUR',
  4: 'TEMPORARY',
};

/**
 * finalize: its last packet was written. append: a finalized replica is opened for more. recoverRbw: a client goes on
 * with another pipeline. recoverAppend, recoverClose: it repeats an append or a close that failed. convertToRbw: a
 * copied replica joins a pipeline. startRecovery, finishRecovery: block recovery by the NameNode. replace: another
 * writer creates the same block with a newer generation stamp. discard: its writer failed. invalidate: the NameNode
 * wants it gone.
 */
export type ReplicaEvent =
  | 'finalize'
  | 'append'
  | 'recoverRbw'
  | 'recoverAppend'
  | 'recoverClose'
  | 'convertToRbw'
  | 'startRecovery'
  | 'finishRecovery'
  | 'replace'
  | 'discard'
  | 'invalidate';

/** Where an event leads: a state, `gone`, or `refused`. */
export type Transition = ReplicaState | 'gone' | 'refused';

const { FINALIZED, RBW, RUR } = ReplicaState;

export const TRANSITIONS: Readonly<Record<ReplicaState, Readonly<Record<ReplicaEvent, Transition>>>> = {
  [ReplicaState.FINALIZED]: {
    // Legal: a file opened for append and never written is recovered.
    finalize: FINALIZED,
    append: RBW,
    recoverRbw: 'refused',
    recoverAppend: RBW,
    recoverClose: FINALIZED,
    convertToRbw: 'refused',
    startRecovery: RUR,
    finishRecovery: 'refused',
    replace: 'gone',
    discard: 'refused',
    invalidate: 'gone',
  },
  [ReplicaState.RBW]: {
    finalize: FINALIZED,
    append: 'refused',
    recoverRbw: RBW,
    recoverAppend: RBW,
    recoverClose: FINALIZED,
    convertToRbw: 'refused',
    startRecovery: RUR,
    finishRecovery: 'refused',
    replace: 'gone',
    // An RBW whose writer died stays: its bytes were acknowledged.
    discard: 'refused',
    invalidate: 'gone',
  },
  [ReplicaState.RWR]: {
    finalize: 'refused',
    append: 'refused',
    recoverRbw: 'refused',
    recoverAppend: 'refused',
    recoverClose: 'refused',
    convertToRbw: 'refused',
    startRecovery: RUR,
    finishRecovery: 'refused',
    replace: 'gone',
    discard: 'refused',
    invalidate: 'gone',
  },
  [ReplicaState.RUR]: {
    finalize: 'refused',
    append: 'refused',
    recoverRbw: 'refused',
    recoverAppend: 'refused',
    recoverClose: 'refused',
    convertToRbw: 'refused',
    // With a higher recovery id: a newer recovery takes over.
    startRecovery: RUR,
    finishRecovery: FINALIZED,
    replace: 'gone',
    discard: 'refused',
    invalidate: 'gone',
  },
  [ReplicaState.TEMPORARY]: {
    finalize: FINALIZED,
    append: 'refused',
    recoverRbw: 'refused',
    recoverAppend: 'refused',
    recoverClose: 'refused',
    convertToRbw: RBW,
    startRecovery: RUR,
    finishRecovery: 'refused',
    replace: 'gone',
    discard: 'gone',
    invalidate: 'gone',
  },
};

/** Whether a replica in this state is told to the NameNode in block reports: copies in the making are not. */
export function isReported(state: ReplicaState): boolean {
  return state !== ReplicaState.TEMPORARY;
}
