// Words that writer and receiver of a pipeline share: how a write was opened and what that means. Numbers are the wire's
// (OpWriteBlockProto.BlockConstructionStage), held against it by a test.

/** Apache: BlockConstructionStage. */
export const Stage = {
  PIPELINE_SETUP_APPEND: 0,
  PIPELINE_SETUP_APPEND_RECOVERY: 1,
  DATA_STREAMING: 2,
  PIPELINE_SETUP_STREAMING_RECOVERY: 3,
  PIPELINE_CLOSE: 4,
  PIPELINE_CLOSE_RECOVERY: 5,
  PIPELINE_SETUP_CREATE: 6,
  TRANSFER_RBW: 7,
  TRANSFER_FINALIZED: 8,
} as const;
export type Stage = (typeof Stage)[keyof typeof Stage];

/** The stage that the pipeline recovers to after a failure in `stage`. Apache: BlockConstructionStage.getRecoveryStage. */
export function recoveryStage(stage: Stage): Stage {
  switch (stage) {
    case Stage.PIPELINE_SETUP_APPEND:
    case Stage.PIPELINE_SETUP_APPEND_RECOVERY:
      return Stage.PIPELINE_SETUP_APPEND_RECOVERY;
    case Stage.DATA_STREAMING:
    case Stage.PIPELINE_SETUP_STREAMING_RECOVERY:
      return Stage.PIPELINE_SETUP_STREAMING_RECOVERY;
    case Stage.PIPELINE_CLOSE:
    case Stage.PIPELINE_CLOSE_RECOVERY:
      return Stage.PIPELINE_CLOSE_RECOVERY;
    case Stage.PIPELINE_SETUP_CREATE:
    case Stage.TRANSFER_RBW:
    case Stage.TRANSFER_FINALIZED:
      return stage;
  }
}
