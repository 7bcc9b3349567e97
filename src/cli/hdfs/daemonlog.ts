// hadoop daemonlog -getlevel|-setlevel HOST:PORT NAME [LEVEL]: asks a daemon's /logLevel page. Apache: LogLevel.
import { HdfsError } from '../../base/errors.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';
import { readPage } from './http-page.ts';

const FAILED = 255;
const MAX_PAGE_BYTES = 1024 * 1024;
/** Begins each line of the page that is a result. */
const RESULT = '<!-- OUTPUT -->';

const USAGE = [
  '',
  'Usage: Command options are:',
  '\t[-getlevel <host:port> <classname> [-protocol (http|https)]',
  '\t[-setlevel <host:port> <classname> <level> [-protocol (http|https)]',
  '',
  '',
].join('\n');

/** Address of the page that answers; undefined: the words are wrong. */
function parse(args: readonly string[]): string | undefined {
  let asked: readonly string[] | undefined;
  let protocol: string | undefined;
  for (let at = 0; at < args.length; ) {
    const word = args[at++];
    if (word === '-getlevel' || word === '-setlevel') {
      const count = word === '-getlevel' ? 2 : 3;
      if (asked !== undefined || at + count > args.length) return undefined;
      asked = args.slice(at, at + count);
      at += count;
    } else if (word === '-protocol') {
      if (protocol !== undefined || (args[at] !== 'http' && args[at] !== 'https')) return undefined;
      protocol = args[at++];
    } else return undefined;
  }
  const [address, name, level] = asked ?? [];
  if (address === undefined || name === undefined) return undefined;
  const query = `log=${encodeURIComponent(name)}${level === undefined ? '' : `&level=${encodeURIComponent(level)}`}`;
  return `${protocol ?? 'http'}://${address}/logLevel?${query}`;
}

export async function runDaemonLog(host: Host, terminal: Terminal, args: readonly string[]): Promise<number> {
  const url = parse(args);
  if (url === undefined) {
    terminal.stderr.write(USAGE);
    return FAILED;
  }
  terminal.stdout.write(`Connecting to ${url}\n`);
  const { status, text } = await readPage(host, url, { maxBytes: MAX_PAGE_BYTES });
  if (status !== 200) throw new HdfsError('EIO', `Server returned HTTP response code: ${status} for URL: ${url}`);
  for (const line of text.split('\n')) {
    if (line.startsWith(RESULT)) terminal.stdout.write(`${line.replaceAll(/<[^>]*>/g, '')}\n`);
  }
  return 0;
}
