// How cost grows from ten thousand to ten million files of one block: memory of the NameNode, CPU time of a start, of an
// image, of a lookup, and the longest turn of our main thread (its own CPU time) in each. Nothing may grow faster than the
// number of files, and no turn with it.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { chosenSystems, measure, option, scratch, word } from './common.mjs';
import { bytes, Caller } from './load.mjs';
import { NameNode } from './namenode.mjs';
import { longestTurn, turnsWatched } from './waits.mjs';

const sizes = word('sizes', '10000,100000,1000000,10000000').split(',').map(Number);
const lookups = option('lookups', 20_000);
const IN_FLIGHT = 64;
const PER_DIRECTORY = 100;

const pad = (value, width) => String(value).padStart(width, '0');
const pathOf = (file) => `/data/day-${pad(Math.floor(file / PER_DIRECTORY), 7)}/part-${pad(file % PER_DIRECTORY, 5)}`;

/** Asks for the status of files all over the tree. */
async function lookUp(address, files) {
  const caller = await Caller.open(address, 'hdfs');
  let left = lookups;
  const one = async () => {
    for (; left > 0; left--) await caller.call('getFileInfo', bytes(1, pathOf(Math.floor(Math.random() * files))));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  caller.close();
}

async function measured(system, files) {
  const dir = scratch(`growth-${system.name}`);
  const isOurs = system.name !== 'apache';
  const socket = join(dir, 'turns.sock');
  const turn = () => (isOurs ? longestTurn(socket) : undefined);
  const namenode = new NameNode(system, dir);
  namenode.fill(files, 1);
  const running = await namenode.launch(isOurs ? turnsWatched(socket) : {});
  try {
    const start = running.cpuSeconds;
    const startTurn = await turn();
    const rss = running.rssMib();
    let before = running.cpuNow();
    await lookUp(namenode.address, files);
    const lookup = ((running.cpuNow() - before) * 1e6) / lookups;
    await turn();
    before = running.cpuNow();
    await namenode.saveNamespace();
    return { rss, start, lookup, save: running.cpuNow() - before, startTurn, saveTurn: await turn() };
  } finally {
    await running.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

for (const files of sizes) {
  const figure = (name, of) => ({ row: 23, figure: name, better: 'less', of });
  await measure(
    chosenSystems(''),
    `${files} files × 1 block`,
    [
      figure('RSS, MiB', ({ rss }) => rss),
      figure('start, CPU s', ({ start }) => start),
      figure('image, CPU s', ({ save }) => save),
      figure('getFileInfo, CPU µs', ({ lookup }) => lookup),
      figure('start: turn, CPU ms', ({ startTurn }) => startTurn),
      figure('image: turn, CPU ms', ({ saveTurn }) => saveTurn),
    ],
    (system) => measured(system, files),
    1,
  );
}
