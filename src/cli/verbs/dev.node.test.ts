// If this failed, `tuskfs dev --memory` would not start from nothing, or would leave data behind in memory.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeHost } from '../../host/node/index.ts';
import { testTerminal } from '../testing.ts';
import { runTuskfs } from '../tuskfs.ts';

const host = nodeHost({ logLevel: 'error' });
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-memory-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Ready {
  readonly event: string;
  readonly uri: string;
  readonly conf: string;
  readonly data: string;
  readonly datanodes: readonly unknown[];
}

/** Starts a cluster that keeps nothing, uses it and stops it; answers what it said when it was ready. */
async function lifetime(use: (ready: Ready) => Promise<void>): Promise<Ready> {
  // Below the range that outgoing connections take their ports from; where one is taken, another run of ports is tried.
  for (let tries = 0; ; tries++) {
    const terminal = testTerminal(directory);
    const basePort = String(12_000 + host.random.below(20_000));
    const words = ['dev', '--memory', '--datanodes', '1', '--base-port', basePort];
    let over = false;
    const running = runTuskfs(() => host, terminal, words).finally(() => {
      over = true;
    });
    let said = '';
    while (!over && !said.endsWith('\n')) {
      said += terminal.stdout.take();
      await host.clock.sleep(5);
    }
    if (said === '') {
      const code = await running;
      const why = terminal.stderr.take();
      if (!why.includes('is taken') || tries === 5) throw new Error(`ended with ${code}: ${why}`);
      continue;
    }
    const ready = JSON.parse(said) as Ready;
    try {
      await use(ready);
    } finally {
      terminal.interrupt();
    }
    expect(await running).toBe(0);
    return ready;
  }
}

const tuskfs = (conf: string, ...args: string[]) => command('--config', conf, ...args);

async function command(...words: string[]) {
  const terminal = testTerminal(directory);
  const code = await runTuskfs(() => host, terminal, words);
  return { code, out: terminal.stdout.take(), err: terminal.stderr.take() };
}

test('a cluster in memory stores files, and nothing of it is left at its end', async () => {
  const first = await lifetime(async ({ event, uri, conf, data, datanodes }) => {
    expect(event).toBe('ready');
    expect(datanodes).toHaveLength(1);
    expect(existsSync(data)).toBe(true);
    expect(await tuskfs(conf, 'mkdir', '/kept')).toMatchObject({ code: 0, err: '' });
    expect(await tuskfs(conf, 'stat', '/kept')).toMatchObject({ code: 0 });
    // A path may say itself in which cluster it lies; one of another cluster is not looked for in this one.
    expect(await command('stat', `${uri}/kept`)).toMatchObject({ code: 0, err: '' });
    expect(await command('ls', `${uri}/ke*`, `${uri}/`)).toMatchObject({ code: 0, err: '' });
    const elsewhere = await command('rm', '-r', `${uri}/kept`, 'hdfs://localhost:1/kept');
    expect(elsewhere).toMatchObject({ code: 2, out: '' });
    expect(elsewhere.err).toContain('Wrong FS: hdfs://localhost:1/kept');
    // Whatever cluster the configuration names.
    expect(await tuskfs(conf, 'rm', '-r', 'hdfs://localhost:1/kept')).toMatchObject({ code: 5, out: '' });
    // What is added goes to the end, and what is cut off is gone.
    writeFileSync(join(directory, 'part'), 'a line\n');
    expect(await tuskfs(conf, 'append', 'part', 'part', '/kept/lines')).toMatchObject({ code: 0, err: '' });
    expect(await tuskfs(conf, 'cat', '/kept/lines')).toMatchObject({ code: 0, out: 'a line\na line\n' });
    expect(await tuskfs(conf, 'truncate', '9', '/kept/lines')).toMatchObject({ code: 0, err: '' });
    expect(await tuskfs(conf, 'cat', '/kept/lines')).toMatchObject({ code: 0, out: 'a line\na ' });
    expect(await tuskfs(conf, 'append', 'part', '/kept/lines')).toMatchObject({ code: 0 });
    expect(await tuskfs(conf, 'cat', '/kept/lines')).toMatchObject({ code: 0, out: 'a line\na a line\n' });
    expect(await tuskfs(conf, 'append', 'absent', '/kept/lines')).toMatchObject({ code: 3 });
    expect(await tuskfs(conf, 'truncate', '-1', '/kept/lines')).toMatchObject({ code: 2 });
  });
  expect(existsSync(join(first.data, '..'))).toBe(false);
  const second = await lifetime(async ({ conf }) => {
    expect(await tuskfs(conf, 'stat', '/kept')).toMatchObject({ code: 3 });
  });
  expect(second.data).not.toBe(first.data);
  expect(existsSync(join(second.data, '..'))).toBe(false);
  // Nor in the place where a cluster that stays has its data.
  expect(existsSync(join(directory, '.tuskfs'))).toBe(false);
});
