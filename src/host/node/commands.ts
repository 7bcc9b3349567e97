// Runs a program with its arguments as they are: no shell reads them, so no name can turn into a command.
import type { Readable } from 'node:stream';
import { HdfsError } from '../../base/errors.ts';
import type { CommandResult, Commands } from '../host.ts';
import { type Program, startProgram } from './programs.ts';

/** Most output that is kept of one stream; a program that writes more is stopped. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export const nodeCommands: Commands = {
  async run(file, args, options = {}) {
    return result(await startProgram(file, args), file, options.timeoutMs, options.input ?? '');
  },
};

/** What came of a program that is given the input. Rejects when it runs longer than `timeoutMs`. */
export function result(program: Program, file: string, timeoutMs: number | undefined, input: string): Promise<CommandResult> {
  const { stdin, stdout, stderr } = program;
  return new Promise((resolve, reject) => {
    const stop = (error: unknown): void => {
      clearTimeout(timer);
      program.kill();
      // Programs that it has started may still hold the other ends.
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
      reject(error);
    };
    const tooLate = (): void => stop(new HdfsError('ETIMEDOUT', `${file} ran longer than ${timeoutMs} ms`));
    const timer = timeoutMs === undefined ? undefined : setTimeout(tooLate, Math.min(timeoutMs, 0x7fff_ffff));
    let bytes = 0;
    const collect = (stream: Readable): Promise<string> => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_OUTPUT_BYTES) stop(new HdfsError('EIO', `${file} wrote more than ${MAX_OUTPUT_BYTES} bytes`));
        else chunks.push(chunk);
      });
      return new Promise((done) => stream.on('close', () => done(Buffer.concat(chunks).toString('utf8'))));
    };
    for (const stream of [stdout, stderr]) stream.on('error', stop);
    // A program may end without reading its input.
    stdin.on('error', () => stdin.destroy());
    Promise.all([program.ended, collect(stdout), collect(stderr)]).then(([exitCode, out, err]) => {
      clearTimeout(timer);
      stdin.destroy();
      resolve({ exitCode, stdout: out, stderr: err });
    }, stop);
    stdin.end(input);
  });
}
