// Starts one of the commands from the bundle. CommonJS, because it has to run before the module loader starts the thread
// pool, whose size cannot be changed afterwards: a hung disk must not take the threads of the others.
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

module.exports = (command) => {
  process.env.UV_THREADPOOL_SIZE ??= '32';
  require('node:module').enableCompileCache?.();
  const bundle = join(__dirname, '../dist/tuskfs.mjs');
  if (!existsSync(bundle)) {
    process.stderr.write(`${command}: not built yet; run \`npm ci\` (or \`npm run build\`) in ${join(__dirname, '..')}\n`);
    process.exitCode = 1;
    return;
  }
  import(pathToFileURL(bundle).href).then(({ main }) => main(command, process.argv.slice(2)));
};
