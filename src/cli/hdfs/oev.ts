// hdfs oev: an edit log segment as XML, as counts, or made again from its XML. Files of any size pass through: one record
// and one chunk are held at a time. Apache: OfflineEditsViewer.
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import type { EditLogEnd, EditRecord } from '../../format/edit-log/decoder.ts';
import { EDIT_LOG_LAYOUT_VERSION, EditEncoder, encodeEditLogHeader } from '../../format/edit-log/encoder.ts';
import { OP_CODES, opCodeOf } from '../../format/edit-log/op-table.ts';
import { readEditLog } from '../../format/edit-log/reader.ts';
import { formatElement, XML_DECLARATION, XmlRecordReader } from '../../format/edit-log/xml/element.ts';
import { recordElement, recordOfXml } from '../../format/edit-log/xml/records.ts';
import type { DiskFile, Host } from '../../host/host.ts';
import { absolutePath } from '../paths.ts';
import type { Terminal } from '../terminal.ts';
import { asksForHelp } from './help-word.ts';
import { fileChunks, fileText } from './input-file.ts';
import { type OptionRow, readOptions, requireOptions } from './option-table.ts';
import { OutputFile, openOutput } from './output-file.ts';

const USAGE = `Usage: hdfs oev [OPTIONS] -i INPUT_FILE -o OUTPUT_FILE
Shows an edit log file of a NameNode, or makes one.
 -i,--inputFilename F    what to read: XML when its name ends in .xml, otherwise an edit log
 -o,--outputFilename F   what to write; an existing file is overwritten
 -p,--processor NAME    xml (the default), binary (makes an edit log of XML), or stats (counts the operations)
 -f,--fix-txids         number the transactions without gaps, from the first one on
 -r,--recover           step over damaged parts of an edit log, and say where they were
 -v,--verbose           name the files, and write to the screen too
 -h,--help              this text
`;

/** What Hadoop's tools end with after an error: -1 as a process tells it. */
const FAILED = 255;

type LoggedOp = Pick<EditRecord, 'txid' | 'op'>;

interface Options {
  readonly input: string;
  readonly output: string;
  readonly processor: string;
  readonly fixTxids: boolean;
  readonly recover: boolean;
  readonly verbose: boolean;
}

const OPTIONS = [
  { short: 'o', long: 'outputFilename', takes: 'value', required: true },
  { short: 'i', long: 'inputFilename', takes: 'value', required: true },
  { short: 'p', long: 'processor', takes: 'value' },
  { short: 'f', long: 'fix-txids' },
  { short: 'r', long: 'recover' },
  { short: 'v', long: 'verbose' },
  { short: 'h', long: 'help' },
] as const satisfies readonly OptionRow[];

/** Answers undefined where only help is wanted. Throws HdfsError EINVAL. */
function parse(argv: readonly string[]): Options | undefined {
  const given = readOptions(OPTIONS, argv);
  if (given.has('h')) return undefined;
  requireOptions(OPTIONS, given);
  return {
    input: given.value('i') ?? '',
    output: given.value('o') ?? '',
    processor: (given.value('p') ?? 'xml').toLowerCase(),
    fixTxids: given.has('f'),
    recover: given.has('r'),
    verbose: given.has('v'),
  };
}

export async function runOev(host: Host, terminal: Terminal, argv: readonly string[]): Promise<number> {
  const { stdout, stderr } = terminal;
  let options: Options | undefined;
  try {
    options = argv.length === 0 || asksForHelp(argv) ? undefined : parse(argv);
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    stdout.write(`Error parsing command-line options: ${error.message}\n${USAGE}`);
    return FAILED;
  }
  if (options === undefined) {
    stdout.write(USAGE);
    return argv.length > 1 ? FAILED : 0;
  }
  const { input, output, processor, verbose } = options;
  if (verbose) stdout.write(`input  [${input}]\noutput [${output}]\n`);
  const xml = input.toLowerCase().endsWith('.xml');
  if (processor === (xml ? 'xml' : 'binary')) {
    const [what, by] = xml ? ['XML', 'XML'] : ['Binary', 'Binary'];
    stderr.write(`${what} format input file is not allowed to be processed by ${by} processor.\n`);
    return FAILED;
  }
  try {
    const from = await host.disk.open(absolutePath(input, terminal.cwd), 'r');
    try {
      await convert(host, terminal, options, xml, from);
    } finally {
      await from.close();
    }
    return 0;
  } catch (error) {
    if (!(error instanceof HdfsError || error instanceof ProtocolError || isDiskError(error))) throw error;
    stderr.write(`Encountered exception. Exiting: ${messageOf(error)}\n`);
    return FAILED;
  }
}

const isDiskError = (error: unknown): error is Error => error instanceof Error && error.name === 'DiskError';

