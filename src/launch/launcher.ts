// The servers as the command line calls them. Commands that only talk to a cluster start without this and all that stands
// behind it: they know the type alone, and the bundle for daemons hands them the value.
import {
  format,
  layoutVersions,
  newClusterId,
  openSecondaryNameNode,
  rollBack,
  serveImage,
  startDataNode,
  startHttpFs,
  startNameNode,
  startSecondaryNameNode,
} from './daemons.ts';
import { startDev } from './dev.ts';

export const launcher = {
  format,
  layoutVersions,
  newClusterId,
  openSecondaryNameNode,
  rollBack,
  serveImage,
  startDataNode,
  startDev,
  startHttpFs,
  startNameNode,
  startSecondaryNameNode,
} as const;

export type Launcher = typeof launcher;
