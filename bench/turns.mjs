// Loaded into a process of ours (`node --import`) beside what is measured: how long its main thread is busy without looking at
// anything else, in its own CPU time, so that what other processes do meanwhile does not count. Somebody who connects to the
// socket TUSKFS_BENCH_TURNS is told the longest turns since it was asked last, and the longest collection of garbage.
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { PerformanceObserver } from 'node:perf_hooks';

const LOOK_MS = 1;
const KEPT = 5;
const path = process.env.TUSKFS_BENCH_TURNS;

/** Nanoseconds on a processor, of the main thread alone. */
const cpu = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ', 1)[0]);

function watchTurns() {
  let longest = [];
  let collection = 0;
  let before = cpu();
  const look = () => {
    const now = cpu();
    const ms = (now - before) / 1e6;
    before = now;
    if (longest.length < KEPT || ms > longest.at(-1).ms) {
      longest.push({ ms: Number(ms.toFixed(1)), atMs: Math.round(performance.now()) });
      longest = longest.sort((a, b) => b.ms - a.ms).slice(0, KEPT);
    }
    setTimeout(look, LOOK_MS).unref();
  };
  look();
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) collection = Math.max(collection, duration);
  }).observe({ entryTypes: ['gc'] });
  rmSync(path, { force: true });
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(JSON.stringify({ longest, collectionMs: Math.round(collection) }));
    longest = [];
    collection = 0;
  })
    .listen(path)
    .unref();
}

if (path !== undefined) watchTurns();
