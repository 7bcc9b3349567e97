// hdfs oiv: an image of the namespace as XML, as tables, as counts of file sizes or over WebHDFS, and made again from its XML.
// Apache: OfflineImageViewerPB.

import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { Configuration } from '../../config/configuration.ts';
import { ImageSections } from '../../format/fsimage/image-sections.ts';
import { reverseImage } from '../../format/fsimage/reverse/reverser.ts';
import { writeCorruption } from '../../format/fsimage/views/corruption.ts';
import { writeDelimited } from '../../format/fsimage/views/delimited.ts';
import { tooManyIntervals, writeFileDistribution } from '../../format/fsimage/views/file-distribution.ts';
import type { TreeStore } from '../../format/fsimage/views/tree-store.ts';
import { writeImageXml } from '../../format/fsimage/views/xml.ts';
import { formatDigest } from '../../format/storage/digest.ts';
import type { Address, Host } from '../../host/host.ts';
import { absolutePath, nameOf } from '../paths.ts';
import { formatMinute, type Terminal } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { asksForHelp } from './help-word.ts';
import { fileText } from './input-file.ts';
import { type GivenOptions, type OptionRow, readOptions, requireOptions } from './option-table.ts';
import { OutputFile, openOutput } from './output-file.ts';
import { serve } from './roles.ts';
import { withTreeStore } from './tree-files.ts';
import { javaWhole, WrongWord } from './words.ts';

const USAGE = `Usage: hdfs oiv [OPTIONS] -i INPUT_FILE -o OUTPUT_FILE
Shows an image of the namespace without a NameNode, or makes one.
 -i,--inputFile FILE    the image, or the XML of one
 -o,--outputFile FILE   what to write; an existing file is overwritten. Without it: the screen
 -p,--processor NAME    XML: everything that stands in the image
                        ReverseXML: an image of such XML, with its .md5 file
                        Delimited: a line for each file and directory
                        DetectCorruption: a line for each inode that is missing, or misses a child
                        FileDistribution: how many files have which size
                        Web: serves the image over WebHDFS, for reading only, until it is interrupted (the default)
 -addr HOST:PORT        Web: where to listen (localhost:5978)
 -maxSize BYTES         FileDistribution: largest size of its own step (128 GiB)
 -step BYTES            FileDistribution: bytes of a step (2 MiB)
 -format                FileDistribution: sizes with units
 -delimiter TEXT        Delimited, DetectCorruption: what stands between two fields (a tab)
 -sp                    Delimited: with storage policies
 -ec                    Delimited: with erasure coding policies
 -t,--temp DIR          Delimited, DetectCorruption: keep the tree in files of DIR, which is made for it and removed
                        afterwards, rather than in memory
 -m,--multiThread N     taken and not needed
 -h,--help              this text
`;

/** What Hadoop's tools end with after an error: -1 as a process tells it. */
const FAILED = 255;
/** Of a value that Java does not take: nobody catches its exception. */
const UNCAUGHT = 1;
/** Apache ends so where an image cannot be made. */
const REVERSE_FAILED = 1;
const DEFAULT_ADDRESS = 'localhost:5978';

const OPTIONS = [
  { short: 'i', long: 'inputFile', takes: 'value', required: true },
  { short: 'o', long: 'outputFile', takes: 'value' },
  { short: 'p', long: 'processor', takes: 'value' },
  { short: 'h', long: 'help' },
  { short: 'maxSize', takes: 'value' },
  { short: 'step', takes: 'value' },
  { short: 'format' },
  { short: 'addr', takes: 'value' },
  { short: 'delimiter', takes: 'value' },
  { short: 'sp' },
  { short: 'ec' },
  { short: 't', long: 'temp', takes: 'value' },
  { short: 'm', long: 'multiThread', takes: 'value' },
] as const satisfies readonly OptionRow[];

type Options = GivenOptions<(typeof OPTIONS)[number]['short']>;

interface Run {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly options: Options;
  /** Absolute path. */
  readonly input: string;
}

type Processor = (run: Run) => Promise<number>;

const PROCESSORS: Readonly<Record<string, Processor>> = {
  XML: view((image, sink) => writeImageXml(image, sink, `tuskfs-${VERSION}`)),
  FILEDISTRIBUTION: async (run) => {
    const { options } = run;
    const shape = {
      maxSize: wholeNumber(options.value('maxSize') ?? '0', 64),
      step: wholeNumber(options.value('step') ?? '0', 32),
      format: options.has('format'),
    };
    const tooMany = tooManyIntervals(shape);
    if (tooMany !== undefined) throw new WrongWord(tooMany, 'IllegalStateException');
    return await view((image, sink) => writeFileDistribution(image, sink, shape))(run);
  },
  DELIMITED: view((image, sink, run) => {
    const { options, terminal } = run;
    const shape = {
      delimiter: options.value('delimiter') ?? '\t',
      storagePolicy: options.has('sp'),
      erasureCodingPolicy: options.has('ec'),
      formatTime: (ms: number) => formatMinute(terminal.localTime(ms)),
    };
    return withTree(run, (store) => writeDelimited(image, sink, shape, store));
  }),
  DETECTCORRUPTION: view((image, sink, run) =>
    withTree(run, (store) => writeCorruption(image, sink, run.options.value('delimiter') ?? '\t', store)),
  ),
  REVERSEXML: reverse,
  WEB: web,
};

