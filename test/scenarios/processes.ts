// Real daemons under a test: the program as bin/hdfs runs it, built from the sources, each daemon a process with a log.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { formatConfigurationXml } from '../../src/config/xml.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** How long anything may take that has to happen. */
// A recovery that fails is begun again after half a minute, as Hadoop’s; two may fail.
export const PATIENCE_MS = 100_000;

export class Daemon {
  readonly role: string;
  private readonly file: string;
  readonly arguments: readonly string[];
  readonly registered: RegExp;
  private readonly logFile: string;
  private process: ChildProcess | undefined;

  private stopped = false;

  constructor(role: string, args: readonly string[], registered: RegExp, logFile: string, file = process.execPath) {
    this.role = role;
    this.file = file;
    this.arguments = args;
    this.registered = registered;
    this.logFile = logFile;
  }

  start(): void {
    const output = openSync(this.logFile, 'w');
    this.process = spawn(this.file, this.arguments, { stdio: ['ignore', output, output] });
    closeSync(output);
    this.stopped = false;
  }

  get running(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  get log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  /** Something in its log that no fault around it explains: a broken assertion, a warning of Node.js. */
  get wrong(): string | undefined {
    const found = /^.*(?:AssertionError|\(node:\d+\) \w*Warning).*(?:\n.*){0,12}/m.exec(this.log);
    return found === null ? undefined : `${this.role} says: ${found[0]}`;
  }

  /** SIGSTOP: it stands still, and the kernel keeps its connections open. */
  stop(): void {
    if (!this.running) return;
    this.process?.kill('SIGSTOP');
    this.stopped = true;
  }

  continue(): void {
    if (this.stopped) this.process?.kill('SIGCONT');
    this.stopped = false;
  }

  /** Ends it with SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const { process: child } = this;
    if (child === undefined || !this.running) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  }

  /** Waits until it says that it serves. Throws when it ends before. */
  async serving(): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    while (!this.registered.test(this.log)) {
      if (!this.running && /already in use/.test(this.log) && performance.now() < until) {
        // A connection of somebody else on this machine was given our port as its own.
        await sleep(500);
        this.start();
      }
      if (!this.running) throw new Error(`${this.role} ended by itself:\n${this.log.slice(-4000)}`);
      if (performance.now() > until) throw new Error(`${this.role} does not serve:\n${this.log.slice(-4000)}`);
      await sleep(20);
    }
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((done) => server.close(done));
      if (address === null || typeof address === 'string') throw new Error('no port');
      return address.port;
    }),
  );
}

export type Property = readonly [key: string, value: string];

/** Writes the properties, of which later ones win, where a daemon reads them; gives the directory back. */
export function writeConfiguration(directory: string, properties: readonly Property[]): string {
  mkdirSync(directory, { recursive: true });
  for (const file of ['core-site.xml', 'hdfs-site.xml'])
    writeFileSync(join(directory, file), formatConfigurationXml(properties));
  return directory;
}

/** Runs the NameNode's command with `-format`. */
export async function formatNameNode(file: string, args: readonly string[]): Promise<void> {
  const child = spawn(file, [...args, '-format', '-nonInteractive'], { stdio: 'pipe' });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0) throw new Error(`formatting failed (${code}):\n${output}`);
}

/** The program as bin/hdfs runs it, built from the sources as they are now. */
export async function bundle(): Promise<string> {
  const directory = join(ROOT, 'node_modules/.cache/tuskfs');
  mkdirSync(directory, { recursive: true });
  const outfile = join(directory, `scenario-${process.pid}.mjs`);
  await build({
    stdin: {
      contents: `import { main } from './src/cli/main-daemons.ts'; await main('hdfs', process.argv.slice(2));`,
      resolveDir: ROOT,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@node-rs/crc32'],
    banner: { js: "import { createRequire as cr } from 'node:module'; const require = cr(import.meta.url);" },
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return outfile;
}
