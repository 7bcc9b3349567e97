// What is told of loading and saving an image while they go on: Hadoop tells these parts apart when it starts.
export type ImageStep = 'ErasureCodingPolicies' | 'Inodes' | 'DelegationTokens' | 'CachePools';

/** Who looks at a step: `done` is asked when somebody does, so that counting costs nothing. */
export interface StepWatch {
  total: number;
  done: () => number;
  finish(): void;
}

/** Called when a step begins. */
export type OnImageStep = (step: ImageStep) => StepWatch;

/** Which step a section is, where it is one for itself. */
export const STEP_OF_SECTION: Readonly<Partial<Record<string, ImageStep>>> = {
  ERASURE_CODING: 'ErasureCodingPolicies',
  SECRET_MANAGER: 'DelegationTokens',
  CACHE_MANAGER: 'CachePools',
};
