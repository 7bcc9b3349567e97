// Programs and what comes of them, started by the C library and by Node alike.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import type { CommandResult } from '../host.ts';
import { nodeCommands, result } from './commands.ts';
import { kernelLibrary } from './kernel-library.ts';
import { forked, type Program, spawned } from './programs.ts';

test('the C library starts them where it can be called', async () => {
  expect((await spawned()) !== forked).toBe(kernelLibrary() !== false);
});

describe.each(['by the C library', 'by Node'])('%s', (how) => {
  let start: (file: string, args: readonly string[]) => Promise<Program>;
  beforeAll(async () => {
    start = how === 'by Node' ? forked : await spawned();
  });
  const run = async (file: string, args: readonly string[], timeoutMs?: number, input = ''): Promise<CommandResult> =>
    result(await start(file, args), file, timeoutMs, input);
  const sh = (script: string, timeoutMs?: number, input?: string) => run('sh', ['-c', script], timeoutMs, input);

  test('no shell reads the arguments', async () => {
    expect(await run('echo', ['$HOME; ls', '', 'ä'])).toEqual({ exitCode: 0, stdout: '$HOME; ls  ä\n', stderr: '' });
  });

  test('input, both outputs, the exit code and the environment come through', async () => {
    const long = 'x'.repeat(300_000);
    expect((await run('cat', [], undefined, long)).stdout).toBe(long);
    expect(await sh('echo out; echo err >&2; exit 7')).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
    expect((await sh('echo "$PATH"')).stdout.trim()).toBe(process.env.PATH);
    expect((await sh('kill -KILL $$')).exitCode).toBe(128);
    expect((await run('true', [], undefined, long)).exitCode).toBe(0);
  });

  test('many run at once', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => sh(`echo ${i}; exit ${i}`)));
    expect(results).toEqual(Array.from({ length: 20 }, (_, i) => ({ exitCode: i, stdout: `${i}\n`, stderr: '' })));
  });

  test('signals mean what they mean by default, and files of ours stay ours', async () => {
    expect(await sh('kill -PIPE $$; echo alive')).toEqual({ exitCode: 128, stdout: '', stderr: '' });
    const file = fs.openSync(fileURLToPath(import.meta.url), 'r');
    const open = await sh('ls -l /proc/$$/fd');
    fs.closeSync(file);
    expect(open.stdout).not.toContain('programs.node.test');
  });

  test('what cannot be started is said', async () => {
    await expect(run('/no/such/program', [])).rejects.toMatchObject({ code: 'EIO', message: /cannot run .*ENOENT/ });
    await expect(run('/etc', [])).rejects.toMatchObject({ code: 'EIO', message: /EACCES/ });
  });

  test('what runs too long or writes too much is stopped, and what it has started is not waited for', async () => {
    await expect(run('sleep', ['60'], 20)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(sh('sleep 60 & wait', 50)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(sh('while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done')).rejects.toThrow(
      /wrote more than/,
    );
  });
});

test('the commands of the host are these', async () => {
  expect(await nodeCommands.run('cat', [], { input: 'abc' })).toEqual({ exitCode: 0, stdout: 'abc', stderr: '' });
  await expect(nodeCommands.run('sleep', ['60'], { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  await expect(nodeCommands.run('echo', ['a\0b'])).rejects.toThrow();
  await expect(nodeCommands.run('/no/such/program', [])).rejects.toBeInstanceOf(HdfsError);
});