function withTree(run: Run, work: (store: TreeStore) => Promise<void>): Promise<void> {
  const directory = run.options.value('t');
  return withTreeStore(run.host.disk, directory === undefined ? undefined : absolutePath(directory, run.terminal.cwd), work);
}

/** Throws WrongWord. What is below 0 counts as 0, which stands for the usual. */
function wholeNumber(text: string, bits: 32 | 64): bigint {
  const value = javaWhole(text, bits);
  return value < 0n ? 0n : value;
}

export async function runOiv(host: Host, terminal: Terminal, argv: readonly string[]): Promise<number> {
  const { stdout, stderr } = terminal;
  let options: Options;
  try {
    options = readOptions(OPTIONS, argv.length === 0 || asksForHelp(argv) ? ['-h'] : argv);
    if (!options.has('h')) requireOptions(OPTIONS, options);
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    stdout.write(`Error parsing command-line options: ${error.message}\n${USAGE}`);
    return FAILED;
  }
  if (options.has('h')) {
    stdout.write(USAGE);
    return argv.length > 1 ? FAILED : 0;
  }
  const name = options.value('p') ?? 'Web';
  const processor = Object.hasOwn(PROCESSORS, name.toUpperCase()) ? PROCESSORS[name.toUpperCase()] : undefined;
  if (processor === undefined) {
    stderr.write(`Invalid processor specified : ${name}\n`);
    stdout.write(USAGE);
    return FAILED;
  }
  try {
    // Taken and not needed, but a number all the same.
    javaWhole(options.value('m') ?? '1', 32);
    return await processor({ host, terminal, options, input: absolutePath(options.value('i') ?? '', terminal.cwd) });
  } catch (error) {
    if (error instanceof WrongWord) {
      stderr.write(`java.lang.${error.javaClass}: ${error.message}\n`);
      return UNCAUGHT;
    }
    if (!isExpected(error)) throw error;
    stderr.write(`Encountered exception.  Exiting: ${messageOf(error)}\n`);
    return FAILED;
  }
}

function isExpected(error: unknown): boolean {
  const isDisk = error instanceof Error && error.name === 'DiskError';
  return error instanceof HdfsError || error instanceof ProtocolError || isDisk;
}

async function withImage<T>({ host, input }: Run, work: (image: ImageSections) => Promise<T>): Promise<T> {
  const file = await host.disk.open(input, 'r');
  try {
    return await work(await ImageSections.read(file, (await file.stat()).size));
  } finally {
    await file.close();
  }
}

function view(show: (image: ImageSections, sink: OutputFile, run: Run) => Promise<void>): Processor {
  return (run) =>
    withImage(run, async (image) => {
      const { host, terminal, options } = run;
      const name = options.value('o') ?? '-';
      const sink =
        name === '-'
          ? new OutputFile(undefined, terminal)
          : new OutputFile(await openOutput(host.disk, absolutePath(name, terminal.cwd), run.input), undefined);
      try {
        await show(image, sink, run);
      } finally {
        await sink.close();
      }
      return 0;
    });
}

async function reverse({ host, terminal, options, input }: Run): Promise<number> {
  const name = options.value('o');
  if (name === undefined || name === '-') throw new HdfsError('EINVAL', 'ReverseXML needs a file to write: -o FILE');
  const path = absolutePath(name, terminal.cwd);
  const digest = `${path}.md5`;
  try {
    const file = await host.disk.open(input, 'r');
    try {
      const sink = new OutputFile(await openOutput(host.disk, path, input), undefined);
      let md5: string;
      try {
        // One of another image would speak against this one.
        if (await host.disk.exists(digest)) await host.disk.unlink(digest);
        md5 = await reverseImage(fileText(file), sink);
      } finally {
        await sink.close();
      }
      await host.disk.writeFileAtomic(digest, formatDigest({ md5, fileName: nameOf(path) }));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!isExpected(error)) throw error;
    terminal.stderr.write(`OfflineImageReconstructor failed: ${messageOf(error)}\n`);
    return REVERSE_FAILED;
  }
  return 0;
}

function web(run: Run): Promise<number> {
  const { host, terminal, options } = run;
  const address = parseAddress(options.value('addr') ?? DEFAULT_ADDRESS);
  return withImage(run, async (image) => {
    // Before it is waited for: what hinders it is the viewer's to tell.
    const server = await terminal.launcher().serveImage(host, image, address).catch(refused);
    return await serve(host, terminal, new Configuration(), 'oiv', () => {
      const { port } = server.address;
      terminal.stderr.write(`WebImageViewer started. Listening on ${address.host}:${port}. Press Ctrl+C to stop the viewer.\n`);
      return Promise.resolve(() => server.close());
    });
  });
}

/** Of an address on which nobody can listen. */
function refused(error: unknown): never {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string' || !/^E[A-Z]/.test(code)) throw error;
  throw new HdfsError('EIO', messageOf(error), { cause: error });
}

function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (match === null) throw new WrongWord(`Does not contain a valid host:port authority: ${text}`);
  if (Number(match[3]) > 65_535) throw new WrongWord(`port out of range:${match[3]}`);
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) };
}
