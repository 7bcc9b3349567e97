// The entry of the bundle that holds the servers: the same commands as main.ts, and the three that start a server.
// bin/start.js picks it by the words of the command line.
import { launcher } from '../launch/launcher.ts';
import { main as run } from './main.ts';

export function main(command: string, argv: readonly string[]): Promise<void> {
  return run(command, argv, launcher);
}
