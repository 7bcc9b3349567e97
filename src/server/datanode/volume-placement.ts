// On which volume a new replica comes to lie.
import { VolumeChooser, type VolumeChooserOptions } from '../../core/replica/volume-choice.ts';
import type { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { Volume } from './volume.ts';

export interface PlacementOptions {
  readonly choosing: VolumeChooserOptions;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  /** Slow ones, which take no new replica while there is another. */
  readonly isAvoided?: (volume: Volume) => boolean;
}

const BY_TURNS: PlacementOptions = {
  choosing: {
    policy: 'round-robin',
    balancedSpaceThreshold: 0,
    balancedSpacePreference: 0.5,
    additionalAvailableSpace: 0,
  },
  chance: () => 0,
};

export class VolumePlacement {
  private readonly options: PlacementOptions;
  private readonly choosers = new Map<StorageTypeProto, VolumeChooser>();

  constructor(options: PlacementOptions = BY_TURNS) {
    this.options = options;
  }

  /**
   * The storage that a request names is the NameNode's guess, which is always the same one of a node: following it would
   * fill one disk and leave the others idle. Apache's policies pass over it too.
   */
  choose(volumes: readonly Volume[], storageType: StorageTypeProto, bytes: number): Volume {
    const { isAvoided } = this.options;
    const working = volumes.filter((volume) => volume.storageType === storageType);
    // A disk that hangs may come back, and a new replica need not wait for that while another disk answers.
    const answering = working.filter((volume) => !volume.io.stalled);
    const rest = answering.length > 0 ? answering : working;
    const quick = isAvoided === undefined ? rest : rest.filter((volume) => !isAvoided(volume));
    const ofType = quick.length > 0 ? quick : rest;
    let chooser = this.choosers.get(storageType);
    if (chooser === undefined) {
      chooser = new VolumeChooser(this.options.choosing);
      this.choosers.set(storageType, chooser);
    }
    return ofType[chooser.choose(ofType, bytes, this.options.chance)] as Volume;
  }
}
