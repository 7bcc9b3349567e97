// Starts one of the commands from its bundle. CommonJS, because it has to run before the module loader starts the thread
// pool, whose size cannot be changed afterwards: a hung disk must not take the threads of the others.
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** Words that start a server. Where one is only the name of a file, the larger bundle does the same, a little later. */
const SERVERS = new Set(['dev', 'namenode', 'secondarynamenode', 'datanode', 'httpfs', 'oiv']);

/**
 * V8's settings, before code is compiled or taken from its cache. What a server makes dies young, and threads that look for what
 * has not take more processor time than they spare: a twentieth of a NameNode's create. Most of that is calls of small functions,
 * and it takes a tenth less where V8 puts more of them into their callers; a DataNode, which does more in the kernel, gains
 * nothing and has more to compile.
 */
function tune(argv) {
  const { setFlagsFromString } = require('node:v8');
  setFlagsFromString('--no-parallel-scavenge');
  if (!argv.includes('namenode')) return;
  setFlagsFromString('--max-inlined-bytecode-size=1000');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');
}

module.exports = (command) => {
  const argv = process.argv.slice(2);
  const serves = argv.some((word) => SERVERS.has(word));
  process.env.UV_THREADPOOL_SIZE ??= serves ? '128' : '8';
  if (serves) tune(argv);
  require('node:module').enableCompileCache?.();
  const bundle = join(__dirname, '../dist', serves ? 'daemons.mjs' : 'tuskfs.mjs');
  if (!existsSync(bundle)) {
    process.stderr.write(`${command}: not built yet; run \`npm ci\` (or \`npm run build\`) in ${join(__dirname, '..')}\n`);
    process.exitCode = 1;
    return;
  }
  import(pathToFileURL(bundle).href).then(({ main }) => main(command, argv));
};
