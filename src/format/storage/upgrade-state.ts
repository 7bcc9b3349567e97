// What the directories beside `current` say of an upgrade, a rollback or a finalization that a crash may have cut off, and
// what brings it to its end. Pure: from the names that are there to the steps. Apache: Storage.StorageDirectory
// .analyzeStorage and .doRecover.

export const CURRENT = 'current';
export const PREVIOUS = 'previous';
/** `current` of before, while an upgrade makes the new one. */
export const PREVIOUS_TMP = 'previous.tmp';
/** `current` of before, while a rollback takes its place. */
export const REMOVED_TMP = 'removed.tmp';
/** `previous`, while a finalization deletes it. */
export const FINALIZED_TMP = 'finalized.tmp';

/** `current` of before, while a NameNode of old saved an image. */
export const LAST_CHECKPOINT_TMP = 'lastcheckpoint.tmp';
const PREVIOUS_CHECKPOINT = 'previous.checkpoint';

/** Whatever holds somebody's file system, or may. */
export const STATES = [CURRENT, PREVIOUS, PREVIOUS_TMP, REMOVED_TMP, FINALIZED_TMP, LAST_CHECKPOINT_TMP, PREVIOUS_CHECKPOINT];

export interface DirectoryNames {
  /** Whether current/VERSION is there: the last thing that is written into a new `current`. */
  readonly hasVersion: boolean;
  readonly names: ReadonlySet<string>;
}

export type RecoveryStep =
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string };

export type StorageState =
  | { readonly kind: 'normal' }
  | { readonly kind: 'not-formatted' }
  | { readonly kind: 'interrupted'; readonly what: string; readonly steps: readonly RecoveryStep[] }
  | { readonly kind: 'inconsistent'; readonly reason: string };

export function analyzeStorage({ hasVersion, names }: DirectoryNames): StorageState {
  const temporary = [PREVIOUS_TMP, REMOVED_TMP, FINALIZED_TMP, LAST_CHECKPOINT_TMP].filter((name) => names.has(name));
  const hasPrevious = names.has(PREVIOUS);
  const [only] = temporary;
  if (only === undefined) {
    if (hasVersion) return { kind: 'normal' };
    return hasPrevious
      ? { kind: 'inconsistent', reason: 'version file in current directory is missing.' }
      : { kind: 'not-formatted' };
  }
  if (temporary.length > 1) return { kind: 'inconsistent', reason: 'too many temporary directories.' };
  const rename = (from: string, to: string): RecoveryStep => ({ kind: 'rename', from, to });
  const remove = (name: string): RecoveryStep => ({ kind: 'remove', name });
  switch (only) {
    case FINALIZED_TMP:
      if (hasPrevious) {
        return { kind: 'inconsistent', reason: `${PREVIOUS} and ${FINALIZED_TMP}cannot exist together.` };
      }
      return { kind: 'interrupted', what: 'finalization', steps: [remove(FINALIZED_TMP)] };
    case PREVIOUS_TMP:
      if (hasPrevious) {
        return { kind: 'inconsistent', reason: `${PREVIOUS} and ${PREVIOUS_TMP} cannot exist together.` };
      }
      return hasVersion
        ? { kind: 'interrupted', what: 'upgrade', steps: [rename(PREVIOUS_TMP, PREVIOUS)] }
        : { kind: 'interrupted', what: 'upgrade', steps: [remove(CURRENT), rename(PREVIOUS_TMP, CURRENT)] };
    case LAST_CHECKPOINT_TMP:
      return {
        kind: 'interrupted',
        what: 'checkpoint',
        steps: hasVersion
          ? [remove(PREVIOUS_CHECKPOINT), rename(LAST_CHECKPOINT_TMP, PREVIOUS_CHECKPOINT)]
          : [remove(CURRENT), rename(LAST_CHECKPOINT_TMP, CURRENT)],
      };
    default:
      if (hasVersion === hasPrevious) {
        return {
          kind: 'inconsistent',
          reason: `one and only one directory ${CURRENT} or ${PREVIOUS} must be present when ${REMOVED_TMP} exists.`,
        };
      }
      return hasVersion
        ? { kind: 'interrupted', what: 'rollback', steps: [remove(REMOVED_TMP)] }
        : { kind: 'interrupted', what: 'rollback', steps: [rename(REMOVED_TMP, CURRENT)] };
  }
}
