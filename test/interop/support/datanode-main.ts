// Runs one DataNode of ours with a configuration directory, for the interop tests: `--config DIR datanode`.
import { loadConfiguration } from '../../../src/config/load.ts';
import { nodeHost } from '../../../src/host/node/index.ts';
import { DataNode } from '../../../src/server/datanode/datanode.ts';

const at = process.argv.indexOf('--config');
const host = nodeHost({ logLevel: process.env.DN_LOG === 'debug' ? 'debug' : 'info' });
const configuration = await loadConfiguration(host, { directory: process.argv[at + 1] });
const node = new DataNode(host, configuration, { onShutdown: stop });

function stop(): void {
  node.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
await node.start();
