// Runs a program with its arguments as they are: no shell reads them, so no name can turn into a command.
import { spawn } from 'node:child_process';
import { HdfsError } from '../../base/errors.ts';
import type { Commands } from '../host.ts';

/** Most output that is kept of one stream; a program that writes more is stopped. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export const nodeCommands: Commands = {
  run(file, args, options = {}) {
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, { shell: false, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
      const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      let bytes = 0;
      let failure: HdfsError | undefined;
      const stop = (error: HdfsError): void => {
        failure ??= error;
        child.kill('SIGKILL');
      };
      const timer =
        options.timeoutMs === undefined
          ? undefined
          : setTimeout(
              () => stop(new HdfsError('ETIMEDOUT', `${file} ran longer than ${options.timeoutMs} ms`)),
              Math.min(options.timeoutMs, 0x7fff_ffff),
            );
      const collect = (into: Buffer[]) => (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_OUTPUT_BYTES) stop(new HdfsError('EIO', `${file} wrote more than ${MAX_OUTPUT_BYTES} bytes`));
        else into.push(chunk);
      };
      child.stdout.on('data', collect(output.stdout));
      child.stderr.on('data', collect(output.stderr));
      // A program may end without reading its input.
      child.stdin.on('error', () => child.stdin.destroy());
      child.on('error', (cause) => {
        clearTimeout(timer);
        reject(new HdfsError('EIO', `cannot run ${file}: ${cause.message}`, { cause }));
      });
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        if (failure !== undefined) reject(failure);
        else {
          resolve({
            exitCode: code ?? (signal === null ? 1 : 128),
            stdout: Buffer.concat(output.stdout).toString('utf8'),
            stderr: Buffer.concat(output.stderr).toString('utf8'),
          });
        }
      });
      child.stdin.end(options.input ?? '');
    });
  },
};