async function convert(host: Host, terminal: Terminal, options: Options, xml: boolean, from: DiskFile): Promise<void> {
  const { processor, output, verbose } = options;
  const make = VISITORS[processor];
  if (make === undefined) {
    throw new HdfsError('EINVAL', `Unknown processor ${processor} (valid processors: xml, binary, stats)`);
  }
  const file = await openOutput(host.disk, absolutePath(output, terminal.cwd), absolutePath(options.input, terminal.cwd));
  const out = new OutputFile(file, verbose ? terminal : undefined);
  try {
    const visitor = make(out);
    let next: number | undefined;
    const visit = async ({ txid, op }: LoggedOp): Promise<void> => {
      if (options.fixTxids) next = next === undefined ? Math.max(txid, 1) : next + 1;
      await visitor.visit({ txid: next ?? txid, op });
    };
    try {
      if (xml) await loadXml(from, visitor, visit);
      else await loadBinary(from, visitor, visit, options.recover, terminal);
    } catch (error) {
      visitor.close(messageOf(error));
      throw error;
    }
    visitor.close(undefined);
  } finally {
    await out.close();
  }
}

// ------------------------------------------------------------------------------------------------------------- reading

/** From `start` on, with a header in front where the file's own has been read already. */
async function* segment(file: DiskFile, start: number): AsyncGenerator<Uint8Array> {
  if (start > 0) yield encodeEditLogHeader();
  yield* fileChunks(file, start);
}

async function loadXml(file: DiskFile, visitor: Visitor, visit: (op: LoggedOp) => Promise<void>): Promise<void> {
  const reader = new XmlRecordReader();
  let started = false;
  const take = async (text: string): Promise<void> => {
    const records = reader.push(text);
    if (!started && reader.version !== undefined) {
      started = true;
      visitor.start(reader.version);
    }
    for (const record of records) await visit(recordOfXml(record));
  };
  for await (const text of fileText(file)) await take(text);
  reader.finish();
}

async function loadBinary(
  file: DiskFile,
  visitor: Visitor,
  visit: (op: LoggedOp) => Promise<void>,
  recover: boolean,
  terminal: Terminal,
): Promise<void> {
  visitor.start(EDIT_LOG_LAYOUT_VERSION);
  for (let start = 0; ; ) {
    const records = readEditLog(segment(file, start));
    let end: EditLogEnd;
    for (;;) {
      const batch = await records.next();
      if (batch.done === true) {
        end = batch.value;
        break;
      }
      for (const record of batch.value) await visit(record);
    }
    if (end.kind === 'clean') return;
    if (end.kind === 'empty') throw new ProtocolError(`${file.path}: ${end.reason}`);
    const shift = start === 0 ? 0 : start - encodeEditLogHeader().length;
    const at = end.offset + shift;
    const what = `${file.path}: ${end.reason}, at position ${at}`;
    // Without a header nothing says where records begin.
    if (!recover || at === 0) throw new ProtocolError(what);
    const next = end.kind === 'torn' ? undefined : end.next;
    terminal.stderr.write(`${what}; going on ${next === undefined ? 'is not possible' : `at ${next.offset + shift}`}\n`);
    if (next === undefined) return;
    start = next.offset + shift;
  }
}

// ------------------------------------------------------------------------------------------------------------- writing

interface Visitor {
  start(version: number): void;
  visit(op: LoggedOp): Promise<void>;
  /** `error`: why it ends before the end. */
  close(error: string | undefined): void;
}

const VISITORS: Readonly<Record<string, ((out: OutputFile) => Visitor) | undefined>> = {
  xml: (out) => {
    out.put(`${XML_DECLARATION}<EDITS>\n`);
    return {
      start: (version) => out.put(formatElement({ name: 'EDITS_VERSION', content: String(version) }, 1)),
      visit: (op) => {
        out.put(formatElement(recordElement(op), 1));
        return out.flush();
      },
      close: (error) => {
        out.put('</EDITS>\n');
        if (error !== undefined) out.put(formatElement({ name: 'ERROR', content: error }, 0));
      },
    };
  },
  binary: (out) => {
    const encoder = new EditEncoder();
    out.put(encodeEditLogHeader());
    return {
      start: () => undefined,
      visit: ({ txid, op }) => {
        encoder.encode(txid, op);
        out.put(encoder.bytes());
        encoder.reset();
        return out.flush();
      },
      close: () => undefined,
    };
  },
  stats: (out) => {
    const counts = new Map<number, number>();
    let layout = EDIT_LOG_LAYOUT_VERSION;
    return {
      start: (version) => {
        layout = version;
      },
      visit: async ({ op }) => {
        const code = opCodeOf(op);
        counts.set(code, (counts.get(code) ?? 0) + 1);
      },
      close: (error) => {
        out.put(`    ${'VERSION'.padEnd(30)}      : ${layout}\n`);
        for (const [name, code] of [...OP_CODES, ['INVALID', -1] as const]) {
          const label = `OP_${name}`.slice(0, 30).padEnd(30);
          out.put(`    ${label} (${String(code).padStart(3)}): ${counts.get(code) ?? 0}\n`);
        }
        if (error !== undefined) out.put(`EXITING ON ERROR: ${error}\n`);
      },
    };
  },
};
