// A finding of `tuskfs doctor`: one sentence for a thing that was looked at, and what to do about it where it is not well.
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';

export type Area =
  | 'configuration'
  | 'names'
  | 'ports'
  | 'clock'
  | 'namenode'
  | 'blocks'
  | 'datanodes'
  | 'disks'
  | 'permissions'
  | 'path';

export interface Finding {
  readonly area: Area;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly what: string;
  /** What to do; of everything that is not ok. */
  readonly fix?: string | undefined;
}

export interface DoctorOptions {
  readonly host: Host;
  readonly configuration: Configuration;
  readonly user: string | undefined;
  /** A file or directory that ought to be readable. */
  readonly path: string | undefined;
}

export const ok = (area: Area, what: string): Finding => ({ area, state: 'ok', what });
export const warning = (area: Area, what: string, fix: string): Finding => ({ area, state: 'warning', what, fix });
export const failed = (area: Area, what: string, fix: string): Finding => ({ area, state: 'failed', what, fix });

/** A person waits. */
export const TIMEOUT_MS = 3000;
