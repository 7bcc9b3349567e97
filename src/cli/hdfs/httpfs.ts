// hdfs httpfs: the gateway in the foreground, until it is interrupted or fails.
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { serve } from './roles.ts';

export function runHttpFs(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const [first] = argv;
  if (first !== undefined) {
    terminal.stderr.write(`httpfs: ${first} is not understood; there are no options\n`);
    return Promise.resolve(1);
  }
  return serve(host, terminal, configuration, 'httpfs', async () => {
    host.log.log('info', 'httpfs', `starting tuskfs ${VERSION}`);
    const httpFs = await terminal.launcher().startHttpFs(host, configuration);
    return () => httpFs.stop();
  });
}
