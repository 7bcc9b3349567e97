// Starts one of the commands from its bundle. CommonJS, because it has to run before the module loader starts the thread
// pool, whose size cannot be changed afterwards: a hung disk must not take the threads of the others.
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** Words that start a server. Where one is only the name of a file, the larger bundle does the same, a little later. */
const SERVERS = new Set(['dev', 'namenode', 'secondarynamenode', 'datanode', 'httpfs', 'oiv']);

module.exports = (command) => {
  const argv = process.argv.slice(2);
  const serves = argv.some((word) => SERVERS.has(word));
  process.env.UV_THREADPOOL_SIZE ??= serves ? '128' : '8';
  require('node:module').enableCompileCache?.();
  const bundle = join(__dirname, '../dist', serves ? 'daemons.mjs' : 'tuskfs.mjs');
  if (!existsSync(bundle)) {
    process.stderr.write(`${command}: not built yet; run \`npm ci\` (or \`npm run build\`) in ${join(__dirname, '..')}\n`);
    process.exitCode = 1;
    return;
  }
  import(pathToFileURL(bundle).href).then(({ main }) => main(command, argv));
};
