// Where Hadoop's daemons write their logs.
import type { Host } from '../../host/host.ts';

export function logDirectory(host: Host): string {
  return host.machine.env('HADOOP_LOG_DIR') ?? 'logs';
}
